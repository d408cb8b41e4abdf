// Every text people read, in one table. Backticks mark what is typed or shown literally.
//
// A message is {title, lines, steps, link}: a sentence, paragraphs, a numbered list, one address to go to
// ({href, text}). All but the title may be missing. `facts` of the functions: see factsOf().

/** What texts may mention: the server's address as the browser shows it. */
export const factsOf = (location) => ({
  origin: location.origin,
  host: location.host,
  hostname: location.hostname,
  port: location.port && `:${location.port}`,
  plainHttp: location.protocol === "http:",
});

/** Labels and prose of the pages: the value of data-text on an element. */
export const labels = {
  "brand": "Homespun",
  "brand-line": "Your own Firefox Sync",
  "email": "E-mail",
  "password": "Password",
  "password-repeat": "Password once more",
  "password-hint":
    "At least 8 characters; a few random words make a good one. It also locks your data: nobody can " +
    "recover it for you, so keep it where you will find it again.",
  "show": "Show",
  "hide": "Hide",
  "show-password": "Show password",
  "hide-password": "Hide password",
  "to-signup": "Create an account",
  "to-signin": "Sign in instead",
  "ask-signup": "No account on this server yet?",
  "ask-signin": "Already have an account here?",
  "privacy":
    "Your password is used in this browser only. The server gets a value computed from it, and your synced " +
    "data encrypted.",
  "copy": "Copy",
  "copied": "Copied",
  "type-string": "String",
  "type-boolean": "Boolean",
  "account": "Your account",
  "signed-in-as": "Signed in as",
  "devices": "Devices",
  "this-device": "this one",
  "no-devices": "No device has registered yet.",
  "unnamed-device": "Unnamed device",
  "connect": "Connect another device",
  "connect-intro": "For Firefox on a computer:",
  "sign-out": "Sign out",
  "sign-out-text":
    "Open the Firefox menu ☰, choose your account at the top, then “Sign out”. Bookmarks, passwords and " +
    "everything else stay on the computer unless you tell Firefox to delete them.",
  "records": "Look at what is synced",
  "records-text": "Your bookmarks, open tabs and history, decrypted in the browser you look with. It asks for your password.",
  "records-link": "Bookmarks, tabs and history",
  "records-privacy":
    "Your password and your keys stay in this page and are forgotten when you sign out, reload or close it.",
  "bookmarks": "Bookmarks",
  "tabs": "Tabs",
  "history": "History",
  "search": "Search in what is loaded",
  "forget": "Sign out",
  "more": "Show more",
  "load-all": "Load everything",
  "no-title": "(no title)",
  "nothing-found": "Nothing of what is loaded has this in its title or address.",
};

/** What the sign-in page is headed with: per mode, for special cases of sign-up, and where there is no form. */
export const headings = {
  signin: { title: "Sign in", submit: "Sign in", intro: "Sign in to sync this Firefox." },
  signup: { title: "Create your account", submit: "Create account", intro: "One account keeps all your Firefoxes in step." },
  first: {
    title: "Create the first account", submit: "Create account",
    intro: "Nobody has an account on this server yet. Start with yours.",
  },
  "signed-in": { title: "You are signed in", submit: "Sign in", intro: "" },
  connected: { title: "All set", submit: "Sign in", intro: "" },
  "account-made": { title: "One more step", submit: "Sign in", intro: "" },
  records: { title: "What is synced", submit: "Sign in", intro: "Sign in to look at your bookmarks, tabs and history." },
  invited: { title: "You are invited", submit: "Create account", intro: "Make your account on this server." },
};

// Preferences a Firefox needs to find this server: [{name, type, value}].
function preferences({ origin, plainHttp }) {
  const list = [{ name: "identity.fxaccounts.autoconfig.uri", type: "type-string", value: origin }];
  if (plainHttp) {
    list.push({ name: "identity.fxaccounts.allowHttp", type: "type-boolean", value: "true" });
  }
  return list;
}

/** How to point a Firefox at this server and sign in, as steps. */
export const connectSteps = (facts) => [
  "Type `about:config` into the address bar and accept the warning.",
  ...preferences(facts).map(({ name, type, value }) =>
    `Search for \`${name}\`. If it is not there, choose ${labels[type]} and press +. Set it to \`${value}\`.`),
  "Open the Firefox menu ☰ and choose “Sign in”.",
];

/** What is going on, for the person who waits; the steps of flow.js. */
export const working = {
  "asking": "Asking Firefox. It may put a question to you in a window of its own.",
  "browser": "Looking for Firefox…",
  "stretching": "Turning your password into keys…",
  "creating": "Making your account…",
  "checking": "Checking your password…",
  "keys": "Fetching your keys…",
  "handing-over": "Handing over to Firefox. This can take some seconds…",
  "devices": "Fetching your devices…",
  "reading": "Fetching and decrypting your records…",
};

/** Hints while nothing is wrong. */
export const hints = {
  "invite-without-browser": (facts) => ({
    title: "You can make your account here and now.",
    lines: [`Connecting Firefox to \`${facts.host}\` comes right after; this page will tell you how.`],
  }),
  "signed-in": (facts) => ({
    title: `This Firefox is signed in as ${facts.email}.`,
    lines: ["To use another account here, sign out in the Firefox menu first."],
    link: { href: "/settings", text: "See your account and devices" },
  }),
  "sign-in-again": () => ({ title: "Firefox asks you to sign in again.", lines: ["Nothing on this computer is lost."] }),
};

/** Ends that are no errors. */
export const ends = {
  "connected": () => ({
    title: "Signed in. Firefox is syncing.",
    lines: ["You can close this tab. On a second computer, sign in with the same e-mail and password."],
    link: { href: "/connect_another_device", text: "How to connect another device" },
  }),
  "account-made": (facts) => ({
    title: "Your account is made. Now connect Firefox:",
    steps: connectSteps(facts),
  }),
  "cancelled": () => ({
    title: "Cancelled.",
    lines: ["You said no in Firefox, so this Firefox was not signed in. Try again whenever you like."],
  }),
};

const startFromMenu = (facts) => [
  "Open the Firefox menu ☰ and choose “Sign in”. Firefox opens this page itself, in a new tab.",
  "If another sign-in page comes up, this Firefox does not know this server yet. Then:",
  ...connectSteps(facts),
];

/** One message per value of data-error. */
export const errors = {
  "insecure-context": (facts) => ({
    title: "Your browser allows this page no cryptography, because it came over plain http.",
    lines: ["Without it your password cannot be protected. Any one of these helps:"],
    steps: [
      `Open the server with https instead: \`https://${facts.host}\`, if it offers that.`,
      `On the computer the server runs on, use \`http://127.0.0.1${facts.port}\` or ` +
      `\`http://localhost${facts.port}\`, also in the preference \`identity.fxaccounts.autoconfig.uri\`.`,
      `In Firefox, type \`about:config\` into the address bar, set \`dom.securecontext.allowlist\` to ` +
      `\`${facts.hostname}\` and load this page again. Do this only in a network you trust.`,
    ],
  }),
  "no-channel": (facts) => {
    const [first, otherwise, ...steps] = startFromMenu(facts);
    return { title: "Please start from the Firefox menu.", lines: [first, otherwise], steps };
  },
  "not-firefox": (facts) => ({
    title: "This page signs in Firefox, and no Firefox answered.",
    lines: ["Use Firefox on the computer you want to sync:"],
    steps: connectSteps(facts),
  }),
  "wrong-password": () => ({
    title: "E-mail or password is wrong.",
    lines: ["Check both and try again. Capital and small letters count in the password."],
  }),
  "password-missing": () => ({ title: "Please type your password." }),
  "account-exists": () => ({
    title: "There is already an account with this e-mail.",
    lines: ["If it is yours, choose “Sign in instead” below. If not, use another e-mail."],
  }),
  "signup-closed": () => ({
    title: "This server takes no new accounts at the moment.",
    lines: ["Ask the person who runs it for an invitation link, or sign in if you have an account."],
  }),
  "bad-invite": () => ({
    title: "This invitation does not work.",
    lines: [
      "It was used before, is too old, or the link is not complete. Ask the person who runs the server for a " +
      "new one. If you already made your account with it, sign in.",
    ],
  }),
  "throttled": (facts) => ({
    title: "Too many tries.",
    lines: [`For safety the server makes you wait. Try again ${inTime(facts.seconds)}.`],
  }),
  "weak-password": () => ({
    title: "This password is too short.",
    lines: ["Use at least 8 characters; longer is better."],
  }),
  "password-mismatch": () => ({ title: "The two passwords differ.", lines: ["Type the same password in both fields."] }),
  "bad-email": () => ({
    title: "This is not an e-mail address.",
    lines: ["It should look like `name@example.org`."],
  }),
  "network": () => ({
    title: "The server cannot be reached.",
    lines: ["Check your connection and whether the server runs, then try again."],
  }),
  "server": (facts) => ({
    title: "The server could not do this.",
    lines: [
      `Try again in a minute. If it stays like this, the person who runs the server finds the reason in its log` +
      `${facts.detail ? ` (\`${facts.detail}\`)` : ""}.`,
    ],
  }),
  "browser-refused": () => ({
    title: "Firefox did not take the sign-in. Restart Firefox and sign in again.",
    lines: ["Some versions need one restart after the server’s address was set. Then: Firefox menu ☰, “Sign in”."],
  }),
  "elsewhere": (facts) => ({
    title: "This page reads only records stored at its own address.",
    lines: [
      `Yours are stored at \`${facts.there}\`. If that is another name of this server, open ` +
      `\`${facts.there}/records\` instead. Otherwise look at them in Firefox.`,
    ],
  }),
  "nothing-synced": () => ({
    title: "Nothing has been synced yet.",
    lines: ["Sign in with Firefox first. What it syncs shows up here."],
  }),
  "keys-unreadable": () => ({
    title: "The keys of your records cannot be read.",
    lines: [
      "They were changed on the way, or encrypted with another password’s keys. Let a Firefox of yours sync, then try " +
      "again; if it stays like this, do not trust this server.",
    ],
  }),
  "flow-lost": () => ({
    title: "Firefox has lost the thread of this sign-in.",
    lines: ["Close this tab, open the Firefox menu ☰ and choose “Sign in” again."],
  }),
};

/** Added to an error that came after the account had been made. */
export const accountMadeLine = "Your account was made, though: from now on you only need to sign in.";

/** Problems of the account pages. */
export const accountPage = {
  "signed-out": () => ({
    title: "This Firefox is not signed in to this server.",
    lines: ["Your account and devices show up here once it is."],
  }),
  "session-over": () => ({
    title: "Firefox has to sign in again.",
    lines: ["Its sign-in on this server has ended. Open the Firefox menu ☰ and choose your account to sign in again."],
  }),
  "no-pictures": () => ({ title: "This server keeps no account pictures." }),
};

/** Why a record cannot be read. */
export const unreadable = {
  forged: "Its seal does not fit: it was changed, or encrypted with other keys.",
  malformed: "It does not have the form Sync gives its records.",
  misplaced: "It was stored under an id that is not its own.",
};

/** The folders Firefox makes itself, and one for what no folder leads to. */
export const folderNames = {
  toolbar: "Bookmarks Toolbar", menu: "Bookmarks Menu", unfiled: "Other Bookmarks", mobile: "Mobile Bookmarks",
  lost: "In no folder",
};

const counted = (count, one, many) => `${count.toLocaleString("en")} ${count === 1 ? one : many}`;

/** What a view holds, by its name; `total` is how many records the server has. */
export const summaries = {
  bookmarks: ({ count }) => counted(count, "bookmark.", "bookmarks."),
  tabs: ({ count, devices }) => `${counted(count, "tab", "tabs")} on ${counted(devices, "device.", "devices.")}`,
  history: ({ count, read, total }) =>
    (read < total
      ? `${counted(count, "page", "pages")}; ${read.toLocaleString("en")} of ${counted(total, "record", "records")} loaded.`
      : counted(count, "page.", "pages.")),
  found: ({ count }) => `${counted(count, "hit.", "hits.")}`,
  unreadable: (count) => `${counted(count, "record", "records")} cannot be read.`,
  unreadableTitle: "Cannot be read",
  unreadableRecord: "Record",
};

/** A moment, as people write it. */
export const moment = (milliseconds) =>
  new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" }).format(milliseconds);

/** What the account pages are headed with, by the first parts of their address. */
export const accountHeadings = {
  account: { title: "Your account", intro: "Who is signed in here, and on which devices." },
  connect: { title: "Connect another device", intro: "Bring the next Firefox in step with this one." },
};

function inTime(seconds) {
  if (!seconds) {
    return "in some minutes";
  }
  if (seconds < 90) {
    return `in ${Math.ceil(seconds)} seconds`;
  }
  return `in ${Math.ceil(seconds / 60)} minutes`;
}

const spans = [[60, "minute"], [60, "hour"], [24, "day"], [30, "month"], [12, "year"]];

/** "5 minutes ago", in the page's language. */
export function ago(milliseconds) {
  let amount = Math.max(0, milliseconds) / 1000;
  let unit = "second";
  for (const [size, next] of spans) {
    if (amount < size) {
      break;
    }
    amount /= size;
    unit = next;
  }
  if (unit === "second") {
    return "just now";
  }
  return new Intl.RelativeTimeFormat("en", { numeric: "always" }).format(-Math.floor(amount), unit);
}
