// The sessions that this page alone holds. Whoever leaves in the middle of signing in would leave one behind on the
// server for good: they end with the page.

import { sessionId } from "./keys.js";

export class HeldSessions {
  #api;
  #ids = new Set();

  constructor(api) {
    this.#api = api;
  }

  /** Takes charge of a session; to be called as soon as its token is known. @returns its id */
  async hold(sessionToken) {
    const id = await sessionId(sessionToken);
    this.#ids.add(id);
    return id;
  }

  /** Somebody else holds it from now on. */
  release(id) {
    this.#ids.delete(id);
  }

  /** Ends it on the server. Throws Problem; then the page's end tries again. */
  async end(id) {
    await this.#api.destroySession(id);
    this.release(id);
  }

  /** Best effort, where the person has heard a reason already: otherwise it ends by itself one day. */
  async drop(id) {
    try {
      await this.end(id);
    } catch {
      // see above
    }
  }

  /** Ends all without waiting, by requests that outlive the page. */
  endAll() {
    for (const id of this.#ids) {
      this.#api.destroySession(id, true).catch(() => {});
    }
    this.#ids.clear();
  }
}
