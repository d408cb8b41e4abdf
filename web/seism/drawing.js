// Matrix, facts and timeline of trials as nodes.

import { element, shape, table } from "./dom.js";
import { count, counted, duration, shownText } from "./shown.js";
import { KINDS, MARGIN, spanOf, timelineOf } from "./timeline.js";
import { colourOf, kindOf, matrixOf, notable, worstOf } from "./trials.js";

const verdict = (word) => element("span", { class: `verdict ${colourOf(word)}` }, shownText(word));
const name = (text) => element("bdi", {}, shownText(text));

/** `chosen`: the id of the trial that is shown; `choose(trial)` is called for another. */
export function matrixTable(trials, chosen, choose) {
  const { columns, rows } = matrixOf(trials);
  const cell = (members, proxy, column) => {
    if (members.length === 0) return element("td");
    const trial = worstOf(members);
    const node = element("button", {
      type: "button", class: `cell verdict ${trial.colour}`, "aria-pressed": String(members.some((each) => each.id === chosen)),
      "aria-label": `${shownText(proxy)}, ${shownText(column)}: ${shownText(trial.verdict)}`,
    }, shownText(trial.verdict));
    node.dataset.trial = trial.id;
    node.addEventListener("click", () => choose(trial));
    return element("td", {}, node);
  };
  return element("table", { class: "matrix" },
    element("caption", {}, "Back-ends (rows) and how they behaved (columns)"),
    element("thead", {}, element("tr", {}, element("th", { scope: "col" }, "back-end"),
      ...columns.map((column) => element("th", { scope: "col" }, name(column))))),
    element("tbody", {}, ...rows.map((row) => element("tr", {}, element("th", { scope: "row" }, name(row.proxy)),
      ...row.cells.map((members, index) => cell(members, row.proxy, columns[index]))))));
}

const TITLES = { requests: "requests: how long they took", CPU: "CPU of the application", memory: "memory of the application" };

function frame(scene, panel) {
  const right = scene.width - MARGIN.right;
  return shape("g", { class: "panel" },
    shape("text", { class: "title", x: MARGIN.left, y: panel.y - 6 }, TITLES[panel.name]),
    ...panel.grid.flatMap(({ y, text }) => [
      shape("line", { class: "grid", x1: MARGIN.left, x2: right, y1: y, y2: y }),
      shape("text", { class: "tick", x: MARGIN.left - 6, y: y + 4, "text-anchor": "end" }, text)]));
}

/** The picture of a trial; `width` in pixels. */
export function timeline(trial, requests, samples, width) {
  const scene = timelineOf(trial, requests, samples, width);
  const said = Object.entries(scene.counts).filter(([, number]) => number > 0)
    .map(([kind, number]) => `${count(number)} ${KINDS[kind]}`).join(", ");
  const end = scene.panels.at(-1).y + scene.panels.at(-1).height;
  return shape("svg", {
    class: "timeline", width: scene.width, height: scene.height, viewBox: `0 0 ${scene.width} ${scene.height}`, role: "img",
    "aria-label": `Requests over time: ${said || "none"}; perturbed ${counted(scene.bands.length, "time")}`,
  },
  ...scene.bands.map((band) => shape("rect", { class: "band", x: band.x, y: MARGIN.top, width: band.width, height: end - MARGIN.top })),
  ...scene.panels.map((panel) => frame(scene, panel)),
  ...scene.seconds.map(({ x, text }) => shape("text", { class: "tick", x, y: end + 16, "text-anchor": "middle" }, text)),
  shape("path", { class: "curve cpu", d: scene.cpu || "M0 0" }), shape("path", { class: "curve memory", d: scene.memory || "M0 0" }),
  ...Object.entries(scene.marks).filter(([, path]) => path).map(([kind, path]) => shape("path", { class: `dots ${kind}`, d: path })));
}

const sample = (kind) => shape("svg", { width: 14, height: 14, "aria-hidden": "true" }, shape("path", {
  class: `dots ${kind}`, d: { wrong: "M7 3.5l3.5 6h-7z", none: "M4 4l6 6m0-6l-6 6" }[kind] ?? "M7 7h0" }));
const legend = () => element("ul", { class: "legend" },
  ...Object.entries(KINDS).map(([kind, word]) => element("li", {}, sample(kind), " ", word)),
  element("li", {}, element("span", { class: "band-sample" }), " perturbed"));

function phases(trial) {
  const rows = ["before", "during", "after"].filter((phase) => trial.phases[phase]).map((phase) => {
    const facts = trial.phases[phase];
    const said = Object.entries(facts.outcomes ?? {}).map(([outcome, number]) => `${count(number)} ${shownText(outcome)}`).join(", ");
    return [phase, count(facts.n), said, duration(facts.p50_us / 1000), duration(facts.p99_us / 1000),
      Number.isFinite(facts.cpu) ? `${Math.round(facts.cpu * 100)} %` : "–",
      Number.isFinite(facts.rss) ? `${(facts.rss / 1024 / 1024).toFixed(1)} MiB` : "–"];
  });
  return rows.length ? [table("Phases", ["phase", "requests", "how they ended", "half within", "99 % within", "CPU", "memory"], rows)] : [];
}

const rules = (trial) => (trial.rules.length === 0 ? [element("p", { class: "soft" }, "There is no verdict yet.")]
  : [table("Rules", ["rule", "verdict", "found", "expected"], trial.rules.map((rule) =>
    [shownText(rule.id), verdict(rule.verdict), name(rule.observed), name(rule.expected)]))]);

function requestsTable(trial, requests) {
  const [begin] = spanOf(trial, requests, []);
  const rows = notable(trial, requests).map((each) => [count(each.id), duration(each.t_ms - begin), shownText(each.phase ?? ""),
    name(`${each.method ?? ""} ${each.path ?? ""}`), each.status === null || each.status === undefined ? "–" : shownText(each.status),
    shownText(kindOf(each) === "wrong" ? "wrong answer" : each.outcome), duration(each.total_us / 1000)]);
  return rows.length ? [table("Requests to look at", ["number", "at", "phase", "request", "status", "outcome", "took"], rows)] : [];
}

/** All about one trial. `width`: for the timeline, in pixels. */
export function trialFacts(trial, requests, samples, width) {
  const scrolling = (nodes) => nodes.map((node) => (node.tagName === "TABLE"
    ? element("div", { class: "scrolls", tabindex: "0", role: "region", "aria-label": node.caption.textContent }, node) : node));
  return [
    element("h2", {}, name(trial.id), " ", verdict(trial.verdict)),
    element("p", { class: "soft" }, name(trial.proxy), ": ", name([trial.behaviour, trial.settings].filter(Boolean).join(" ")),
      `, ${counted(trial.bites, "bite")}, ${counted(requests.length, "request")}`),
    element("div", { class: "timeline-place" }, timeline(trial, requests, samples, width)), legend(),
    ...scrolling([...rules(trial), ...phases(trial), ...requestsTable(trial, requests)]),
  ];
}
