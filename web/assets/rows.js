// Rows of records on the page: titles and addresses as text nodes, links for http and https alone, long lists
// a part at a time.

import { element } from "./say.js";
import { linkTarget, shownAddress, shownTitle } from "./shown.js";
import { labels, summaries, unreadable } from "./texts.js";

/** How many rows are shown at once. */
export const STEP = 200;

/** A text of a record's, in an element that keeps its direction to itself. */
const titleNode = (text) => element("bdi", {}, shownTitle(text) || labels["no-title"]);

/** A row: title (a link where the address may be one), address, and a note of ours such as a time. */
export function pageRow({ title, address }, note = "") {
  const target = linkTarget(address);
  const name = titleNode(title || address);
  const row = element("li", {},
    target ? element("a", { href: target, target: "_blank", rel: "noopener noreferrer" }, name) : name);
  if (title && address) {
    row.append(element("span", { class: "row-address" }, element("bdi", { dir: "ltr" }, shownAddress(address))));
  }
  if (note) {
    row.append(element("span", { class: "row-note" }, note));
  }
  return row;
}

/** The row of a record that cannot be read. */
export const unreadableRow = ({ id, reason }) => element("li", { class: "unreadable" },
  `${summaries.unreadableRecord} `, element("code", {}, shownAddress(id)), `: ${unreadable[reason]}`);

/** A list of rows that grows by STEP with a button below it, as long as there are more. */
export function growingList(items, rowOf) {
  const list = element("ul", { class: "rows" });
  const button = element("button", { type: "button", class: "quiet" }, labels.more);
  const parts = element("div", {}, list, button);
  let shown = 0;
  const grow = () => {
    list.append(...items.slice(shown, shown + STEP).map(rowOf));
    shown += STEP;
    button.hidden = shown >= items.length;
  };
  button.addEventListener("click", () => {
    const next = list.childElementCount;
    grow();
    if (button.hidden) { // the keyboard must not fall off the page with it
      list.children[next]?.querySelector("a, summary")?.focus();
    }
  });
  grow();
  return parts;
}

/** A part of the page that opens and closes; what is in it is made when it is first opened. */
export function foldedPart(title, count, contentOf, open = false) {
  const part = element("details", {},
    element("summary", {}, element("bdi", {}, shownTitle(title) || labels["no-title"]), ` (${count.toLocaleString("en")})`));
  const fill = () => part.childElementCount === 1 && part.append(contentOf());
  part.addEventListener("toggle", () => part.open && fill());
  if (open) {
    fill();
    part.open = true;
  }
  return part;
}
