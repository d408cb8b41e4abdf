// What there is to be shown, and showing it.

import { call } from "./api.js";
import { element } from "./dom.js";
import { EventList } from "./events.js";
import { ProxyList } from "./proxies.js";
import { ResultsView } from "./results.js";
import { counted, shownText } from "./shown.js";

const find = (id) => document.querySelector(`#${id}`);
const problems = new Map();

/** Shows what is wrong with a part of the page; an empty text: nothing. */
function say(part, text) {
  problems.set(part, text);
  find("status").replaceChildren(...[...problems.values()].filter(Boolean).map((each) => element("p", {}, each)));
}

const sum = (counts, name) => Object.values(counts).reduce((all, each) => all + (each.counts?.[name] ?? 0), 0);

/** Listens to the server while somebody looks at the page. */
function listen(proxies, events) {
  let source = null;
  let last = 0;
  const open = () => {
    source = new EventSource("/live");
    source.addEventListener("open", () => say("stream", ""));
    source.addEventListener("error", () => say("stream", "The connection to the server is lost; it is tried again."));
    source.addEventListener("state", ({ data }) => {
      const state = JSON.parse(data);
      proxies.show(state);
      find("live-line").textContent = `${counted(Object.keys(state.proxies).length, "proxy", "proxies")}, ` +
        `${counted(sum(state.counts, "open"), "open connection")}, ${counted(sum(state.counts, "bites"), "bite")}`;
      document.documentElement.dataset.live = "yes";
    });
    source.addEventListener("happened", ({ data }) => {
      const fresh = JSON.parse(data).events.filter((event) => event.number > last);
      if (fresh.length === 0) return;
      last = fresh.at(-1).number;
      events.add(fresh);
    });
  };
  document.addEventListener("visibilitychange", () => {
    source.close();
    if (!document.hidden) open();
  });
  open();
}

function wireNewProxy() {
  const form = find("new-proxy").querySelector("form");
  const problem = form.querySelector(".problem");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    problem.textContent = "";
    try {
      const [name, listenAt, upstream] = ["new-name", "new-listen", "new-upstream"].map((id) => find(id).value);
      await call("POST", "/proxies", { name, listen: listenAt.trim(), upstream: upstream.trim(), enabled: true });
      form.reset();
      find("new-proxy").open = false;
    } catch (error) {
      problem.textContent = shownText(error.message);
    }
  });
}

async function showLive() {
  const types = await call("GET", "/seism/v1/types");
  const fail = (text) => say("action", text);
  find("live").hidden = false;
  wireNewProxy();
  find("reset").addEventListener("click", () => call("POST", "/reset").then(() => fail(""), (error) => fail(shownText(error.message))));
  listen(new ProxyList(find("proxies"), types, fail), new EventList(find("events"), find("no-events")));
}

async function begin() {
  const answer = await fetch("/about");
  if (!answer.ok) throw new Error(await answer.text());
  const { live, results } = await answer.json();
  if (results !== null) {
    find("results").hidden = false;
    new ResultsView(document, results, (text) => say("results", text)).follow();
  }
  if (live) await showLive();
  document.documentElement.dataset.ready = "yes";
}

begin().catch((error) => say("page", `The page cannot be shown: ${shownText(error.message)}`));
