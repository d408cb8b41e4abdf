// What records are sealed with, against envelopes made with Python's hmac and OpenSSL's AES, and the signature
// of the Sync sheet's HAWK vector.

import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { test } from "node:test";

globalThis.crypto ??= webcrypto; // Node 18

const { fromBase64, fromBase64Url, toBase64 } = await import("./assets/bytes.js");
const { hawkSigner } = await import("./assets/hawk.js");
const { openAll } = await import("./assets/reading.js");
const { keyPair, openCollectionKeys, openRecord, Unreadable } = await import("./assets/sync_keys.js");

// The Sync key of keys.test.mjs, and keys of counted bytes: 0 to 63 the usual ones, 64 to 127 those of tabs.
const SYNC_KEY = fromBase64Url("LKbuhCCuNa8cPdiBqnGzJMO_mqh5K6yUkfOKRL3X07kZ35YHuAItwvgAfMQoV_n7WmxidLzweBWh-bQxgXYsfQ");
const count = (from, length) => Uint8Array.from({ length }, (_, i) => from + i);
const KEYS = JSON.stringify({
  ciphertext:
    "JaskxFsS+91lujZqGNG62wNRp1FsJSaFL49KI3d1zpCorVCfAVzZFryPFUZrwofR2MYzPXu87XYmL5/SQFJHqLKDVtbLZSsfu8VQ" +
    "SGIK5KysqkvQ7K5t7cujWPeBdrEU3IUio8A9mGnXB5lkxPWmQdKwrB3eXqLzozE8g2tTtw2u+gMximCYxIIZMIGK+KTZUQ3HIl6c" +
    "F+4DMu00pa5qQZAby0WUnbw/vKveLfa8TftI0SUK8ZS0B1YlYlLS8B3R9J+kV3n5KBdtoau3Bq8d6TPYFXKDr/xWFjkQyfsRxZpK" +
    "tTq2xuXxtt+O+NY/uO/lHm80Qz7hYSKnpaI8RjRL8u3S95kRWvDMK80Cs57gAYI=",
  IV: "oKGio6SlpqeoqaqrrK2urw==",
  hmac: "38298d06f0bccbbccabb120ae7fe9cb87459eb55edb60667195df0cb62c08f24",
});
const BOOKMARK = JSON.stringify({
  ciphertext:
    "CMk4aoX4seZuZIx/cl2GC/xJgaUTZKIX/YHX0jZFJy+kr6tmXOWCY0juqCx+eGBEb3NztZ8/45w0cGRCvM3Q75CsdtWepwd+XZiN" +
    "kNZ8whk=",
  IV: "oKGio6SlpqeoqaqrrK2urw==",
  hmac: "79e83c8ebd3275b430dfcfb97e2be490c488296ee8e284eaf301aa4fe72bba5a",
});
const TABS = JSON.stringify({
  ciphertext:
    "9q1Rjg7ucdDh1T/G48xctbBgXoMf5l+Y0ox/b4qc/my7dxrANlfuhkWYeydOfKgP",
  IV: "oKGio6SlpqeoqaqrrK2urw==",
  hmac: "475d4665b2024f3ee8caf714364ed8a433119f24e10c611d7baad5233fad92e5",
});

const usual = () => keyPair(count(0, 32), count(32, 32));
const because = (reason) => (error) => error instanceof Unreadable && error.reason === reason;
/** An envelope with a part of it replaced. */
const changed = (payload, change) => JSON.stringify({ ...JSON.parse(payload), ...change });

test("the keys of collections, and what they open", async () => {
  const keysOf = await openCollectionKeys(SYNC_KEY, { id: "keys", payload: KEYS });
  const bookmark = await openRecord(keysOf("bookmarks"), { id: "wool", payload: BOOKMARK });
  assert.deepEqual(bookmark, { id: "wool", type: "bookmark", title: "Wolle ä🧶" });
  assert.deepEqual(await openRecord(keysOf("tabs"), { id: "laptop", payload: TABS }), { id: "laptop", clientName: "L" });
  await assert.rejects(openRecord(keysOf("history"), { id: "laptop", payload: TABS }), because("forged"));
});

test("crypto/keys of another account", async () => {
  const other = Uint8Array.from(SYNC_KEY, (byte) => byte ^ 1);
  await assert.rejects(openCollectionKeys(other, { id: "keys", payload: KEYS }), because("forged"));
});

test("crypto/keys without keys in it", async () => {
  // Sealed with the keys it is opened with, so all is well but what it says.
  const own = new Uint8Array([...count(0, 64)]);
  await assert.rejects(openCollectionKeys(own, { id: "wool", payload: BOOKMARK }), because("malformed"));
});

test("every change of a sealed record is seen", async () => {
  const keys = await usual();
  const { ciphertext, hmac } = JSON.parse(BOOKMARK);
  for (let at = 0; at < ciphertext.length; at += 7) {
    const other = ciphertext[at] === "A" ? "B" : "A";
    const payload = changed(BOOKMARK, { ciphertext: ciphertext.slice(0, at) + other + ciphertext.slice(at + 1) });
    await assert.rejects(openRecord(keys, { id: "wool", payload }), because("forged"), `character ${at}`);
  }
  for (const wrong of ["00".repeat(32), hmac.slice(2), ""]) {
    await assert.rejects(openRecord(keys, { id: "wool", payload: changed(BOOKMARK, { hmac: wrong }) }), because("forged"), wrong);
  }
});

test("a record under another's id", async () => {
  await assert.rejects(openRecord(await usual(), { id: "silk", payload: BOOKMARK }), because("misplaced"));
});

test("what is no envelope", async () => {
  const keys = await usual();
  const payloads = [
    undefined, null, 7, "", "{", "null", "[]", "{}", '"text"', "{\"ciphertext\":{},\"IV\":[],\"hmac\":1}",
    changed(BOOKMARK, { IV: "oKGio6Slpqc=" }), changed(BOOKMARK, { IV: 16 }), changed(BOOKMARK, { hmac: "zz" }),
    changed(BOOKMARK, { ciphertext: "ä" }),
  ];
  for (const payload of payloads) {
    await assert.rejects(openRecord(keys, { id: "wool", payload }), because("malformed"), String(payload));
  }
});

test("a wrong IV is none of the seal's business, but what comes out is no record", async () => {
  const payload = changed(BOOKMARK, { IV: toBase64(new Uint8Array(16)) });
  await assert.rejects(openRecord(await usual(), { id: "wool", payload }), because("malformed"));
});

test("many records: those that can be read in their order, the others told", async () => {
  const records = Array.from({ length: 120 }, (_, i) => ({ id: i % 3 ? "wool" : `other-${i}`, payload: BOOKMARK }));
  const read = [];
  const unreadable = await openAll(await usual(), records, (content) => read.push(content.id));
  assert.deepEqual(read, Array(80).fill("wool"));
  assert.equal(unreadable.length, 40);
  assert.deepEqual(unreadable[1], { id: "other-3", reason: "misplaced" });
});

test("HAWK", async () => {
  const sign = await hawkSigner({ id: "token", key: "ps7ePdEV24J5W45Sq22xGMpcyuRGclLmRItVD6QLBdI=" });
  const url = "http://127.0.0.1:8000/1.5/42/storage/bookmarks?full=1&ids=a%2Cb";
  assert.equal(await sign("GET", url, 1700000000, "abc123"),
    'Hawk id="token", ts="1700000000", nonce="abc123", mac="zvylBXvpLp4rZ90y9evzEhRQPS2DKU+hRGXJ0Yqygao="');
  const nonces = await Promise.all([1, 2].map(async () => /nonce="([^"]+)"/.exec(await sign("GET", url, 1))[1]));
  assert.notEqual(nonces[0], nonces[1]);
  const explicit = await sign("GET", "https://sync.example:443/a", 1, "n");
  assert.equal(explicit, await sign("GET", "https://SYNC.example/a", 1, "n"), "the port of https, the host in small letters");
  assert.notEqual(explicit, await sign("GET", "https://sync.example:8443/a", 1, "n"));
});

test("base64 has its padding and nothing else", () => {
  assert.equal(toBase64(Uint8Array.of(255, 239)), "/+8=");
  assert.deepEqual(fromBase64("/+8="), Uint8Array.of(255, 239));
  for (const text of ["_-8=", "/+8", "a===", " /+8", 8]) {
    assert.throws(() => fromBase64(text), RangeError, String(text));
  }
});
