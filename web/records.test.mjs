// What the records page makes of contents, and how it shows texts it did not choose; the storage against a
// stand-in for the server.

import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { test } from "node:test";

globalThis.crypto ??= webcrypto; // Node 18

const { bookmarkTree, deviceTabs, everyBookmark, matches, visitedPage } = await import("./assets/contents.js");
const { Reading } = await import("./assets/reading.js");
const { linkTarget, shownAddress, shownTitle } = await import("./assets/shown.js");
const { FIREFOX, RecordStore, storageToken } = await import("./assets/storage.js");
const { Problem } = await import("./assets/problems.js");

const mark = (id, parentid, more = {}) => ({ id, type: "bookmark", parentid, title: id, bmkUri: `https://${id}/`, ...more });
const folder = (id, parentid, children) => ({ id, type: "folder", parentid, title: id, children });
/** The tree as nested names. */
const names = (nodes) => nodes.map((node) => (node.children ? [node.id, ...names(node.children)] : node.id));
const problem = (id) => (error) => error instanceof Problem && error.id === id;

test("bookmarks in the order of their folders, then those no list has", () => {
  const { folders, count } = bookmarkTree([
    mark("late", "menu"), mark("b", "inner"), folder("inner", "menu", ["b", "a", "missing"]), mark("a", "inner"),
    folder("menu", "places", ["inner"]), { id: "gone", deleted: true }, { id: "line", type: "separator", parentid: "menu" },
    mark("alone", "toolbar"),
  ]);
  assert.deepEqual(names(folders), [["toolbar", "alone"], ["menu", ["inner", "b", "a"], "late"]]);
  assert.equal(count, 4);
});

test("folders in a ring, a child in two folders, bookmarks nothing leads to", () => {
  const { folders, count } = bookmarkTree([
    folder("menu", "places", ["menu", "one", "x", "x"]), folder("one", "menu", ["x", "menu"]), mark("x", "one"),
    folder("r1", "r2", ["r2"]), folder("r2", "r1", ["r1"]), mark("ringed", "r1"), mark("orphan", "nowhere"),
  ]);
  assert.deepEqual(names(folders), [["menu", ["one"], "x"], ["lost", "ringed", "orphan"]]);
  assert.equal(count, 3);
});

test("fields of any type", () => {
  const odd = [null, 7, {}, [], "", true, "__proto__"];
  for (const value of odd) {
    const content = {
      id: "a", type: "bookmark", parentid: value, title: value, bmkUri: value, children: value, tabs: value, clientName: value,
      histUri: value, visits: value,
    };
    const { folders } = bookmarkTree(
      [content, { ...content, id: "menu" }, { ...content, id: "f", type: "folder" }, { id: "t", type: value }]);
    for (const { title, address, path } of everyBookmark(folders, ({ id }) => id)) {
      assert.deepEqual([typeof title, typeof address, typeof path], ["string", "string", "object"]);
    }
    const { device, tabs } = deviceTabs(content);
    assert.deepEqual([typeof device, Array.isArray(tabs)], ["string", true]);
    const visited = visitedPage({ ...content, visits: [value, { date: value }] });
    assert.ok(Number.isFinite(visited.at), String(value));
  }
  assert.deepEqual(deviceTabs({ tabs: [null, 7, { title: 1, urlHistory: "x" }] }).tabs, [{ title: "", address: "" }]);
});

test("ten thousand folders in each other", () => {
  const deep = Array.from({ length: 10_000 }, (_, i) => folder(`f${i}`, i ? `f${i - 1}` : "menu", [`f${i + 1}`]));
  const { folders, count } = bookmarkTree([...deep, mark("end", "f9999")]);
  assert.equal(count, 1);
  assert.deepEqual(everyBookmark(folders, ({ id }) => id).map(({ id }) => id), ["end"]);
});

test("tabs and visits", () => {
  const tabs = [{ title: "now", urlHistory: ["https://now/", "https://before/"] }];
  assert.deepEqual(
    deviceTabs({ clientName: "Laptop", tabs }), { device: "Laptop", tabs: [{ title: "now", address: "https://now/" }] });
  const visits = [{ date: 2_000_000 }, { date: 5_000_000 }, { date: 1 }];
  assert.deepEqual(
    visitedPage({ title: "t", histUri: "https://t/", visits }), { title: "t", address: "https://t/", at: 5000 });
  assert.equal(deviceTabs({ deleted: true }), null);
  assert.equal(visitedPage({ deleted: true }), null);
  assert.equal(visitedPage({ visits: [{ date: 9.3e21 }, { date: 7000 }] }).at, 7, "no Date holds the other");
  assert.ok(matches({ title: "Wolle", address: "" }, "wol") && matches({ title: "", address: "HTTPS://X" }, "s://x"));
  assert.ok(!matches({ title: "a", address: "b" }, "ab"));
});

test("texts of others", () => {
  assert.equal(shownTitle("<b>&amp;"), "<b>&amp;");
  assert.equal(shownTitle("a\u0000b\u0007c\nd\u007f\u0085"), "a␀b␇c␊d␡�");
  assert.equal(shownTitle("\u202emoc\u202c\u2066x\u2069"), "[U+202E]moc[U+202C][U+2066]x[U+2069]");
  assert.equal(shownTitle("שלום\u200f!"), "שלום\u200f!", "a mark that belongs to the language stays");
  assert.equal(shownAddress("https://x/\u200f\u200b"), "https://x/[U+200F][U+200B]");
  assert.equal(shownTitle("l".repeat(300)), "l".repeat(300));
  assert.equal(shownTitle("l".repeat(1_000_000)), `${"l".repeat(300)}…`);
  assert.equal(shownTitle(`${"l".repeat(299)}🧶🧶`), `${"l".repeat(299)}…`, "no half characters");
});

test("links", () => {
  assert.equal(linkTarget("https://x.example/a b\"c"), "https://x.example/a%20b%22c");
  assert.equal(linkTarget("HTTP://X.example"), "http://x.example/");
  for (const address of [
    "javascript:alert(1)", " javascript:alert(1)", "java\nscript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc",
    "about:config", "blob:https://x/1", "//x.example", "/x", "", "http://", "x",
  ]) {
    assert.equal(linkTarget(address), null, address);
  }
});

// ---- the storage

const HERE = "https://sync.example";

/** A fetch() that answers from a table of functions by path, and keeps what it was asked. */
function serverOf(answers) {
  const asked = [];
  const fetcher = async (url, { headers }) => {
    asked.push({ url, headers });
    const { pathname } = new URL(url);
    const { status = 200, body = {}, headers: told = {} } = answers[pathname](url, headers);
    return new Response(JSON.stringify(body), { status, headers: told });
  };
  return { asked, fetcher };
}
const places = (token) => () => ({ body: { sync_tokenserver_base_url: token } });
const grant = (endpoint) => () => ({
  body: { id: "id", key: "key", api_endpoint: endpoint }, headers: { "X-Timestamp": String(Math.floor(Date.now() / 1000) + 500) },
});

test("a token, and the server's clock", async () => {
  const { asked, fetcher } = serverOf({
    "/.well-known/fxa-client-configuration": places(`${HERE}/token`), "/token/1.0/sync/1.5": grant(`${HERE}/storage/1.5/7`),
  });
  const calls = [];
  const api = { accessToken: async (...given) => calls.push(given) && { access_token: "access" } };
  const token = await storageToken(api, { session: "s", keyId: "1-k" }, HERE, fetcher);
  assert.deepEqual([token.id, token.key, token.endpoint], ["id", "key", `${HERE}/storage/1.5/7`]);
  assert.ok(Math.abs(token.ahead - 500) <= 1);
  assert.deepEqual(calls, [["s", FIREFOX, "https://identity.mozilla.com/apps/oldsync"]]);
  assert.deepEqual([asked[1].headers.Authorization, asked[1].headers["X-KeyID"]], ["Bearer access", "1-k"]);
});

test("a token server or a storage at another origin is not asked", async () => {
  for (const [token, endpoint] of [
    ["https://other.example/token", ""], [`${HERE}/token`, "https://other.example/1.5/7"],
    [`${HERE}/token`, "http://sync.example/1.5/7"],
  ]) {
    const { asked, fetcher } = serverOf({
      "/.well-known/fxa-client-configuration": places(token), "/token/1.0/sync/1.5": grant(endpoint),
    });
    const api = { accessToken: async () => ({ access_token: "access" }) };
    await assert.rejects(storageToken(api, { session: "s", keyId: "k" }, HERE, fetcher),
      (error) => problem("elsewhere")(error) && error.facts.there !== HERE);
    assert.ok(asked.every(({ url }) => url.startsWith(HERE)));
  }
});

const token = { id: "id", key: "key", endpoint: `${HERE}/storage/1.5/7`, ahead: 0 };

test("pages of a collection", async () => {
  const { asked, fetcher } = serverOf({
    "/storage/1.5/7/storage/history": (url) => (url.includes("offset=1%3A2") ? { body: [{ id: "b" }] }
      : { body: [{ id: "a" }], headers: { "X-Weave-Next-Offset": "1:2" } }),
  });
  const store = new RecordStore(async () => token, fetcher);
  const first = await store.page("history", 1);
  assert.deepEqual(first, { records: [{ id: "a" }], next: "1:2" });
  assert.deepEqual(await store.page("history", 1, first.next), { records: [{ id: "b" }], next: "" });
  assert.match(asked[0].url, /full=1&sort=newest&limit=1$/);
  assert.match(asked[0].headers.Authorization, /^Hawk id="id", /);
});

test("pages that lead in a circle are not followed", async () => {
  const reading = (pages) => {
    let asked = 0;
    const store = { page: async () => pages[Math.min(asked++, pages.length - 1)] };
    return { its: new Reading("history", { store, keysOf: () => null }), asked: () => asked };
  };
  const record = (id) => ({ id, payload: "none of ours" });
  const good = reading([{ records: [record("a"), record("b")], next: "1" }, { records: [record("b"), record("c")], next: "" }]);
  await good.its.readAll();
  assert.deepEqual([good.its.read, good.its.complete, good.its.unreadable.length], [3, true, 3]);
  for (const pages of [
    [{ records: [record("a")], next: "1" }],
    [{ records: [record("a")], next: "1" }, { records: [], next: "2" }],
    [{ records: [record("a")], next: "1" }, { records: [record("b")], next: "2" }, { records: [record("c")], next: "1" }],
  ]) {
    const { its, asked } = reading(pages);
    await assert.rejects(its.readAll(), (error) => problem("server")(error) && /circle/.test(error.facts.detail));
    assert.ok(asked() <= 3 && its.complete, "it stops, and keeps what it has");
  }
});

test("a token that has ended is replaced once", async () => {
  let refusals = 1;
  let tokens = 0;
  const { fetcher } = serverOf({
    "/storage/1.5/7/info/collection_counts": () => (refusals-- > 0 ? { status: 401, body: 0 } : { body: { history: 3 } }),
  });
  const store = new RecordStore(async () => ({ ...token, id: `id${++tokens}` }), fetcher);
  assert.deepEqual(await store.counts(), { history: 3 });
  assert.equal(tokens, 2);
  refusals = 9;
  await assert.rejects(store.counts(), problem("server"));
  assert.equal(tokens, 3);
});

test("no record, and a storage that cannot", async () => {
  const { fetcher } = serverOf({
    "/storage/1.5/7/storage/crypto/keys": () => ({ status: 404, body: 0 }),
    "/storage/1.5/7/storage/tabs": () => ({ status: 503, body: 0, headers: { "Retry-After": "5" } }),
    "/storage/1.5/7/storage/history": () => ({ body: { no: "list" } }),
  });
  const store = new RecordStore(async () => token, fetcher);
  assert.equal(await store.record("crypto", "keys"), null);
  await assert.rejects(store.page("tabs", 1), (error) => problem("server")(error) && error.facts.seconds === 5);
  await assert.rejects(store.page("history", 1), problem("server"));
  const dead = new RecordStore(async () => token, async () => {
    throw new TypeError("no answer");
  });
  await assert.rejects(dead.page("tabs", 1), problem("network"));
});
