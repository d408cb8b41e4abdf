// From the password to the Sync key: every derivation the page needs.
//
// The password goes no further than stretchPassword(). What leaves this browser is authPW (the server
// stretches it once more) and, encrypted for Firefox alone, the Sync key.

import { fromHex, toBase64Url, toHex, utf8, xor } from "./bytes.js";

const NAMESPACE = "identity.mozilla.com/picl/v1/";
const SALT_PREFIX = `${NAMESPACE}quickStretchV2:`;
const ROUNDS = 650_000;

/** The scope whose key Firefox Sync encrypts with. */
export const OLDSYNC = "https://identity.mozilla.com/apps/oldsync";

/** HKDF-SHA-256 with the empty salt that all derivations of this protocol use. */
export async function hkdf(secret, info, length) {
  const key = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveBits"]);
  const parameters = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info: utf8(info) };
  return new Uint8Array(await crypto.subtle.deriveBits(parameters, key, 8 * length));
}

/** SHA-256 of bytes. */
export const sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));

/** A random salt for a new account or a new password, in the form the server stores and hands out. */
export const newClientSalt = () => SALT_PREFIX + toHex(crypto.getRandomValues(new Uint8Array(16)));

/** Whether a salt handed out by the server has the one form this page stretches with. */
export const isClientSalt = (salt) =>
  typeof salt === "string" && salt.startsWith(SALT_PREFIX) && /^[0-9a-f]{32}$/.test(salt.slice(SALT_PREFIX.length));

/**
 * Stretches a password (a tenth of a second on a fast computer, a second or two on a phone).
 * @param password    exactly as typed
 * @param clientSalt  of newClientSalt() or from the server; used verbatim
 * @returns {authPW, unwrapBKey}, 32 bytes each: the proof for the server, and the half of kB only we have
 */
export async function stretchPassword(password, clientSalt) {
  const key = await crypto.subtle.importKey("raw", utf8(password), "PBKDF2", false, ["deriveBits"]);
  const parameters = { name: "PBKDF2", hash: "SHA-256", salt: utf8(clientSalt), iterations: ROUNDS };
  const stretched = new Uint8Array(await crypto.subtle.deriveBits(parameters, key, 256));
  return {
    authPW: await hkdf(stretched, `${NAMESPACE}authPW`, 32),
    unwrapBKey: await hkdf(stretched, `${NAMESPACE}unwrapBkey`, 32), // the small k is the protocol's
  };
}

/** The id (hex) that stands for a session token in "Authorization: Bearer fxs_<id>". */
export async function sessionId(sessionToken) {
  return toHex((await hkdf(fromHex(sessionToken), `${NAMESPACE}sessionToken`, 96)).subarray(0, 32));
}

/**
 * What a key-fetch token stands for.
 * @returns {id, requestKey}: the id (hex) for "Authorization: Bearer fxk_<id>", and the key of the answer
 */
export async function keyFetchCredentials(keyFetchToken) {
  const derived = await hkdf(fromHex(keyFetchToken), `${NAMESPACE}keyFetchToken`, 96);
  return { id: toHex(derived.subarray(0, 32)), requestKey: derived.slice(64) };
}

/**
 * Opens the bundle of GET /account/keys.
 * @returns {kA, wrapKB}, 32 bytes each
 * @throws Error when the bundle was not made for this token or was changed on the way
 */
export async function openKeyBundle(bundle, requestKey) {
  const bytes = fromHex(bundle);
  if (bytes.length !== 96) {
    throw new Error("key bundle: wrong length");
  }
  const sealed = bytes.subarray(0, 64);
  const derived = await hkdf(requestKey, `${NAMESPACE}account/keys`, 96);
  const hmacKey = await crypto.subtle.importKey(
    "raw", derived.subarray(0, 32), { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
  if (!(await crypto.subtle.verify("HMAC", hmacKey, bytes.subarray(64), sealed))) {
    throw new Error("key bundle: wrong check sum");
  }
  const open = xor(sealed, derived.subarray(32));
  return { kA: open.slice(0, 32), wrapKB: open.slice(32) };
}

/**
 * The Sync key in the form Firefox takes it in.
 * @param kB         wrapKB XOR unwrapBKey
 * @param rotatedAt  keyRotationTimestamp of the server, milliseconds; never divided for this scope
 */
export async function syncKey(kB, rotatedAt) {
  const fingerprint = (await sha256(kB)).subarray(0, 16);
  return {
    kty: "oct",
    scope: OLDSYNC,
    kid: `${rotatedAt}-${toBase64Url(fingerprint)}`,
    k: toBase64Url(await hkdf(kB, `${NAMESPACE}oldsync`, 64)),
  };
}
