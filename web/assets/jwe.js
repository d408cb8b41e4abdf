// Encryption for Firefox alone: compact JWE, ECDH-ES on P-256, A256GCM.

import { join, toBase64Url, utf8 } from "./bytes.js";
import { sha256 } from "./keys.js";

const CURVE = { name: "ECDH", namedCurve: "P-256" };
const TAG_LENGTH = 16;

function uint32(number) {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
}

// Concat KDF of one round, without the parties' names: Firefox leaves apu and apv out, so must we.
function contentKey(sharedSecret) {
  const algorithm = utf8("A256GCM");
  return sha256(join(
    uint32(1), sharedSecret, uint32(algorithm.length), algorithm, uint32(0), uint32(0), uint32(256)));
}

/**
 * Encrypts bytes for the owner of a public P-256 key.
 * @param recipient  JWK; only crv, kty, x and y of it are used
 * @returns the compact form, five parts of which the second is empty
 * @throws whatever WebCrypto throws when the JWK is no P-256 key
 */
export async function encryptFor(recipient, bytes) {
  const { x, y } = recipient;
  const theirs = await crypto.subtle.importKey("jwk", { kty: "EC", crv: "P-256", x, y }, CURVE, false, []);
  const ours = await crypto.subtle.generateKey(CURVE, false, ["deriveBits"]);
  const shared = await crypto.subtle.deriveBits({ name: "ECDH", public: theirs }, ours.privateKey, 256);
  const key = await crypto.subtle.importKey(
    "raw", await contentKey(new Uint8Array(shared)), "AES-GCM", false, ["encrypt"]);

  const point = await crypto.subtle.exportKey("jwk", ours.publicKey);
  const epk = { kty: "EC", crv: "P-256", x: point.x, y: point.y };
  const header = toBase64Url(utf8(JSON.stringify({ alg: "ECDH-ES", enc: "A256GCM", epk })));
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const sealed = new Uint8Array(await crypto.subtle.encrypt(
    { name: "AES-GCM", iv, additionalData: utf8(header), tagLength: 8 * TAG_LENGTH }, key, bytes));
  const text = sealed.subarray(0, -TAG_LENGTH);
  const tag = sealed.subarray(-TAG_LENGTH);
  return [header, "", toBase64Url(iv), toBase64Url(text), toBase64Url(tag)].join(".");
}
