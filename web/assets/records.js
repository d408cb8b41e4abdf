// The page that shows what is synced: signs in by itself, keeps every key in memory, decrypts here. Reloading,
// leaving and signing out forget it all.

import { accountsApi } from "./api.js";
import { fromBase64Url } from "./bytes.js";
import { faultOf, FIELD_OF } from "./form.js";
import { OLDSYNC, syncKey } from "./keys.js";
import { fetchKB, logIn } from "./login.js";
import { Problem } from "./problems.js";
import { growingList } from "./rows.js";
import { element, fillLabels, say } from "./say.js";
import { HeldSessions } from "./sessions.js";
import { FIREFOX, RecordStore, storageToken } from "./storage.js";
import { openCollectionKeys, Unreadable } from "./sync_keys.js";
import { errors, factsOf, headings, labels, summaries, working } from "./texts.js";
import { openView, unreadablePart } from "./views.js";

const byId = (id) => document.getElementById(id);
const page = document.documentElement;
const status = byId("status");
const form = byId("account-form");
const fields = byId("fields");
const search = byId("search");
const viewButtons = [...document.querySelectorAll("[data-view]")];
const facts = factsOf(location);
const api = accountsApi();
const sessions = new HeldSessions(api);

// Everything that is known of a person who is signed in: the session's id, what opens records, the views read
// so far. Null when nobody is. What takes long looks whether it is still the same person's before it shows anything.
let visit = null;

// ---- signing in and out

async function signIn({ email, password }, step) {
  const { account, spelling, unwrapBKey } = await logIn(api, { email, password }, step);
  const session = await sessions.hold(account.sessionToken);
  try {
    step("keys");
    const kB = await fetchKB(api, account.keyFetchToken, unwrapBKey);
    const { keyRotationTimestamp } = (await api.scopedKeyData(session, FIREFOX, OLDSYNC))[OLDSYNC];
    const { k, kid } = await syncKey(kB, keyRotationTimestamp);
    const store = new RecordStore(() => storageToken(api, { session, keyId: kid }, location.origin));
    return { session, email: spelling, store, keysOf: await collectionKeys(store, fromBase64Url(k)), views: new Map() };
  } catch (error) {
    await sessions.drop(session);
    throw error;
  }
}

async function collectionKeys(store, key) {
  const record = await store.record("crypto", "keys");
  if (!record) {
    throw new Problem("nothing-synced");
  }
  try {
    return await openCollectionKeys(key, record);
  } catch (error) {
    throw error instanceof Unreadable ? new Problem("keys-unreadable", {}, error) : error;
  }
}

async function submit() {
  const values = { email: byId("email").value.trim(), password: byId("password").value };
  const fault = faultOf("signin", values);
  if (fault) {
    return showProblem(new Problem(fault));
  }
  markFault(null);
  fields.disabled = true;
  page.dataset.busy = "";
  try {
    visit = await signIn(values, (name) => say(status, "working", { title: working[name] }));
    byId("password").value = "";
    byId("account-email").textContent = visit.email;
    form.hidden = byId("intro").hidden = true;
    byId("records").hidden = false;
    page.querySelector(".card").classList.add("wide");
    await open("bookmarks");
    viewButtons[0].focus();
  } catch (error) {
    showProblem(error);
  } finally {
    delete page.dataset.busy;
    fields.disabled = Boolean(visit);
  }
}

/** The page goes away, in the middle of signing in or later. */
function leave() {
  sessions.endAll();
  clear();
}

/** Forgets everything and ends the session on the server. */
async function signOut() {
  if (!visit) {
    return;
  }
  const { session } = visit;
  clear();
  const ended = sessions.end(session);
  byId("email").focus();
  try {
    await ended;
  } catch (error) {
    if (!visit) {
      showProblem(error);
    }
  }
}

/** Nothing of the person stays on the page. */
function clear() {
  if (!visit) {
    return;
  }
  visit = null;
  byId("records").hidden = true;
  for (const id of ["account-email", "summary", "list"]) {
    byId(id).replaceChildren();
  }
  for (const id of ["email", "password", "search"]) {
    byId(id).value = "";
  }
  page.querySelector(".card").classList.remove("wide");
  form.hidden = byId("intro").hidden = fields.disabled = false;
  say(status, "idle");
}

// ---- problems

function markFault(id) {
  for (const field of [byId("email"), byId("password")]) {
    const faulty = field.id === FIELD_OF[id];
    field.toggleAttribute("aria-invalid", faulty);
    if (faulty) {
      field.setAttribute("aria-invalid", "true");
      field.setAttribute("aria-describedby", "status");
      field.focus();
    } else {
      field.removeAttribute("aria-describedby");
    }
  }
}

function showProblem(error) {
  if (!(error instanceof Problem)) {
    console.error(error); // a mistake of ours: the console is the one place to find it
  }
  const problem = error instanceof Problem ? error : new Problem("server", { detail: error.name });
  say(status, "error", errors[problem.id]({ ...facts, ...problem.facts }), problem.id);
  fields.disabled = false;
  status.focus();
  markFault(problem.id);
}

// ---- looking

/** Does something that takes a while for the person who is signed in now, and shows the outcome. */
async function attempt(act) {
  const mine = visit;
  say(status, "working", { title: working.reading });
  try {
    await act(mine);
    if (visit === mine) {
      say(status, "done");
      show();
    }
  } catch (error) {
    if (visit === mine) {
      show(); // what there was, and the buttons to try again
      showProblem(error);
    }
  }
}

function open(name) {
  visit.view = name;
  for (const button of viewButtons) {
    button.setAttribute("aria-pressed", String(button.dataset.view === name));
  }
  byId("list").replaceChildren();
  byId("summary").replaceChildren();
  byId("more").hidden = byId("load-all").hidden = true;
  return attempt(async (mine) => {
    if (!mine.views.has(name)) {
      mine.views.set(name, await openView(name, mine));
    }
  });
}

function show() {
  const view = visit.views.get(visit.view);
  if (!view) {
    return;
  }
  const wanted = search.value.trim().toLowerCase();
  const found = wanted ? view.find(wanted) : null;
  byId("list").replaceChildren(...(found
    ? [found.length ? growingList(found, (item) => view.foundRow(item)) : element("p", {}, labels["nothing-found"])]
    : [...unreadablePart(view), ...view.render()]));
  byId("more").hidden = Boolean(found) || !view.hasMore;
  byId("load-all").hidden = !view.loadAll || view.reading.complete;
  summarise(view, found);
}

function summarise(view, found = null) {
  const bad = view.reading.unreadable.length;
  const parts = [found ? `${summaries.found({ count: found.length })} ${view.summary()}` : view.summary()];
  if (bad) {
    parts.push(" ", element("span", { class: "bad" }, summaries.unreadable(bad)));
  }
  byId("summary").replaceChildren(...parts);
}

const showMore = () => attempt((mine) => mine.views.get(mine.view).more());

function loadAll() {
  const view = visit.views.get(visit.view);
  byId("load-all").hidden = byId("more").hidden = true;
  search.focus();
  return attempt((mine) => view.loadAll(() => {
    if (visit !== mine) {
      throw new Problem("network"); // nobody looks any more: stop fetching
    }
    if (mine.views.get(mine.view) === view) {
      summarise(view);
    }
  }));
}

// ---- start

fillLabels();
byId("heading").textContent = headings.records.title;
byId("intro").textContent = headings.records.intro;
byId("submit").textContent = headings.records.submit;
document.title = `${headings.records.title} – ${labels.brand}`;

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!fields.disabled) {
    submit();
  }
});
byId("forget").addEventListener("click", signOut);
byId("more").addEventListener("click", showMore);
byId("load-all").addEventListener("click", loadAll);
for (const button of viewButtons) {
  button.addEventListener("click", () => open(button.dataset.view));
}
let typing;
search.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(() => visit && show(), 150);
});
addEventListener("pagehide", leave);

if (window.isSecureContext && globalThis.crypto?.subtle) {
  fields.disabled = false;
} else {
  page.dataset.blocked = "";
  showProblem(new Problem("insecure-context"));
  fields.disabled = true;
}
page.dataset.ready = "";
if (matchMedia("(pointer: fine)").matches) {
  byId("email").focus();
}
