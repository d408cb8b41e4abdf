// The order of steps, with a made-up server and browser that write down what they are asked.

import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { before, test } from "node:test";

globalThis.crypto ??= webcrypto; // Node 18

// One round instead of 650,000: what the rounds yield is the business of keys.test.mjs.
const deriveBits = crypto.subtle.deriveBits.bind(crypto.subtle);
crypto.subtle.deriveBits = (parameters, ...rest) =>
  deriveBits(parameters.iterations ? { ...parameters, iterations: 1 } : parameters, ...rest);

const { NoChannel, Refused } = await import("./assets/channel.js");
const { signIn, signUp } = await import("./assets/flow.js");
const { Cancelled, Problem, problemOfAnswer } = await import("./assets/problems.js");
const { toBase64Url, utf8 } = await import("./assets/bytes.js");
const { HeldSessions } = await import("./assets/sessions.js");
const { newClientSalt, OLDSYNC } = await import("./assets/keys.js");

const UID = "0123456789abcdef0123456789abcdef";
const KEY_FETCH_TOKEN = Array.from({ length: 32 }, (_, i) => (0x80 + i).toString(16)).join("");
const BUNDLE =
  "ee5c58845c7c9412b11bbd20920c2fddd83c33c9cd2c2de2d66b222613364636c2c0f8cfbb7c630472c0bd88451342c6" +
  "c05b14ce342c5ad46ad89e84464c993c3927d30230157d0817a077eef4b20d976f7a97363faf3f064c003ada7d01aa70";
const PERSON = { email: "Anna@example.org", password: "a few random words" };
let flowParameters;

before(async () => {
  const pair = await crypto.subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, true, ["deriveBits"]);
  const { crv, kty, x, y } = await crypto.subtle.exportKey("jwk", pair.publicKey);
  flowParameters = {
    client_id: "5882386c6d801776", state: "firefox-state", scope: `${OLDSYNC} profile`, code_challenge: "challenge",
    keys_jwk: toBase64Url(utf8(JSON.stringify({ crv, kty, x, y }))),
  };
});

/** A context and the list of everything asked in it. `answers` replaces answers; a function is called. */
function world(answers = {}, query = flowParameters) {
  const asked = [];
  const session = { uid: UID, sessionToken: "0f".repeat(32), keyFetchToken: KEY_FETCH_TOKEN, verified: true };
  const usual = {
    credentialsStatus: { clientSalt: newClientSalt() },
    create: session,
    login: session,
    keys: { bundle: BUNDLE },
    scopedKeyData: { [OLDSYNC]: { keyRotationTimestamp: 1795232912345 } },
    authorize: { code: "code", state: "echo", redirect: "redirect" },
    destroySession: {},
    "fxaccounts:can_link_account": { ok: true },
    "fxaccounts:login": { ok: true },
    "fxaccounts:oauth_login": { ok: true },
    "fxaccounts:oauth_flow_is_active": { isActive: true },
    "fxaccounts:oauth_flow_begin": { ...flowParameters, state: "begun-state" },
  };
  const answer = async (name, ...given) => {
    asked.push([name, ...given]);
    const found = name in answers ? answers[name] : usual[name];
    const value = typeof found === "function" ? found(...given) : found;
    if (value instanceof Error) {
      throw value;
    }
    return value;
  };
  const api = new Proxy({}, { get: (_, name) => (...given) => answer(name, ...given) });
  const channel = { ask: (command, data) => answer(command, data) };
  const engines = ["bookmarks", "history", "passwords", "addresses", "creditcards"];
  const sessions = new HeldSessions(api);
  const context = {
    api, sessions, channel, status: { capabilities: { engines } }, query: new URLSearchParams(query), step() {},
  };
  return { context, asked, names: () => asked.map(([name]) => name), of: (name) => asked.find((call) => call[0] === name) };
}

const problem = (id) => (error) => error instanceof Problem && error.id === id;

test("sign-up: asks Firefox first, hands over in the one order that works", async () => {
  const { context, names, of } = world();
  assert.deepEqual(await signUp(context, { ...PERSON, invite: "code" }), { connected: true });
  assert.deepEqual(names(), [
    "fxaccounts:can_link_account", "create", "keys", "fxaccounts:oauth_flow_is_active", "scopedKeyData",
    "fxaccounts:login", "authorize", "fxaccounts:oauth_login",
  ]);
  assert.deepEqual(of("fxaccounts:can_link_account")[1], { email: PERSON.email });
  const created = of("create")[1];
  assert.deepEqual(Object.keys(created).sort(), ["authPW", "clientSalt", "email", "invite"]);
  assert.match(created.authPW, /^[0-9a-f]{64}$/);
  const login = of("fxaccounts:login")[1];
  assert.equal(login.verified, false);
  assert.deepEqual(login.services.sync, { offeredEngines: ["bookmarks", "history", "passwords"], declinedEngines: [] });
  const request = of("authorize")[2];
  assert.equal(request.keys_jwe.split(".").length, 5);
  assert.deepEqual(
    [request.response_type, request.access_type, request.code_challenge_method], ["code", "offline", "S256"]);
  const { action, code, state, redirect } = of("fxaccounts:oauth_login")[1];
  assert.deepEqual([action, code, state, redirect], ["signup", "code", "firefox-state", "redirect"]);
});

test("sign-in: asks Firefox with the uid, after the server let the person in", async () => {
  const { context, names, of } = world();
  assert.deepEqual(await signIn(context, PERSON), { connected: true });
  assert.deepEqual(names().slice(0, 3), ["credentialsStatus", "login", "fxaccounts:can_link_account"]);
  assert.deepEqual(of("fxaccounts:can_link_account")[1], { email: PERSON.email, uid: UID });
  assert.equal(of("fxaccounts:oauth_login")[1].action, "signin");
});

test("nothing sent carries the password", async () => {
  for (const act of [signIn, signUp]) {
    const { context, asked } = world();
    await act(context, PERSON);
    assert.ok(!JSON.stringify(asked).includes(PERSON.password));
  }
});

test("sign-up without a browser makes the account and ends the session", async () => {
  const { context, names } = world();
  context.channel = null;
  assert.deepEqual(await signUp(context, PERSON), { connected: false });
  assert.deepEqual(names(), ["create", "destroySession"]);
});

test("a no in Firefox: no account at sign-up, no session left at sign-in", async () => {
  const no = { "fxaccounts:can_link_account": { ok: false } };
  const up = world(no);
  await assert.rejects(signUp(up.context, PERSON), Cancelled);
  assert.deepEqual(up.names(), ["fxaccounts:can_link_account"]);
  const back = world(no);
  await assert.rejects(signIn(back.context, PERSON), Cancelled);
  assert.equal(back.names().at(-1), "destroySession");
});

test("the server's spelling of the e-mail is tried once", async () => {
  const strict = ({ email }) =>
    (email === "anna@example.org" ? { uid: UID, sessionToken: "0f".repeat(32), keyFetchToken: KEY_FETCH_TOKEN }
      : problemOfAnswer(400, { errno: 120, email: "anna@example.org" }));
  const { context, of } = world({ login: strict });
  await signIn(context, PERSON);
  assert.equal(of("fxaccounts:login")[1].email, "anna@example.org");
  const stubborn = world({ login: () => problemOfAnswer(400, { errno: 120, email: "x@example.org" }) });
  await assert.rejects(signIn(stubborn.context, PERSON), Problem);
  assert.equal(stubborn.names().filter((name) => name === "login").length, 2);
});

test("an address without the parameters, or a flow Firefox forgot: a new flow", async () => {
  for (const lost of [
    world({}, {}), world({}, { ...flowParameters, keys_jwk: "bm8" }),
    world({ "fxaccounts:oauth_flow_is_active": { isActive: false } }),
  ]) {
    await signIn(lost.context, PERSON);
    assert.equal(lost.of("fxaccounts:oauth_login")[1].state, "begun-state");
  }
});

test("a Firefox that does not know the question about flows is taken at its address", async () => {
  const { context, of } = world({ "fxaccounts:oauth_flow_is_active": new Refused("TypeError") });
  await signIn(context, PERSON);
  assert.equal(of("fxaccounts:oauth_login")[1].state, "firefox-state");
});

test("no flow to be had", async () => {
  const { context, names } = world({ "fxaccounts:oauth_flow_begin": new Refused("no") }, {});
  await assert.rejects(signIn(context, PERSON), problem("flow-lost"));
  assert.equal(names().at(-1), "destroySession");
});

test("Firefox refuses: the session stays, for Firefox may hold it by then", async () => {
  for (const command of ["fxaccounts:login", "fxaccounts:oauth_login"]) {
    const { context, names } = world({ [command]: new Refused("no") });
    await assert.rejects(signIn(context, PERSON), problem("browser-refused"));
    assert.ok(!names().includes("destroySession"), command);
  }
});

test("a failure before Firefox got the session ends it", async () => {
  const { context, names } = world({ scopedKeyData: problemOfAnswer(500, null) });
  await assert.rejects(signIn(context, PERSON), problem("server"));
  assert.equal(names().at(-1), "destroySession");
});

test("whoever leaves before Firefox got the session leaves none behind, and ends none of Firefox's", async () => {
  const steps = [
    ["keys", 1], ["scopedKeyData", 1], ["fxaccounts:oauth_flow_is_active", 1], ["fxaccounts:login", 0], ["authorize", 0],
    ["fxaccounts:oauth_login", 0],
  ];
  for (const [step, ended] of steps) {
    let leave;
    const left = new Promise((resolve) => {
      leave = resolve;
    });
    const { context, asked } = world({ [step]: () => {
      context.sessions.endAll(); // as on pagehide
      leave();
      return new Promise(() => {}); // nobody is there to hear the answer
    } });
    signIn(context, PERSON);
    await left;
    assert.deepEqual(
      asked.filter(([name]) => name === "destroySession").map(([, id, keepalive]) => [id, keepalive]),
      ended ? [["923ee512d6153af6796ecb3aaddb1e8a48a713ef79cf0dbcfcc124456fd3ed6a", true]] : [], step);
  }
});

test("a session that could not be ended is ended with the page", async () => {
  let refusals = 1;
  const { context, names } = world({
    scopedKeyData: problemOfAnswer(500, null), destroySession: () => (refusals-- > 0 ? problemOfAnswer(503, null) : {}),
  });
  await assert.rejects(signIn(context, PERSON), problem("server"));
  context.sessions.endAll();
  context.sessions.endAll();
  assert.equal(names().filter((name) => name === "destroySession").length, 2);
});

test("the channel goes away on the way", async () => {
  const { context } = world({ "fxaccounts:login": new NoChannel("No Such Channel") });
  await assert.rejects(signIn(context, PERSON), problem("no-channel"));
});

test("a failure after the account was made says so", async () => {
  const { context } = world({ authorize: problemOfAnswer(503, null) });
  await assert.rejects(signUp(context, PERSON), (error) => problem("server")(error) && error.facts.accountMade);
  const exists = world({ create: problemOfAnswer(400, { errno: 101 }) });
  await assert.rejects(
    signUp(exists.context, PERSON), (error) => problem("account-exists")(error) && !error.facts.accountMade);
});

test("a salt this page does not know, or a bundle that does not open, is the server's problem", async () => {
  for (const answers of [{ credentialsStatus: { clientSalt: "v1" } }, { keys: { bundle: "00".repeat(96) } }]) {
    await assert.rejects(signIn(world(answers).context, PERSON), problem("server"));
  }
});

test("error answers", () => {
  const ids = [
    [400, { errno: 101 }, "account-exists"], [400, { errno: 102 }, "wrong-password"],
    [400, { errno: 103 }, "wrong-password"], [400, { errno: 107 }, "bad-email"],
    [403, { errno: 901 }, "signup-closed"], [403, { errno: 902 }, "bad-invite"],
    [429, { errno: 114, retryAfter: 30 }, "throttled"], [429, null, "throttled"],
    [401, { errno: 110 }, "server"], [500, { errno: 101 }, "server"], [502, null, "server"],
  ];
  for (const [status, body, id] of ids) {
    assert.equal(problemOfAnswer(status, body).id, id, `${status} ${JSON.stringify(body)}`);
  }
  assert.equal(problemOfAnswer(429, { errno: 114, retryAfter: 30 }).facts.seconds, 30);
});
