// HAWK as Sync storage asks for it: a MAC over method and address, no hash of a body (this page only reads).

import { toBase64, utf8 } from "./bytes.js";

const PORT_OF = { "http:": "80", "https:": "443" };

/** A new nonce: 12 characters that need no quoting. */
const newNonce = () => toBase64(crypto.getRandomValues(new Uint8Array(9)));

/**
 * Makes the signer of one storage token.
 * @param id, key  of the token server's answer; the key's text itself is the key, it is not decoded
 * @returns sign(method, url, seconds, nonce): the Authorization header of a request at that time; the address
 *          is signed as URL writes it, which is how fetch() sends it
 */
export async function hawkSigner({ id, key }) {
  const macKey = await crypto.subtle.importKey("raw", utf8(key), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return async (method, url, seconds, nonce = newNonce()) => {
    const { pathname, search, hostname, port, protocol } = new URL(url);
    const lines = [
      "hawk.1.header", seconds, nonce, method, pathname + search, hostname.toLowerCase(), port || PORT_OF[protocol], "", "",
    ];
    const mac = await crypto.subtle.sign("HMAC", macKey, utf8(lines.map((line) => `${line}\n`).join("")));
    return `Hawk id="${id}", ts="${seconds}", nonce="${nonce}", mac="${toBase64(new Uint8Array(mac))}"`;
  };
}
