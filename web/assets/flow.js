// The order of steps from a filled-in form to a Firefox that syncs. Firefox is strict about the order;
// where it is not obvious, the reason stands beside the step.

import { fromBase64Url, textOf, toHex, utf8 } from "./bytes.js";
import { NoChannel, Refused } from "./channel.js";
import { encryptFor } from "./jwe.js";
import { newClientSalt, OLDSYNC, stretchPassword, syncKey } from "./keys.js";
import { fetchKB, logIn } from "./login.js";
import { Cancelled, Problem } from "./problems.js";

const SCOPES = [OLDSYNC, "profile"];
const NEEDED = ["client_id", "state", "scope", "code_challenge", "keys_jwk"];

// Addresses and payment cards are switched on by being offered. Nobody was asked here, so they keep the
// setting they have; a person can switch them on in Firefox.
const NOT_OFFERED = new Set(["addresses", "creditcards"]);

/**
 * Makes an account and, when there is a browser channel, signs Firefox in.
 *
 * `context` of both functions: {api, sessions, channel, status, query, step}. sessions are the HeldSessions of
 * the page; channel is null when there is no browser to sign in; status is Firefox's answer to fxa_status; query the page's URLSearchParams; step is
 * called with the name of each step for the person who waits.
 * @returns {connected}: whether Firefox is signed in, or the account has merely been made
 * @throws Cancelled, Problem. When the account existed by then, `facts.accountMade` is true.
 */
export async function signUp(context, { email, password, invite }) {
  // Asked before the account is made, or a "no" would leave an account nobody wanted.
  if (context.channel) {
    await mayLink(context, { email });
  }
  context.step("stretching");
  const clientSalt = newClientSalt();
  const stretched = await stretchPassword(password, clientSalt);
  context.step("creating");
  const account = await context.api.create({
    email, authPW: toHex(stretched.authPW), clientSalt, ...(invite && { invite }),
  });
  try {
    const session = await context.sessions.hold(account.sessionToken);
    if (!context.channel) {
      await context.sessions.drop(session);
      return { connected: false };
    }
    await connect(context, { email, account, session, unwrapBKey: stretched.unwrapBKey, action: "signup" });
    return { connected: true };
  } catch (error) {
    if (error instanceof Problem) {
      error.facts.accountMade = true;
    }
    throw error;
  }
}

/** Signs Firefox in to an existing account; see signUp. Needs a channel. */
export async function signIn(context, { email, password }) {
  const { api, sessions } = context;
  const { account, spelling, unwrapBKey } = await logIn(api, { email, password }, context.step);
  const session = await sessions.hold(account.sessionToken);
  // With the uid, which is known only now: a Firefox that remembers somebody warns about "a different
  // account" whenever it is not told who it is, even when it is the same person.
  try {
    await mayLink(context, { email: spelling, uid: account.uid });
  } catch (error) {
    await sessions.drop(session);
    throw error;
  }
  await connect(context, { email: spelling, account, session, unwrapBKey, action: "signin" });
  return { connected: true };
}

async function mayLink({ channel, step }, who) {
  step("asking");
  const { ok } = await tell(channel, "fxaccounts:can_link_account", who);
  if (!ok) {
    throw new Cancelled();
  }
}

async function connect(context, { email, account, session, unwrapBKey, action }) {
  const { api, sessions, channel, status, step } = context;
  let handedOver = false;
  try {
    step("keys");
    const kB = await fetchKB(api, account.keyFetchToken, unwrapBKey);
    const flow = await oauthFlow(context);
    const request = await authorizationRequest(api, session, flow, kB);

    // Firefox must know the person before it gets the code, or it fails with "null has no properties".
    // verified:false: with true it would at once ask for tokens it cannot use yet. No time limit: the
    // answer comes after the device is registered, which takes long where no push server is reached.
    step("handing-over");
    handedOver = true; // it may have kept the session even when it answers with an error
    sessions.release(session);
    const offered = (status?.capabilities?.engines ?? []).filter((engine) => !NOT_OFFERED.has(engine));
    await tell(channel, "fxaccounts:login", {
      email, uid: account.uid, sessionToken: account.sessionToken, verified: false,
      services: { sync: { offeredEngines: offered, declinedEngines: [] } },
    });

    const { code, redirect } = await api.authorize(session, request);
    // state is Firefox's own, not the server's echo; redirect is for Firefox to know, never followed here.
    await tell(channel, "fxaccounts:oauth_login", {
      action, code, state: flow.state, redirect, offeredSyncEngines: offered, declinedSyncEngines: [],
    });
  } catch (error) {
    // A session Firefox has got is Firefox's to end.
    if (!handedOver) {
      await sessions.drop(session);
    }
    throw error;
  }
}

// The parameters of the OAuth flow: those in the page's address, or new ones when the address lost them or
// Firefox forgot them (it keeps flows in memory: a restart or a finished sign-in ends them).
async function oauthFlow({ channel, query }) {
  const given = Object.fromEntries(query);
  if (usable(given) && (await isActive(channel))) {
    return given;
  }
  let begun;
  try {
    begun = await channel.ask("fxaccounts:oauth_flow_begin", { scopes: SCOPES });
  } catch (cause) {
    throw new Problem("flow-lost", {}, cause);
  }
  if (!usable(begun)) {
    throw new Problem("flow-lost");
  }
  return begun;
}

function usable(flow) {
  try {
    return NEEDED.every((name) => flow[name]) && recipientOf(flow).kty === "EC";
  } catch {
    return false;
  }
}

const recipientOf = (flow) => JSON.parse(textOf(fromBase64Url(flow.keys_jwk)));

async function isActive(channel) {
  try {
    return (await channel.ask("fxaccounts:oauth_flow_is_active", {}, 3000)).isActive !== false;
  } catch (error) {
    if (error instanceof NoChannel) {
      throw new Problem("no-channel", {}, error);
    }
    return true; // a Firefox that does not know the question: take its address at its word
  }
}

async function authorizationRequest(api, session, flow, kB) {
  const { client_id, state, scope, code_challenge } = flow;
  const data = (await api.scopedKeyData(session, client_id, scope))[OLDSYNC];
  if (!data?.keyRotationTimestamp) {
    throw new Problem("server", { detail: "scoped-key-data" });
  }
  const keys = { [OLDSYNC]: await syncKey(kB, data.keyRotationTimestamp) };
  return {
    client_id, state, scope, code_challenge,
    response_type: "code", access_type: "offline", code_challenge_method: "S256",
    keys_jwe: await encryptFor(recipientOf(flow), utf8(JSON.stringify(keys))),
  };
}

async function tell(channel, command, data) {
  try {
    return await channel.ask(command, data);
  } catch (cause) {
    const id = cause instanceof Refused ? "browser-refused" : cause instanceof NoChannel ? "no-channel" : "flow-lost";
    throw new Problem(id, { detail: cause.message }, cause);
  }
}
