// The calls of the accounts server, one function each. JSON both ways, this origin only.

import { Problem, problemOfAnswer } from "./problems.js";

const PATIENCE = 60_000; // the server queues the expensive stretching of passwords

/**
 * @param base     where they are at this origin: the server writes it into the page, as data-accounts
 * @param fetcher  fetch() or a stand-in for tests
 * Every function resolves to the answer's JSON and throws a Problem otherwise: `network` when there was no
 * answer, else what the server's errno says. Sessions are given by id, see keys.js.
 */
export function accountsApi(base = document.documentElement.dataset.accounts, fetcher = (...call) => fetch(...call)) {
  async function call(method, path, { body, bearer, keepalive = false } = {}) {
    const headers = { Accept: "application/json" };
    if (body !== undefined) {
      headers["Content-Type"] = "application/json";
    }
    if (bearer) {
      headers.Authorization = `Bearer ${bearer}`;
    }
    let response;
    let text;
    try {
      response = await fetcher(base + path, {
        method, headers, keepalive, body: body && JSON.stringify(body),
        cache: "no-store", credentials: "omit", redirect: "error", referrerPolicy: "no-referrer",
        signal: AbortSignal.timeout(PATIENCE),
      });
      text = await response.text();
    } catch (cause) {
      throw new Problem("network", {}, cause);
    }
    let json = null;
    try {
      json = JSON.parse(text);
    } catch {
      // Not ours to explain: a proxy in between may answer with a page of its own.
    }
    if (!response.ok || json === null || json.error) {
      throw problemOfAnswer(response.status, json);
    }
    return json;
  }
  const session = (id) => `fxs_${id}`;

  return {
    /** Whether an account may be made, and why: {open, reason}. */
    signupStatus: (invite) =>
      call("GET", `/account/create/status${invite ? `?invite=${encodeURIComponent(invite)}` : ""}`),
    /** The salt to stretch with. The same kind of answer for an address nobody has an account for. */
    credentialsStatus: (email) => call("POST", "/account/credentials/status", { body: { email } }),
    create: (account) => call("POST", "/account/create?keys=true", { body: { ...account, version: 2 } }),
    login: (account) => call("POST", "/account/login?keys=true", { body: { ...account, version: 2 } }),
    /** {bundle}; the key-fetch id is good for one call. */
    keys: (keyFetchId) => call("GET", "/account/keys", { bearer: `fxk_${keyFetchId}` }),
    scopedKeyData: (id, client_id, scope) =>
      call("POST", "/account/scoped-key-data", { body: { client_id, scope }, bearer: session(id) }),
    /** An OAuth access token of a session: {access_token}. It ends with the session. */
    accessToken: (id, client_id, scope) =>
      call("POST", "/oauth/token", {
        body: { grant_type: "fxa-credentials", client_id, scope, ttl: 600 }, bearer: session(id),
      }),
    authorize: (id, request) => call("POST", "/oauth/authorization", { body: request, bearer: session(id) }),
    /** `keepalive` lets the call outlive the page. */
    destroySession: (id, keepalive = false) =>
      call("POST", "/session/destroy", { body: {}, bearer: session(id), keepalive }),
    devices: (id) => call("GET", "/account/devices", { bearer: session(id) }),
  };
}
