// What can go wrong, as far as a person can do something about it. The ids are the values of data-error on
// #status; texts.js has a text for each of them.

/** An end of the flow that has a text of its own. `facts` are what the text needs, such as `seconds`. */
export class Problem extends Error {
  constructor(id, facts = {}, cause = undefined) {
    super(id, { cause });
    this.id = id;
    this.facts = facts;
  }
}

/** The person said no in a window of Firefox. Not an error. */
export class Cancelled extends Error {}

const BY_ERRNO = new Map([
  [101, "account-exists"],
  [102, "wrong-password"], // an unknown account and a wrong password are one text: nobody learns who is here
  [103, "wrong-password"],
  [107, "bad-email"], // the only parameter a person has typed that arrives as typed
  [114, "throttled"],
  [901, "signup-closed"],
  [902, "bad-invite"],
]);

/** The Problem of an error answer: its HTTP status and its JSON body, or null when that was no JSON. */
export function problemOfAnswer(status, body) {
  const errno = body?.errno;
  const id = status === 429 ? "throttled" : status < 500 && BY_ERRNO.get(errno);
  return new Problem(id || "server", {
    seconds: Number(body?.retryAfter) || undefined,
    detail: errno === undefined ? `${status}` : `${status}/${errno}`,
    errno,
    email: body?.email,
  });
}
