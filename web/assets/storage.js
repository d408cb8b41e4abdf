// Reading a person's records from the storage: a token for it, signed requests, collections page by page.
// Only at this origin: the page's policy lets it ask nobody else, and nobody else should see the token.

import { hawkSigner } from "./hawk.js";
import { OLDSYNC } from "./keys.js";
import { Problem } from "./problems.js";

const PATIENCE = 60_000;
/** The client id this page goes by: what it reads is Firefox's. */
export const FIREFOX = "5882386c6d801776";

const fetchHere = (...call) => fetch(...call);

async function ask(fetcher, url, headers) {
  try {
    const response = await fetcher(url, {
      headers: { Accept: "application/json", ...headers },
      cache: "no-store", credentials: "omit", redirect: "error", referrerPolicy: "no-referrer",
      signal: AbortSignal.timeout(PATIENCE),
    });
    return { response, text: await response.text() };
  } catch (cause) {
    throw new Problem("network", {}, cause);
  }
}

function jsonOf({ response, text }, what) {
  try {
    if (response.ok) {
      return JSON.parse(text);
    }
  } catch {
    // said below
  }
  const seconds = Number(response.headers.get("Retry-After")) || undefined;
  throw new Problem(response.status === 429 ? "throttled" : "server", { seconds, detail: `${what}: ${response.status}` });
}

/** Throws the Problem `elsewhere` when an address is none of this origin. */
function expectHere(address, origin) {
  let there;
  try {
    there = new URL(address).origin;
  } catch (cause) {
    throw new Problem("server", { detail: "address" }, cause);
  }
  if (there !== origin) {
    throw new Problem("elsewhere", { there });
  }
}

/**
 * Gets a token for the storage.
 * @param who      {session, keyId}: ids of the session and, as X-KeyID wants it, of the Sync key
 * @param origin   this page's
 * @returns {id, key, endpoint, ahead}: `ahead` is by how many seconds the server's clock is
 * @throws Problem; `elsewhere` when token server or storage are at another origin
 */
export async function storageToken(api, who, origin, fetcher = fetchHere) {
  const places = jsonOf(await ask(fetcher, `${origin}/.well-known/fxa-client-configuration`), "configuration");
  const server = places.sync_tokenserver_base_url;
  expectHere(server, origin);
  const { access_token } = await api.accessToken(who.session, FIREFOX, OLDSYNC);
  const answer = await ask(
    fetcher, `${server}/1.0/sync/1.5`, { Authorization: `Bearer ${access_token}`, "X-KeyID": who.keyId });
  const { id, key, api_endpoint } = jsonOf(answer, "token");
  expectHere(api_endpoint, origin);
  const theirs = Number(answer.response.headers.get("X-Timestamp"));
  return { id, key, endpoint: api_endpoint, ahead: theirs ? theirs - Math.floor(Date.now() / 1000) : 0 };
}

export class RecordStore {
  #newToken;
  #fetcher;
  #token = null;

  /** @param newToken  async function, for the first request and whenever the storage refuses a token */
  constructor(newToken, fetcher = fetchHere) {
    this.#newToken = newToken;
    this.#fetcher = fetcher;
  }

  async #request(path) {
    if (!this.#token) {
      const token = await this.#newToken();
      this.#token = { ...token, sign: await hawkSigner(token) };
    }
    const { endpoint, sign, ahead } = this.#token;
    const url = endpoint + path;
    return ask(this.#fetcher, url, { Authorization: await sign("GET", url, Math.floor(Date.now() / 1000) + ahead) });
  }

  async #get(path) {
    const answer = await this.#request(path);
    if (answer.response.status !== 401) {
      return answer;
    }
    this.#token = null; // tokens end; a second refusal means something
    return this.#request(path);
  }

  /** One record, or null when there is none. Throws Problem. */
  async record(collection, id) {
    const answer = await this.#get(`/storage/${collection}/${encodeURIComponent(id)}`);
    return answer.response.status === 404 ? null : jsonOf(answer, collection);
  }

  /** How many records each collection has. Throws Problem. */
  async counts() {
    return jsonOf(await this.#get("/info/collection_counts"), "counts");
  }

  /**
   * A page of a collection, newest first.
   * @param offset  `next` of the page before, "" for the first
   * @returns {records, next}; next is "" on the last page
   * @throws Problem
   */
  async page(collection, limit, offset = "") {
    const query = new URLSearchParams({ full: "1", sort: "newest", limit, ...(offset && { offset }) });
    const answer = await this.#get(`/storage/${collection}?${query}`);
    const records = jsonOf(answer, collection);
    if (!Array.isArray(records)) {
      throw new Problem("server", { detail: collection });
    }
    return { records, next: answer.response.headers.get("X-Weave-Next-Offset") ?? "" };
  }
}
