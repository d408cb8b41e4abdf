// The WebChannel: how a page and Firefox itself talk. Events on the window carry the messages; Firefox
// answers only to the origin it regards as its accounts server.

const CHANNEL_ID = "account_updates";

/** Firefox knows no channel for this origin: sign-in was never started from its menu. */
export class NoChannel extends Error {}

/** Nobody answered in time: most likely not Firefox. */
export class NoAnswer extends Error {}

/** Firefox answered that the command failed; the message is Firefox's. */
export class Refused extends Error {}

export class BrowserChannel {
  #target;
  #detailAsObject;
  #waiting = new Map(); // messageId -> {resolve, reject}
  #sent = 0;

  /**
   * @param target          where the events go and come: the window
   * @param detailAsObject  Firefox for iOS takes the message as an object, all others as JSON text
   */
  constructor(target = window, detailAsObject = navigator.userAgent.includes("FxiOS")) {
    this.#target = target;
    this.#detailAsObject = detailAsObject;
    target.addEventListener("WebChannelMessageToContent", (event) => this.#receive(event.detail));
  }

  /**
   * Sends a command and waits for its answer.
   * @param patience  milliseconds. None by default: Firefox may be waiting for a person (a question in a
   *                  window of its own) or for a server that does not answer.
   * @returns the answer's data
   * @throws NoChannel, NoAnswer, Refused
   */
  ask(command, data = {}, patience = Infinity) {
    const messageId = `${Date.now()}.${++this.#sent}`;
    return new Promise((resolve, reject) => {
      const timer = Number.isFinite(patience) &&
        setTimeout(() => this.#settle(messageId, "reject", new NoAnswer(command)), patience);
      this.#waiting.set(messageId, { resolve, reject, timer });
      const message = { id: CHANNEL_ID, message: { command, data, messageId } };
      const detail = this.#detailAsObject ? message : JSON.stringify(message);
      this.#target.dispatchEvent(new CustomEvent("WebChannelMessageToChrome", { detail }));
    });
  }

  #settle(messageId, how, value) {
    const waiter = this.#waiting.get(messageId);
    if (waiter) {
      clearTimeout(waiter.timer);
      this.#waiting.delete(messageId);
      waiter[how](value);
    }
  }

  #receive(detail) {
    let envelope = detail;
    if (typeof detail === "string") {
      try {
        envelope = JSON.parse(detail);
      } catch {
        return; // not for us: nothing that is no JSON belongs to this channel
      }
    }
    if (envelope?.id !== CHANNEL_ID || !envelope.message) {
      return;
    }
    const { messageId, data, errno, error } = envelope.message;
    if (errno) {
      // This answer names no message. Firefox handles one after the other, and what holds for one of
      // them (no channel for this origin) holds for all.
      for (const id of [...this.#waiting.keys()]) {
        this.#settle(id, "reject", new NoChannel(error));
      }
    } else if (data?.error) {
      this.#settle(messageId, "reject", new Refused(data.error.message ?? String(data.error)));
    } else {
      this.#settle(messageId, "resolve", data ?? {});
    }
  }
}
