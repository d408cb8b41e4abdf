// Sync's keys and what they open: the envelope every record comes in. AES-256-CBC, and an HMAC-SHA-256 over
// the base64 text of the ciphertext, checked before anything is decrypted.

import { fromBase64, fromHex, textOf, utf8 } from "./bytes.js";

/** A record that cannot be read. `reason` is a key of texts.js's unreadable. */
export class Unreadable extends Error {
  constructor(reason, cause = undefined) {
    super(reason, { cause });
    this.reason = reason;
  }
}

/** Keys of 32 bytes each, ready for use. */
export async function keyPair(encryptionKey, hmacKey) {
  if (encryptionKey.length !== 32 || hmacKey.length !== 32) {
    throw new RangeError("a Sync key has 32 bytes");
  }
  return {
    opens: await crypto.subtle.importKey("raw", encryptionKey, "AES-CBC", false, ["decrypt"]),
    seals: await crypto.subtle.importKey("raw", hmacKey, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]),
  };
}

function envelopeOf(payload) {
  try {
    const { ciphertext, IV, hmac } = JSON.parse(payload);
    const envelope = { sealed: utf8(ciphertext), hmac: fromHex(hmac), iv: fromBase64(IV), bytes: fromBase64(ciphertext) };
    if (envelope.iv.length !== 16) {
      throw new RangeError("an IV has 16 bytes");
    }
    return envelope;
  } catch (cause) {
    throw new Unreadable("malformed", cause);
  }
}

/**
 * Opens the payload of a record.
 * @param keys     of keyPair()
 * @param record   {id, payload} as storage delivers it; nothing about it is trusted
 * @returns the record's content, an object whose `id` is the record's: a seal says nothing about the place
 *          it was meant for, so a payload under another id is refused
 * @throws Unreadable
 */
export async function openRecord(keys, { id, payload }) {
  const { sealed, hmac, iv, bytes } = envelopeOf(payload);
  if (!(await crypto.subtle.verify("HMAC", keys.seals, hmac, sealed))) {
    throw new Unreadable("forged");
  }
  let content;
  try {
    const opened = await crypto.subtle.decrypt({ name: "AES-CBC", iv }, keys.opens, bytes);
    content = JSON.parse(textOf(new Uint8Array(opened)));
  } catch (cause) {
    throw new Unreadable("malformed", cause);
  }
  if (content === null || typeof content !== "object" || Array.isArray(content)) {
    throw new Unreadable("malformed");
  }
  if (content.id !== id) {
    throw new Unreadable("misplaced");
  }
  return content;
}

const pairOf = ([encryption, hmac]) => keyPair(fromBase64(encryption), fromBase64(hmac));

/**
 * The keys of the collections, out of the record crypto/keys.
 * @param syncKey  64 bytes: the k of keys.js's syncKey()
 * @returns keysOf(collection)
 * @throws Unreadable
 */
export async function openCollectionKeys(syncKey, record) {
  const content = await openRecord(await keyPair(syncKey.subarray(0, 32), syncKey.subarray(32)), record);
  try {
    const usual = await pairOf(content.default);
    const own = new Map();
    for (const [collection, pair] of Object.entries(content.collections ?? {})) {
      own.set(collection, await pairOf(pair));
    }
    return (collection) => own.get(collection) ?? usual;
  } catch (cause) {
    throw new Unreadable("malformed", cause);
  }
}
