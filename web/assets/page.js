// The page at the server's root: wires the form to the flow. Decides what can be done here (mode, browser,
// invitation) and shows it; the steps themselves are in flow.js.

import { accountsApi } from "./api.js";
import { BrowserChannel, NoChannel } from "./channel.js";
import { signIn, signUp } from "./flow.js";
import { AccountForm, faultOf } from "./form.js";
import { findInvite, forgetInvite } from "./invite.js";
import { Cancelled, Problem } from "./problems.js";
import { fillLabels, say } from "./say.js";
import { HeldSessions } from "./sessions.js";
import { accountMadeLine, ends, errors, factsOf, hints, working } from "./texts.js";

// A Firefox answers within milliseconds. An answer that comes later is still taken.
const SILENCE = 2000;
// The page shows itself after this time even when the server has not said yet who may sign up.
const LATEST_START = 1500;

const query = new URLSearchParams(location.search);
const facts = factsOf(location);
const secure = window.isSecureContext && Boolean(globalThis.crypto?.subtle);
const api = accountsApi();
const sessions = new HeldSessions(api);
const channel = new BrowserChannel();
const form = new AccountForm();
const status = document.getElementById("status");

let invite = findInvite(query);
let signup = null;                     // answer of signupStatus(), null while unknown
let browser = { kind: "asking" };      // asking, there (status), no-channel, not-firefox
let phase = "waiting";                 // waiting for a person, busy, finished
let touched = false;                   // the person has begun: do not change the mode any more
let shownProblem = null;               // of the last submit; stays until the next one

// ---- what there is

async function askServer() {
  try {
    signup = await api.signupStatus(invite.code);
    if (signup.reason === "bad-invite") {
      forgetInvite();
      if (invite.kept) { // of an earlier visit: not worth a word
        invite = { code: null };
        signup = await api.signupStatus(null);
      }
    }
  } catch {
    signup = null; // unknown: every way stays open, and who goes it hears what is wrong
  }
}

// The answer may also come after the silence, from a slow computer, or turn from "no channel" to a browser
// when sign-in was started from the menu meanwhile.
function askBrowser() {
  const context = query.get("context") || "oauth_webchannel_v1";
  const answer = channel.ask("fxaccounts:fxa_status", { service: "sync", context, isPairing: false }).then(
    (answered) => ({ kind: "there", status: answered }),
    (error) => ({ kind: error instanceof NoChannel ? "no-channel" : "not-firefox" }));
  const silence = new Promise((resolve) => setTimeout(resolve, SILENCE, null));
  answer.then((found) => {
    browser = found;
    refresh();
  });
  return Promise.race([answer, silence]).then((found) => {
    if (!found && browser.kind === "asking") {
      browser = { kind: "not-firefox" };
      refresh();
    }
  });
}

const user = () => (browser.kind === "there" ? browser.status.signedInUser : null);
const signedIn = () => Boolean(user()?.sessionToken && user().verified);
const canInvite = () => Boolean(invite.code) && signup?.reason !== "bad-invite";

// What makes every try pointless, or null.
function obstacle() {
  if (!secure) {
    return "insecure-context";
  }
  if (browser.kind !== "no-channel" && browser.kind !== "not-firefox") {
    return null;
  }
  if (form.mode === "signin" || !invite.code) {
    return browser.kind;
  }
  return canInvite() ? null : "bad-invite";
}

// ---- what is shown

function setMode(mode) {
  const heading = mode === "signin" ? mode
    : signup?.reason === "first" ? "first"
    : canInvite() ? "invited" : mode;
  form.setMode(mode, heading);
  form.offer(form.toSignup, mode === "signin" && (signup === null || signup.open || Boolean(invite.code)));
}

function chooseMode() {
  if (touched || phase !== "waiting") {
    return;
  }
  const again = user() && !signedIn();
  const wanted = query.get("action") === "signup" || signup?.reason === "first" || invite.code;
  setMode(wanted && !again ? "signup" : "signin");
}

/** Brings the page in line with what is known; leaves the outcome of a submit alone. */
function refresh() {
  if (phase !== "waiting") {
    return;
  }
  chooseMode();
  const inTheWay = obstacle();
  form.enable(!inTheWay);
  // Firefox sends nobody here who is signed in: such a visitor came by hand, to look.
  const nothingToDo = signedIn() && !query.has("state");
  document.documentElement.toggleAttribute("data-blocked", nothingToDo || (Boolean(inTheWay) && !canInvite()));
  if (inTheWay) {
    showProblem(new Problem(inTheWay), document.activeElement === document.body);
    return;
  }
  const known = (form.mode === "signin" && user()?.email) || query.get("email");
  if (known && !form.email.value && !touched) {
    form.email.value = known;
  }
  if (nothingToDo) {
    form.setHeading("signed-in");
  }
  if (!shownProblem) {
    showHint();
  }
}

function showHint() {
  form.markFault(null);
  const reason = form.mode === "signup" && !signup?.open ? signup?.reason : null;
  if (reason === "closed" || reason === "bad-invite") {
    const id = reason === "closed" ? "signup-closed" : reason;
    say(status, "error", errors[id](facts), id);
  } else if (form.mode === "signup" && (browser.kind === "no-channel" || browser.kind === "not-firefox")) {
    say(status, "idle", hints["invite-without-browser"](facts));
  } else if (user()) {
    const id = signedIn() ? "signed-in" : "sign-in-again";
    say(status, "idle", hints[id]({ ...facts, email: user().email }));
  } else {
    say(status, "idle");
  }
}

function showProblem(problem, moveFocus = true) {
  const message = errors[problem.id]({ ...facts, ...problem.facts });
  if (problem.facts.accountMade) {
    message.lines = [...(message.lines ?? []), accountMadeLine];
  }
  // An empty password is shown as what it is and reported as what it amounts to.
  const id = problem.id === "password-missing" ? "wrong-password" : problem.id;
  const field = form.markFault(problem.id);
  say(status, "error", message, id);
  if (moveFocus) {
    (field ?? status).focus();
  }
}

function finish(end) {
  phase = "finished";
  form.email.value = "";
  form.forgetPasswords();
  form.form.hidden = true;
  document.documentElement.dataset.finished = "";
  form.setHeading(end);
  say(status, "done", ends[end](facts));
  status.focus();
}

// ---- what the person does

function switchMode(mode) {
  if (phase !== "waiting") {
    return;
  }
  touched = true;
  shownProblem = null;
  setMode(mode);
  refresh();
  (form.fields.disabled ? status : form.email.value ? form.password : form.email).focus();
}

async function submit() {
  if (phase !== "waiting" || form.fields.disabled) {
    return;
  }
  touched = true;
  const mode = form.mode;
  const values = form.values();
  const fault = faultOf(mode, values);
  if (fault) {
    shownProblem = new Problem(fault);
    showProblem(shownProblem);
    return;
  }
  phase = "busy";
  shownProblem = null;
  form.markFault(null);
  form.revealPassword(false); // a field of type text is one the browser may remember
  form.enable(false);
  document.documentElement.dataset.busy = "";
  const step = (name) => say(status, "working", { title: working[name] });
  let outcome;
  try {
    step("browser");
    await browserAsked;
    outcome = await act(mode, values, step);
  } catch (error) {
    outcome = error;
  }
  delete document.documentElement.dataset.busy;
  phase = "waiting";
  form.enable(true);
  if (outcome instanceof Cancelled) {
    say(status, "cancelled", ends.cancelled(facts));
    shownProblem = outcome; // keeps the text until the next try
    status.focus();
  } else if (outcome instanceof Error) {
    fail(outcome);
  } else {
    finish(outcome.connected ? "connected" : "account-made");
  }
}

function act(mode, { email, password }, step) {
  const there = browser.kind === "there";
  const inTheWay = obstacle();
  if (inTheWay) {
    throw new Problem(inTheWay);
  }
  const context = { api, sessions, channel: there ? channel : null, status: browser.status, query, step };
  if (mode === "signin") {
    return signIn(context, { email, password });
  }
  return signUp(context, { email, password, invite: invite.code }).then(
    (made) => {
      forgetInvite();
      return made;
    },
    (error) => {
      if (error.facts?.accountMade) {
        forgetInvite();
      }
      throw error;
    });
}

function fail(error) {
  if (!(error instanceof Problem)) {
    console.error(error); // a mistake of ours: the console is the one place to find it
  }
  const problem = error instanceof Problem ? error : new Problem("server", { detail: error.name });
  if (problem.facts.accountMade) {
    invite = { code: null };
    setMode("signin"); // creating it a second time could only fail
  }
  shownProblem = problem;
  showProblem(problem);
}

// ---- start

fillLabels();
setMode("signin");
form.form.addEventListener("submit", (event) => {
  event.preventDefault();
  submit();
});
form.form.addEventListener("input", () => {
  touched = true;
});
addEventListener("pagehide", () => sessions.endAll());
form.toSignup.addEventListener("click", () => switchMode("signup"));
form.toSignin.addEventListener("click", () => switchMode("signin"));

let browserAsked = Promise.resolve();
if (secure) {
  form.enable(true);
  const serverAsked = askServer();
  browserAsked = askBrowser();
  await Promise.race([serverAsked, new Promise((resolve) => setTimeout(resolve, LATEST_START))]);
  serverAsked.then(refresh);
  // Back in this tab, the person may have started sign-in from the menu meanwhile.
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && browser.kind === "no-channel" && phase === "waiting") {
      browserAsked = askBrowser();
    }
  });
}
refresh();
document.documentElement.dataset.ready = "";
// Where a keyboard is at hand, the first thing to do is to type; on a phone it would cover half the page.
if (matchMedia("(pointer: fine)").matches && document.activeElement === document.body) {
  (form.email.value ? form.password : form.email).focus();
}
