// The timeline of a trial as lengths and paths: requests as dots over time, the perturbation as a band, CPU and
// memory under it. Pure; drawing.js makes a picture of it.

import { kindOf } from "./trials.js";

export const MARGIN = { left: 52, right: 12, top: 18 };
export const PANELS = [{ name: "requests", height: 170 }, { name: "CPU", height: 64 }, { name: "memory", height: 64 }];
const GAP = 30;
const MOST_DOTS = 4000;
export const KINDS = { ok: "success", wrong: "wrong answer", error: "error status", none: "no answer" };

const finite = (value) => Number.isFinite(value);

/** Round steps that make about `wanted` ticks from `low` to `high`. */
export function ticks(low, high, wanted = 5) {
  const span = high - low;
  if (!(span > 0)) return [low];
  const rough = span / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough * 0.999);
  const result = [];
  for (let index = Math.ceil(low / step - 1e-9); index * step <= high + step * 1e-9; index += 1) {
    result.push(Number((index * step).toPrecision(12)));
  }
  return result;
}

/** All that are not ok, and of the others evenly so many that a browser can draw them. */
export function thinned(requests, most = MOST_DOTS) {
  if (requests.length <= most) return requests;
  const rare = requests.filter((each) => kindOf(each) !== "ok");
  const common = requests.filter((each) => kindOf(each) === "ok");
  const evenly = (all, wanted) => (all.length <= wanted ? all
    : Array.from({ length: Math.max(0, wanted) }, (_, index) => all[Math.floor((index * all.length) / wanted)]));
  const kept = evenly(rare, most);
  return [...kept, ...evenly(common, most - kept.length)];
}

/** From when to when a trial is shown: [ms, ms]. */
export function spanOf(trial, requests, samples) {
  const times = [...requests.map((each) => each.t_ms), ...trial.bands.flatMap((band) => [band.from, band.to])].filter(finite);
  if (times.length === 0) times.push(...samples.map((each) => each.t_ms).filter(finite));
  let low = Infinity;
  let high = -Infinity;
  for (const time of times) {
    low = Math.min(low, time);
    high = Math.max(high, time);
  }
  return low < high ? [low, high] : [finite(low) ? low : 0, (finite(low) ? low : 0) + 1000];
}

/** How long a request took in ms, never below what a logarithm can show. */
const tookOf = (request) => Math.max(0.1, (finite(request.total_us) ? request.total_us : 0) / 1000);

const point = (x, y) => `${x.toFixed(1)} ${y.toFixed(1)}`;
const MARKS = {
  ok: (x, y) => `M${point(x, y)}h0`,
  error: (x, y) => `M${point(x, y)}h0`,
  wrong: (x, y) => `M${point(x, y - 3.5)}l3.5 6h-7z`,
  none: (x, y) => `M${point(x - 3, y - 3)}l6 6m0-6l-6 6`,
};

function requestPanel(requests, panel, xOf) {
  let high = 10;
  let low = 10;
  for (const request of requests) {
    high = Math.max(high, tookOf(request));
    low = Math.min(low, tookOf(request));
  }
  const [bottom, top] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  const yOf = (ms) => panel.y + panel.height * (1 - (Math.log10(ms) - bottom) / Math.max(1, top - bottom));
  const marks = { ok: "", wrong: "", error: "", none: "" };
  const counts = { ok: 0, wrong: 0, error: 0, none: 0 };
  for (const request of requests) counts[kindOf(request)] += 1;
  for (const request of thinned(requests)) {
    const kind = kindOf(request);
    marks[kind] += MARKS[kind](xOf(request.t_ms), yOf(tookOf(request)));
  }
  const steps = Array.from({ length: top - bottom + 1 }, (_, index) => 10 ** (bottom + index));
  const word = (ms) => (ms >= 1000 ? `${ms / 1000} s` : `${ms} ms`);
  return { marks, counts, grid: steps.map((ms) => ({ y: yOf(ms), text: word(Number(ms.toPrecision(3))) })) };
}

function curvePanel(samples, panel, xOf, valueOf, word) {
  let high = 0;
  for (const sample of samples) high = Math.max(high, valueOf(sample));
  if (high === 0) high = 1;
  high *= 1.1;
  const steps = ticks(0, high, 2);
  const yOf = (value) => panel.y + panel.height * (1 - value / high);
  let path = "";
  let gap = true;
  for (const sample of samples) {
    const alive = sample.processes !== 0;
    if (alive) path += `${gap ? "M" : "L"}${point(xOf(sample.t_ms), yOf(valueOf(sample)))}`;
    gap = !alive; // the application is gone: the line breaks off
  }
  return { path, grid: steps.map((value) => ({ y: yOf(value), text: word(value) })) };
}

const share = (cores) => `${Math.round(cores * 100)} %`;
const mebi = (value) => `${Number((value / 1024 / 1024).toPrecision(3))} MiB`;
/** Ticks of memory are round in MiB. */
const MIB = 1024 * 1024;

/**
 * The scene of a trial in a drawing that is `width` wide:
 * {width, height, panels: [{name, y, height, grid}], bands: [{x, width}], marks, counts, cpu, memory, seconds: [{x, text}]}.
 */
export function timelineOf(trial, requests, samples, width) {
  const placed = requests.filter((each) => finite(each.t_ms));
  const [from, to] = spanOf(trial, placed, samples);
  const inner = Math.max(80, width - MARGIN.left - MARGIN.right);
  const xOf = (ms) => MARGIN.left + (inner * (Math.min(to, Math.max(from, ms)) - from)) / (to - from);
  const shown = samples.filter((each) => finite(each.t_ms) && each.t_ms >= from && each.t_ms <= to);
  let y = MARGIN.top;
  const panels = PANELS.map((panel) => {
    const placedPanel = { ...panel, y };
    y += panel.height + GAP;
    return placedPanel;
  });
  const dots = requestPanel(placed, panels[0], xOf);
  const cpu = curvePanel(shown, panels[1], xOf, (each) => (finite(each.cpu) ? each.cpu : 0), share);
  const memory = curvePanel(shown, panels[2], xOf, (each) => (finite(each.rss) ? each.rss / MIB : 0), (value) => mebi(value * MIB));
  [dots, cpu, memory].forEach((content, index) => { panels[index].grid = content.grid; });
  return {
    width, height: y, panels, marks: dots.marks, counts: dots.counts, cpu: cpu.path, memory: memory.path,
    bands: trial.bands.map((band) => ({ x: xOf(band.from), width: Math.max(1, xOf(band.to ?? to) - xOf(band.from)), open: band.to === null })),
    seconds: ticks(0, (to - from) / 1000, Math.max(2, Math.floor(inner / 90)))
      .map((second) => ({ x: xOf(from + second * 1000), text: `${second} s` })),
  };
}
