// From address and password to a session on the server and to kB, for every page that signs somebody in.

import { toHex, xor } from "./bytes.js";
import { isClientSalt, keyFetchCredentials, openKeyBundle, stretchPassword } from "./keys.js";
import { Problem } from "./problems.js";

/**
 * Signs in at the server.
 * @param step  called with the name of each step for the person who waits
 * @returns {account, spelling, unwrapBKey}: the server's answer (with sessionToken and keyFetchToken), the
 *          address as the server spells it, and the half of kB that never leaves this browser
 * @throws Problem
 */
export async function logIn(api, { email, password }, step) {
  step("stretching");
  const { clientSalt } = await api.credentialsStatus(email);
  if (!isClientSalt(clientSalt)) {
    throw new Problem("server", { detail: "clientSalt" });
  }
  const { authPW, unwrapBKey } = await stretchPassword(password, clientSalt);
  step("checking");
  return { ...(await withServersSpelling(api, email, toHex(authPW))), unwrapBKey };
}

async function withServersSpelling(api, email, authPW) {
  try {
    return { account: await api.login({ email, authPW }), spelling: email };
  } catch (error) {
    const spelling = error.facts?.email;
    if (error.facts?.errno !== 120 || !spelling || spelling === email) {
      throw error;
    }
    return { account: await api.login({ email: spelling, authPW }), spelling };
  }
}

/** kB, of the key-fetch token of an account that has just been made or signed in to. Throws Problem. */
export async function fetchKB(api, keyFetchToken, unwrapBKey) {
  const { id, requestKey } = await keyFetchCredentials(keyFetchToken);
  const { bundle } = await api.keys(id);
  try {
    return xor((await openKeyBundle(bundle, requestKey)).wrapKB, unwrapBKey);
  } catch (cause) {
    throw new Problem("server", { detail: "keys" }, cause);
  }
}
