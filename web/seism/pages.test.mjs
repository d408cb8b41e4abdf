// What the dashboard makes of names, catalogue and results, without a browser.

import assert from "node:assert/strict";
import { test } from "node:test";

const { attributesText, bytes, duration, eventText, shownText } = await import("./shown.js");
const { fieldsOf, groupsOf, hasDirection, shareOf, valueOf } = await import("./fields.js");
const { proxyPath, toxicPath, words } = await import("./api.js");
const { Follower } = await import("./follower.js");
const { kindOf, matrixOf, notable, requestsOf, trialsOf, worstOf } = await import("./trials.js");
const { thinned, ticks, timelineOf } = await import("./timeline.js");

test("names are shown as the characters they are", () => {
  assert.equal(shownText("<b>db</b>"), "<b>db</b>");
  assert.equal(shownText("a\n\u0000b\u007f"), "a␊␀b␡");
  assert.equal(shownText("\u202egnp.exe\u200b"), "[U+202E]gnp.exe[U+200B]");
  assert.equal(shownText("x".repeat(400)).length, 301);
  assert.deepEqual([shownText(null), shownText(7), shownText(undefined)], ["", "7", ""]);
});

test("numbers for people", () => {
  assert.deepEqual([0, 999, 1000, 17_240_000, 999_999, NaN].map(bytes), ["0 B", "999 B", "1.00 kB", "17.2 MB", "1.00 MB", "0 B"]);
  assert.deepEqual([0.44, 17.4, 2345, NaN].map(duration), ["0.4 ms", "17 ms", "2.3 s", "–"]);
  assert.equal(attributesText({ latency: 500, jitter: 0, match: "", quiet: false }), "latency 500, jitter 0");
});

test("an event is a sentence", () => {
  const bite = { type: "perturbation.bite", proxy: "db", toxic: "slow", connection: 3, request: 0, bites: 1 };
  assert.equal(eventText(bite), "db: slow bit connection 3");
  assert.equal(eventText({ ...bite, request: 2, bites: 5 }), "db: slow bit 5 times, the last on request 2 of connection 3");
  assert.match(eventText({ type: "backend.down", proxy: "\u202edb", why: "refused" }), /^\[U\+202E\]db: .*refused/);
});

test("names become parts of paths", () => {
  assert.equal(proxyPath("a/b ?#%"), "/proxies/a%2Fb%20%3F%23%25");
  assert.equal(toxicPath("db", "<x>"), "/proxies/db/toxics/%3Cx%3E");
  assert.equal(words(400, '{"error":"name missing","status":400}'), "name missing");
  assert.equal(words(502, "  \n"), "the server answered 502");
  assert.equal(words(403, "not you\n"), "not you");
});

const TYPE = {
  name: "t", place: "stream", protocol: "tcp", says: "",
  attributes: [
    { name: "latency", standard: 0, unit: "ms", says: "how long", low: 0, high: 1000 }, { name: "hard", standard: true, unit: "", says: "" },
    { name: "mode", standard: "after", unit: "", says: "", words: ["instead", "after"] }, { name: "match", standard: "", unit: "", says: "" },
  ],
};

test("a form has a field for each attribute", () => {
  assert.deepEqual(fieldsOf(TYPE).map(({ name, kind, value }) => [name, kind, value]),
    [["latency", "number", 0], ["hard", "flag", true], ["mode", "choice", "after"], ["match", "text", ""]]);
  assert.deepEqual(fieldsOf(TYPE, { latency: 7, hard: false }).map((field) => field.value), [7, false, "after", ""]);
  const [latency, hard, mode] = fieldsOf(TYPE);
  assert.deepEqual([valueOf(latency, " 12.5 "), valueOf(hard, ""), valueOf(mode, "instead")], [12.5, false, "instead"]);
  for (const bad of ["", "x", "1e999", "-1", "1001"]) assert.throws(() => valueOf(latency, bad), /latency/, bad);
  assert.deepEqual([shareOf("100"), shareOf(" 2.5 ")], [1, 0.025]);
  for (const bad of ["", "-1", "101", "all"]) assert.throws(() => shareOf(bad), /share/, bad);
});

test("types are listed by what they work on", () => {
  const types = [TYPE, { ...TYPE, name: "r", place: "request", protocol: "mysql" }, { ...TYPE, name: "u" }];
  assert.deepEqual(groupsOf(types).map(([group, members]) => [group, members.map((each) => each.name)]),
    [["bytes of a connection", ["t", "u"]], ["requests: mysql", ["r"]]]);
  assert.deepEqual(types.map(hasDirection), [true, false, true]);
});

const experiment = (id, proxy, behaviour, overall, more = {}) => ({ id, proxy, behaviour, settings: "", overall, bites: 1, rules: [], phases: {},
  cycles: [{ armed_us: 2e6, stopped_us: 4e6, settled_us: 6e6 }], ...more });

test("back-ends are rows, behaviours columns, the worst of a cell counts", () => {
  const trials = trialsOf({ verdict: { experiments: [
    experiment("a", "db", "latency", "green", { settings: "latency=500" }), experiment("b", "db", "refuse", "green"),
    experiment("c", "cache", "refuse", "amber"), experiment("d", "db", "refuse", "red"), experiment("e", "db", "refuse", "inconclusive")] }, events: [] });
  const { columns, rows } = matrixOf(trials);
  assert.deepEqual(columns, ["latency latency=500", "refuse"]);
  assert.deepEqual(rows.map((row) => [row.proxy, row.cells.map((cell) => cell.map((each) => each.id).join())]),
    [["db", ["a", "b,d,e"]], ["cache", ["", "c"]]]);
  assert.equal(worstOf(rows[0].cells[1]).id, "d");
  assert.equal(trials[4].colour, "grey");
});

test("while a run goes on its events make the trials", () => {
  const events = [
    { type: "perturbation.armed", t_us: 1e6, perturbation: "one", proxy: "db", behaviour: "hang", bites: 0 },
    { type: "perturbation.bite", t_us: 2e6, perturbation: "one", proxy: "db", behaviour: "hang", bites: 3 },
    { type: "perturbation.stop", t_us: 3e6, perturbation: "one", proxy: "db", behaviour: "hang", bites: 3 },
    { type: "backend.down", t_us: 4e6, proxy: "db" },
    { type: "perturbation.armed", t_us: 9e6, perturbation: "two", proxy: "db", behaviour: "refuse", bites: 0 },
  ];
  const trials = trialsOf({ verdict: null, events });
  assert.deepEqual(trials.map(({ id, colour, bites, bands }) => [id, colour, bites, bands]),
    [["one", "grey", 3, [{ from: 1000, to: 3000 }]], ["two", "grey", 0, [{ from: 9000, to: null }]]]);
  const requests = [500, 2000, 5999, 6000, 9500].map((t_ms) => ({ t_ms }));
  assert.deepEqual(trials.map((trial) => requestsOf(trial, trials, requests).map((each) => each.t_ms)), [[500, 2000, 5999], [6000, 9500]]);
  const judged = [{ t_ms: 1, experiment: "two" }, { t_ms: 2, experiment: "one" }];
  assert.deepEqual(requestsOf(trials[1], trials, judged), [judged[0]]);
});

test("results of any kind", () => {
  for (const odd of [null, 7, "x", [], {}, true]) {
    const trials = trialsOf({ verdict: { experiments: [odd, experiment("a", odd, odd, odd, { rules: odd, cycles: odd, phases: odd, settings: odd }),
      experiment("b", "db", "x", "red", { rules: [odd], cycles: [odd] })] }, events: [odd, {}].filter((each) => each && typeof each === "object") });
    matrixOf(trials);
    for (const trial of trials) {
      const requests = [{}, { t_ms: odd, total_us: odd, outcome: odd, id: odd }, { t_ms: 5, total_us: 1 }];
      notable(trial, requests);
      const scene = timelineOf(trial, requests, [{ t_ms: odd, cpu: odd, rss: odd }, { t_ms: 5 }], 300);
      assert.doesNotMatch(JSON.stringify(scene), /NaN|null|Infinity/, JSON.stringify(odd));
    }
  }
});

test("requests to look at: evidence first, then what went wrong", () => {
  const [trial] = trialsOf({ verdict: { experiments: [experiment("a", "db", "x", "red",
    { rules: [{ id: "r", verdict: "red", evidence: [3] }, { id: "g", verdict: "green", evidence: [1] }] })] }, events: [] });
  const requests = [{ id: 1, t_ms: 1, outcome: "ok" }, { id: 2, t_ms: 2, outcome: "http_error" }, { id: 3, t_ms: 3, outcome: "ok" },
    { id: 4, t_ms: 4, outcome: "ok", golden: "different" }];
  assert.deepEqual(notable(trial, requests).map((each) => each.id), [2, 3, 4]);
  assert.deepEqual(notable(trial, requests, 1).map((each) => each.id), [3]);
  assert.deepEqual(requests.map(kindOf), ["ok", "error", "ok", "wrong"]);
  assert.equal(kindOf({ outcome: "no_response" }), "none");
});

test("the timeline is inside its picture", () => {
  const [trial] = trialsOf({ verdict: { experiments: [experiment("a", "db", "x", "red")] }, events: [] });
  const requests = Array.from({ length: 61 }, (_, index) => ({ t_ms: index * 100, total_us: 10 ** (index % 7), outcome: index % 3 ? "ok" : "no_response" }));
  const samples = Array.from({ length: 31 }, (_, index) => ({ t_ms: index * 200, cpu: index / 10, rss: index * 1e6, processes: index === 15 ? 0 : 1 }));
  const scene = timelineOf(trial, requests, samples, 360);
  assert.deepEqual(scene.counts, { ok: 40, wrong: 0, error: 0, none: 21 });
  assert.equal((scene.marks.ok.match(/M/g)).length, 40);
  assert.deepEqual(scene.bands.map((band) => [Math.round(band.x), Math.round(band.width)]), [[151, 99]]);
  assert.equal((scene.cpu.match(/M/g)).length, 2, "where the application is gone the line breaks off");
  for (const path of [...Object.values(scene.marks), scene.cpu, scene.memory]) {
    for (const [, x, y] of path.matchAll(/[ML](-?[\d.]+) (-?[\d.]+)/g)) {
      assert.ok(x >= 45 && x <= 350 && y >= 0 && y <= scene.height, `${x} ${y}`);
    }
  }
  assert.deepEqual(scene.seconds.map((each) => each.text), ["0 s", "2 s", "4 s", "6 s"]);
});

test("many dots are thinned, the bad ones last", () => {
  const requests = Array.from({ length: 20_000 }, (_, index) => ({ id: index, outcome: index % 100 ? "ok" : "reset_mid" }));
  const kept = thinned(requests, 1000);
  assert.equal(kept.length, 1000);
  assert.equal(kept.filter((each) => each.outcome !== "ok").length, 200);
  assert.deepEqual(thinned(requests.slice(0, 5), 10).length, 5);
  assert.deepEqual(ticks(0, 10, 5), [0, 2, 4, 6, 8, 10]);
  assert.deepEqual(ticks(3, 3), [3]);
});

/** A stand-in for the server's /results. */
class Files {
  constructor() { this.files = {}; }
  async get(path) {
    const url = new URL(path, "http://x");
    const name = url.pathname.split("/").pop();
    const file = this.files[name];
    const answer = (status, text, headers) => ({ status, ok: status < 300, headers: new Headers(headers), text: async () => text });
    if (!file) return answer(204, "", {});
    const known = url.searchParams.get("file") === file.id;
    const facts = { "X-Results-File": file.id, "X-Results-Next": String(file.text.length) };
    if (name === "verdict.json") return known ? answer(204, "", facts) : answer(200, file.text, facts);
    return answer(200, file.text.slice(known ? Number(url.searchParams.get("from")) : 0), facts);
  }
}

test("a run is followed from nothing to its verdict, and into the next run", async () => {
  const files = new Files();
  const follower = new Follower((path) => files.get(path));
  assert.equal(await follower.look(), false);
  files.files["requests.jsonl"] = { id: "1", text: '{"id":1}\nrubbish\n[1]\n' };
  assert.equal(await follower.look(), true);
  files.files["requests.jsonl"].text += '{"id":2}\n';
  assert.equal(await follower.look(), true);
  assert.deepEqual(follower.requests, [{ id: 1 }, { id: 2 }]);
  assert.equal(await follower.look(), false);
  files.files["verdict.json"] = { id: "v", text: '{"overall":"red"}' };
  files.files["requests.jsonl"] = { id: "2", text: '{"id":1,"experiment":"a"}\n' };
  assert.equal(await follower.look(), true);
  assert.deepEqual([follower.verdict, follower.requests], [{ overall: "red" }, [{ id: 1, experiment: "a" }]]);
  delete files.files["verdict.json"];
  files.files["requests.jsonl"] = { id: "3", text: "" };
  assert.equal(await follower.look(), true);
  assert.deepEqual([follower.verdict, follower.requests], [null, []]);
});
