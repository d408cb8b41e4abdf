// The page behind the other addresses Firefox opens (settings, devices, "connect another device"): who is
// signed in, which devices there are, how to add one, how to sign out. It asks Firefox itself; uid and
// e-mail in the address are hints anybody could have written there, so nobody looks at them.

import { accountsApi } from "./api.js";
import { BrowserChannel, NoAnswer, NoChannel } from "./channel.js";
import { sessionId } from "./keys.js";
import { Problem } from "./problems.js";
import { element, fillLabels, orderedList, say } from "./say.js";
import { accountHeadings, accountPage, ago, connectSteps, errors, factsOf, labels, working } from "./texts.js";

const SILENCE = 2000;
const byId = (id) => document.getElementById(id);
const facts = factsOf(location);
const status = byId("status");

// ---- parts that need no browser

function showHeading() {
  const connecting = /^\/(connect_another_device|pair)\b/.test(location.pathname);
  const { title, intro } = accountHeadings[connecting ? "connect" : "account"];
  byId("heading").textContent = title;
  byId("intro").textContent = intro;
  document.title = `${title} – ${labels.brand}`;
  if (connecting) {
    byId("connect").querySelector("h2").hidden = true; // the page is headed with the same words
    status.after(byId("connect"));
  }
}

// ---- parts that do

function deviceItem(device) {
  const item = element("li", {}, element("span", { class: "device-name" }, device.name || labels["unnamed-device"]));
  const seen = device.isCurrentDevice ? labels["this-device"] : device.lastAccessTime && ago(Date.now() - device.lastAccessTime);
  if (seen) {
    item.append(" ", element("span", { class: "device-seen" }, seen));
  }
  return item;
}

async function showAccount(user) {
  const devices = await accountsApi().devices(await sessionId(user.sessionToken));
  devices.sort((a, b) => b.isCurrentDevice - a.isCurrentDevice || (b.lastAccessTime ?? 0) - (a.lastAccessTime ?? 0));
  byId("devices").replaceChildren(
    ...(devices.length ? devices.map(deviceItem) : [element("li", {}, labels["no-devices"])]));
  byId("account-email").textContent = user.email;
  byId("account").hidden = false;
  byId("sign-out").hidden = false;
}

async function start() {
  if (!window.isSecureContext || !globalThis.crypto?.subtle) {
    throw new Problem("insecure-context");
  }
  say(status, "working", { title: working.browser });
  const context = new URLSearchParams(location.search).get("context") || "oauth_webchannel_v1";
  const { signedInUser } = await new BrowserChannel().ask(
    "fxaccounts:fxa_status", { service: "sync", context, isPairing: false }, SILENCE);
  if (!signedInUser) {
    return say(status, "idle", accountPage["signed-out"]());
  }
  if (!signedInUser.sessionToken) {
    return say(status, "idle", accountPage["session-over"]());
  }
  say(status, "working", { title: working.devices });
  await showAccount(signedInUser);
  return say(status, "done", /\/avatar\b/.test(location.pathname) ? accountPage["no-pictures"]() : null);
}

fillLabels();
showHeading();
byId("connect-steps").replaceChildren(orderedList(connectSteps(facts)));
document.documentElement.dataset.ready = "";
try {
  await start();
} catch (error) {
  if (error instanceof NoChannel || error instanceof NoAnswer) {
    say(status, "idle", accountPage["signed-out"]());
  } else if (error instanceof Problem && error.facts.errno === 110) {
    say(status, "idle", accountPage["session-over"]());
  } else {
    const problem = error instanceof Problem ? error : new Problem("server", { detail: error.name });
    say(status, "error", errors[problem.id]({ ...facts, ...problem.facts }), problem.id);
  }
}
