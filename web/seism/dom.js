// Makes nodes. Texts become text nodes: nothing is ever parsed as HTML.

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children);
  return node;
}

/** An element with attributes and children (nodes or texts). */
export const element = (name, attributes = {}, ...children) => filled(document.createElement(name), attributes, children);

/** The same for drawings. */
export const shape = (name, attributes = {}, ...children) =>
  filled(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);

/** A button that does something. */
export function button(label, action, attributes = {}) {
  const node = element("button", { type: "button", class: "quiet", ...attributes }, label);
  node.addEventListener("click", action);
  return node;
}

/** A table from a head and rows of cells (texts or nodes). */
export const table = (caption, head, rows) => element("table", {},
  element("caption", {}, caption),
  element("thead", {}, element("tr", {}, ...head.map((each) => element("th", { scope: "col" }, each)))),
  element("tbody", {}, ...rows.map((row) => element("tr", {}, ...row.map((each) => element("td", {}, each))))));
