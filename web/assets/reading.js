// Opening many records without the page standing still: after some milliseconds of work, whatever else the
// page has to do gets its turn.

import { openRecord, Unreadable } from "./sync_keys.js";

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
