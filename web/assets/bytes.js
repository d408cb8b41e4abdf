// Bytes and the texts they travel as: UTF-8, hex, base64url, base64.

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** UTF-8 bytes of a text, exactly as it is: no trimming, no Unicode normalisation. */
export const utf8 = (text) => encoder.encode(text);

/** Text of UTF-8 bytes. Throws TypeError when they are not valid UTF-8. */
export const textOf = (bytes) => decoder.decode(bytes);

/** Lower-case hex. */
export const toHex = (bytes) =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** Bytes of a hex text. Throws RangeError on anything that is not an even number of hex digits. */
export function fromHex(text) {
  if (typeof text !== "string" || !/^(?:[0-9a-f]{2})*$/i.test(text)) {
    throw new RangeError("not hex");
  }
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  }
  return bytes;
}

/** base64url without padding: Firefox refuses padding. */
export const toBase64Url = (bytes) =>
  btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

/** Bytes of a base64url text without padding. Throws RangeError on any other character. */
export function fromBase64Url(text) {
  if (typeof text !== "string" || !/^[\w-]*$/.test(text) || text.length % 4 === 1) {
    throw new RangeError("not base64url");
  }
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

/** Standard base64 with padding. */
export const toBase64 = (bytes) => btoa(String.fromCharCode(...bytes));

/** Bytes of a standard base64 text with padding. Throws RangeError on anything else. */
export function fromBase64(text) {
  if (typeof text !== "string" || text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) {
    throw new RangeError("not base64");
  }
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = binary.charCodeAt(i);
  }
  return bytes;
}

/** One array of several. */
export function join(...parts) {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/** Byte-wise exclusive or. Throws RangeError when the lengths differ. */
export function xor(a, b) {
  if (a.length !== b.length) {
    throw new RangeError("lengths differ");
  }
  return a.map((byte, i) => byte ^ b[i]);
}
