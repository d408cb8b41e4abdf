// Reading a collection page by page, and opening many records without the page standing still: after some
// milliseconds of work, whatever else it has to do gets its turn.

import { Problem } from "./problems.js";
import { openRecord, Unreadable } from "./sync_keys.js";

const AT_ONCE = 500; // records of one answer
const BATCH = 50;
const AT_A_TIME = 12; // milliseconds; a picture on the screen lasts 16

const breathe = () => new Promise((resolve) => setTimeout(resolve));

/**
 * Opens records.
 * @param use  called with each content, in the order of the records
 * @returns the records that cannot be read: [{id, reason}]
 */
export async function openAll(keys, records, use) {
  const unreadable = [];
  let began = performance.now();
  for (let at = 0; at < records.length; at += BATCH) {
    const opened = await Promise.all(records.slice(at, at + BATCH).map((record) => openOrTell(keys, record)));
    for (const { content, failure } of opened) {
      if (failure) {
        unreadable.push(failure);
      } else {
        use(content);
      }
    }
    if (performance.now() - began > AT_A_TIME) {
      await breathe();
      began = performance.now();
    }
  }
  return unreadable;
}

async function openOrTell(keys, record) {
  try {
    return { content: await openRecord(keys, record) };
  } catch (error) {
    if (!(error instanceof Unreadable)) {
      throw error;
    }
    return { failure: { id: String(record.id), reason: error.reason } };
  }
}

/** What has been read of one collection. The storage may deliver a record twice while others write to it. */
export class Reading {
  #next = "";
  #offsets = new Set();
  #seen = new Set();

  constructor(collection, { store, keysOf }) {
    this.collection = collection;
    this.store = store;
    this.keysOf = keysOf;
    this.contents = [];
    this.unreadable = [];
    this.begun = false;
  }

  get read() {
    return this.#seen.size;
  }

  get complete() {
    return this.begun && !this.#next;
  }

  async readPage() {
    const { records, next } = await this.store.page(this.collection, AT_ONCE, this.#next);
    const fresh = records.filter(({ id }) => !this.#seen.has(id));
    fresh.forEach(({ id }) => this.#seen.add(id));
    const failed = await openAll(this.keysOf(this.collection), fresh, (content) => this.contents.push(content));
    this.unreadable.push(...failed);
    this.begun = true;
    this.#next = "";
    if (next && (!fresh.length || this.#offsets.has(next))) { // what there is was read, and no more will come
      throw new Problem("server", { detail: `${this.collection}: the pages lead in a circle` });
    }
    this.#offsets.add(next);
    this.#next = next;
  }

  async readAll(progress) {
    while (!this.complete) {
      await this.readPage();
      progress?.();
    }
  }
}
