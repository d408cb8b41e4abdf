// Puts texts on the page. Everything becomes text nodes: nothing is ever parsed as HTML.

import { labels } from "./texts.js";

/** An element with attributes and children (nodes or texts). */
export function element(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) {
    node.setAttribute(attribute, value);
  }
  node.append(...children);
  return node;
}

/** Nodes of a text in which backticks mark code. */
export const rich = (text) =>
  text.split("`").map((part, i) => (i % 2 ? element("code", {}, part) : document.createTextNode(part)));

/** Fills every element that names its text with data-text. */
export function fillLabels(root = document) {
  for (const node of root.querySelectorAll("[data-text]")) {
    node.replaceChildren(...rich(labels[node.dataset.text]));
  }
}

// Long names are better copied than typed. Over plain http a page has no clipboard; then there is no button.
function copyButton(value) {
  const button = element("button", { type: "button", class: "copy", "aria-label": `${labels.copy} ${value}` }, labels.copy);
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(value);
      button.textContent = labels.copied;
    } catch {
      getSelection().selectAllChildren(button.previousElementSibling); // one key away from copied
    }
    setTimeout(() => button.replaceChildren(labels.copy), 2000);
  });
  return button;
}

const withCopyButtons = (nodes) => nodes.flatMap((node) =>
  (node.nodeName === "CODE" && navigator.clipboard && node.textContent.length > 5
    ? [element("span", { class: "copyable" }, node, copyButton(node.textContent))] : [node]));

/** A numbered list; what stands in it as code can be copied. */
export const orderedList = (steps) =>
  element("ol", {}, ...steps.map((step) => element("li", {}, ...withCopyButtons(rich(step)))));

/**
 * Shows a state and its message in the page's one status element.
 * @param state    idle, working, done, error, cancelled
 * @param message  see texts.js; null for nothing
 * @param error    the value of data-error, in state error
 */
export function say(status, state, message = null, error = undefined) {
  const parts = [];
  if (message) {
    parts.push(element("p", { class: "status-title" }, ...rich(message.title)));
    parts.push(...(message.lines ?? []).map((line) => element("p", {}, ...rich(line))));
    if (message.steps) {
      parts.push(orderedList(message.steps));
    }
    if (message.link) {
      parts.push(element("p", {}, element("a", { href: message.link.href }, message.link.text)));
    }
  }
  status.replaceChildren(...parts);
  if (error) {
    status.dataset.error = error;
  } else {
    delete status.dataset.error;
  }
  status.dataset.state = state; // last: who polls it finds the text in place
}
