// The channel against a stand-in for Firefox's side of it.

import assert from "node:assert/strict";
import { test } from "node:test";

globalThis.CustomEvent ??= class extends Event { // Node 18
  constructor(type, { detail }) {
    super(type);
    this.detail = detail;
  }
};

const { BrowserChannel, NoAnswer, NoChannel, Refused } = await import("./assets/channel.js");

/** A window whose browser answers each message with what `answer` makes of it; undefined is no answer. */
function windowWith(answer) {
  const target = new EventTarget();
  target.addEventListener("WebChannelMessageToChrome", ({ detail }) => {
    const sent = typeof detail === "string" ? JSON.parse(detail) : detail;
    const message = answer(sent.message, detail);
    if (message) {
      const reply = new CustomEvent("WebChannelMessageToContent", { detail: { id: sent.id, message } });
      setImmediate(() => target.dispatchEvent(reply));
    }
  });
  return target;
}
const echo = (data) => ({ command, messageId }) => ({ command, messageId, data });

test("an answer", async () => {
  const channel = new BrowserChannel(windowWith(echo({ ok: true })), false);
  assert.deepEqual(await channel.ask("fxaccounts:can_link_account", { email: "a@b" }), { ok: true });
});

test("the message is text on desktop and an object on iOS", async () => {
  const kinds = [];
  for (const asObject of [false, true]) {
    const target = windowWith((message, detail) => {
      kinds.push(typeof detail);
      return echo({})(message);
    });
    await new BrowserChannel(target, asObject).ask("x");
  }
  assert.deepEqual(kinds, ["string", "object"]);
});

test("answers find their questions", async () => {
  const channel = new BrowserChannel(windowWith(({ messageId, data }) => ({ messageId, data })), false);
  assert.deepEqual(await Promise.all([1, 2, 3].map((n) => channel.ask("x", { n }))), [{ n: 1 }, { n: 2 }, { n: 3 }]);
});

test("no channel", async () => {
  const channel = new BrowserChannel(windowWith(() => ({ errno: 2, error: "No Such Channel" })), false);
  await assert.rejects(channel.ask("x"), NoChannel);
});

test("a failed command, as object and as text", async () => {
  for (const error of [{ message: "no" }, "no"]) {
    const channel = new BrowserChannel(windowWith(echo({ error })), false);
    await assert.rejects(channel.ask("x"), (thrown) => thrown instanceof Refused && thrown.message === "no");
  }
});

test("silence", async () => {
  await assert.rejects(new BrowserChannel(windowWith(() => undefined), false).ask("x", {}, 10), NoAnswer);
});

test("strange events do no harm", async () => {
  const target = windowWith(echo({ ok: true }));
  const channel = new BrowserChannel(target, false);
  for (const detail of ["{", null, 7, {}, { id: "other", message: { errno: 2 } }, { id: "account_updates" }]) {
    target.dispatchEvent(new CustomEvent("WebChannelMessageToContent", { detail }));
  }
  assert.deepEqual(await channel.ask("x"), { ok: true });
});
