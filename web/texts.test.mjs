// That no text is missing: every value of data-error, every label the pages ask for.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { faultOf } from "./assets/form.js";
import { accountHeadings, ago, ends, errors, factsOf, hints, labels, unreadable, working } from "./assets/texts.js";

const read = (name) => readFileSync(new URL(name, import.meta.url), "utf8");
const facts = factsOf(new URL("http://homespun.example:5000/"));

test("every error has a text that says something", () => {
  const ids = [
    "insecure-context", "no-channel", "not-firefox", "wrong-password", "account-exists", "signup-closed", "bad-invite",
    "throttled", "weak-password", "password-mismatch", "bad-email", "network", "server", "browser-refused", "flow-lost",
    "elsewhere", "nothing-synced", "keys-unreadable",
  ];
  for (const id of ids) {
    const { title, lines = [], steps = [] } = errors[id](facts);
    assert.ok(title && lines.concat(steps).length, id);
  }
});

test("every label of the pages exists", () => {
  for (const page of ["index.html", "info.html", "records.html"]) {
    for (const [, key] of read(page).matchAll(/data-text="([^"]+)"/g)) {
      assert.ok(labels[key], `${page}: ${key}`);
    }
  }
});

test("every step of the flow has a text", () => {
  for (const script of ["flow.js", "login.js", "records.js"]) {
    for (const [, step] of read(`assets/${script}`).matchAll(/\bstep\("([^"]+)"\)/g)) {
      assert.ok(working[step], step);
    }
  }
});

test("no script makes markup out of text", () => {
  for (const script of readdirSync(new URL("assets/", import.meta.url)).filter((name) => name.endsWith(".js"))) {
    const ways = /innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\b/;
    assert.doesNotMatch(read(`assets/${script}`), ways, script);
  }
});

test("why a record cannot be read", () => {
  for (const [, reason] of read("assets/sync_keys.js").matchAll(/new Unreadable\("([^"]+)"/g)) {
    assert.ok(unreadable[reason], reason);
  }
});

test("code marks are paired", () => {
  const all = JSON.stringify([labels, ...[errors, ends, hints].map(
    (table) => Object.values(table).map((message) => message(facts))), accountHeadings]);
  for (const text of all.split('"')) {
    assert.equal(text.split("`").length % 2, 1, text);
  }
});

test("allowHttp is named for http alone", () => {
  const steps = (address) => ends["account-made"](factsOf(new URL(address))).steps.join();
  assert.ok(steps("http://127.0.0.1:5000/").includes("identity.fxaccounts.allowHttp"));
  assert.ok(!steps("https://sync.example/").includes("allowHttp"));
});

test("nothing on the pages is inline or from elsewhere", () => {
  for (const page of ["index.html", "info.html", "records.html"]) {
    const text = read(page);
    assert.doesNotMatch(text, /<style|\sstyle=|\son[a-z]+=|https?:|<script(?![^>]*\ssrc=)/, page);
    assert.doesNotMatch(text, /<input[^>]*\sname=/, `${page}: a field with a name could be submitted`);
  }
});

test("faults of the form", () => {
  const form = { email: "a@b.example", password: "12345678", repeated: "12345678" };
  const cases = [
    ["signup", {}, null], ["signin", {}, null], ["signin", { password: "x" }, null],
    ["signup", { email: "a" }, "bad-email"], ["signin", { email: "a b@c" }, "bad-email"],
    ["signup", { password: "1234567", repeated: "1234567" }, "weak-password"],
    ["signup", { password: "🧶🧶🧶🧶", repeated: "🧶🧶🧶🧶" }, "weak-password"],
    ["signup", { repeated: "12345678 " }, "password-mismatch"],
    ["signin", { password: "" }, "password-missing"],
  ];
  for (const [mode, change, fault] of cases) {
    assert.equal(faultOf(mode, { ...form, ...change }), fault, JSON.stringify([mode, change]));
  }
});

test("times", () => {
  assert.equal(ago(-5), "just now");
  assert.equal(ago(59_000), "just now");
  assert.equal(ago(3 * 60_000), "3 minutes ago");
  assert.equal(ago(49 * 3_600_000), "2 days ago");
});
