// What a run tells, brought into the order of the page: trials, a matrix of them, and the facts of one. Pure.
// Everything in it may be missing or of another kind: whoever wrote the files, the page shows what it can.

const list = (value) => (Array.isArray(value) ? value : []);
const text = (value) => (typeof value === "string" ? value : "");
const number = (value) => (Number.isFinite(value) ? value : 0);
const COLOURS = ["green", "amber", "grey", "red"]; // as verdicts: the worse the later

/** The colour of a verdict's word. */
export const colourOf = (verdict) => ({ green: "green", amber: "amber", red: "red" })[verdict] ?? "grey";

function judgedTrial(experiment) {
  return {
    id: text(experiment.id), proxy: text(experiment.proxy), behaviour: text(experiment.behaviour), settings: text(experiment.settings),
    verdict: text(experiment.overall) || "inconclusive", colour: colourOf(experiment.overall), bites: number(experiment.bites),
    rules: list(experiment.rules).map((rule) => ({
      id: text(rule?.id), verdict: text(rule?.verdict), colour: colourOf(rule?.verdict), expected: text(rule?.expected),
      observed: text(rule?.observed), evidence: list(rule?.evidence),
    })),
    phases: experiment.phases && typeof experiment.phases === "object" ? experiment.phases : {},
    bands: list(experiment.cycles).map((cycle) => ({ from: number(cycle?.armed_us) / 1000, to: number(cycle?.stopped_us) / 1000 })),
  };
}

/** From the events alone, while nothing is judged yet. */
function runningTrials(events) {
  const trials = new Map();
  for (const event of events) {
    const id = text(event.perturbation);
    if (!id) continue;
    if (!trials.has(id)) {
      trials.set(id, { id, proxy: text(event.proxy), behaviour: text(event.behaviour), settings: "", verdict: "running", colour: "grey",
        bites: 0, rules: [], phases: {}, bands: [] });
    }
    const trial = trials.get(id);
    const at = number(event.t_us) / 1000;
    trial.bites = Math.max(trial.bites, number(event.bites));
    const open = trial.bands.at(-1);
    if (event.type === "perturbation.armed") trial.bands.push({ from: at, to: null });
    else if (event.type === "perturbation.stop" && open && open.to === null) open.to = at;
  }
  return [...trials.values()];
}

/** The trials of a run, judged or still going on. */
export const trialsOf = ({ verdict, events }) => (verdict && Array.isArray(verdict.experiments)
  ? verdict.experiments.filter((each) => each && typeof each === "object").map(judgedTrial) : runningTrials(list(events)));

const columnOf = (trial) => [trial.behaviour, trial.settings].filter(Boolean).join(" ");

/** {columns, rows: [{proxy, cells: [[trial, …], …]}]}, in the order of the run; a cell has the trials of one pair. */
export function matrixOf(trials) {
  const columns = [...new Set(trials.map(columnOf))];
  const proxies = [...new Set(trials.map((trial) => trial.proxy))];
  return {
    columns,
    rows: proxies.map((proxy) => ({
      proxy,
      cells: columns.map((column) => trials.filter((trial) => trial.proxy === proxy && columnOf(trial) === column)),
    })),
  };
}

/** The trial of a cell that counts: the worst. */
export const worstOf = (trials) => trials.reduce(
  (worst, trial) => (COLOURS.indexOf(trial.colour) > COLOURS.indexOf(worst.colour) ? trial : worst), trials[0]);

const BEFORE_MS = 3000; // of what is shown of a trial that is not judged, ahead of its perturbation

/** The requests of a trial; those of a run that goes on say no name, there it is the time that counts. */
export function requestsOf(trial, trials, requests) {
  if (requests.some((each) => each.experiment !== undefined)) return requests.filter((each) => each.experiment === trial.id);
  const from = (trial.bands[0]?.from ?? 0) - BEFORE_MS;
  const following = trials[trials.indexOf(trial) + 1]?.bands[0];
  const to = following ? following.from - BEFORE_MS : Infinity;
  return requests.filter((each) => each.t_ms >= from && each.t_ms < to);
}

/** How a request ended, as people look at it: ok, wrong (another answer than before), error, none. */
export function kindOf(request) {
  if (request.outcome === "ok") return request.golden === "different" ? "wrong" : "ok";
  return request.outcome === "http_error" ? "error" : "none";
}

/** Requests to look at: the evidence of rules that are not green first, then whatever went wrong. */
export function notable(trial, requests, most = 20) {
  const evidence = new Set(trial.rules.filter((rule) => rule.colour !== "green").flatMap((rule) => rule.evidence));
  const named = requests.filter((each) => evidence.has(each.id));
  const others = requests.filter((each) => !evidence.has(each.id) && kindOf(each) !== "ok");
  return [...named, ...others].slice(0, most).sort((a, b) => a.t_ms - b.t_ms);
}
