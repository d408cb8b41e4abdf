// The invitation code. People open its link first and sign in from the Firefox menu afterwards, which
// opens the page anew and without the code; so it is kept until an account was made with it.

const KEY = "homespun.invite";

// Storage can be switched off in the browser; then the code lives as long as the page.
function withStorage(use) {
  try {
    return use(localStorage);
  } catch {
    return null;
  }
}

/** The code of the address, which is kept for later, or the kept one: {code, kept}; code may be null. */
export function findInvite(query) {
  const given = query.get("invite")?.trim();
  if (given) {
    withStorage((storage) => storage.setItem(KEY, given));
    return { code: given, kept: false };
  }
  return { code: withStorage((storage) => storage.getItem(KEY)), kept: true };
}

/** Drops the kept code. */
export const forgetInvite = () => withStorage((storage) => storage.removeItem(KEY));
