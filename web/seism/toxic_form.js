// The form for a toxic, made from the catalogue: a new one, or one that is there and shall do something else.

import { call, proxyPath, toxicPath } from "./api.js";
import { button, element } from "./dom.js";
import { fieldsOf, groupsOf, hasDirection, shareOf, valueOf } from "./fields.js";
import { shownText } from "./shown.js";

const label = (text, input) => element("label", {}, text, " ", input);

function inputOf(field) {
  if (field.kind === "flag") {
    const box = element("input", { type: "checkbox" });
    box.checked = field.value;
    return box;
  }
  if (field.kind === "choice") {
    const list = element("select", {}, ...field.words.map((word) => element("option", { value: word }, word)));
    list.value = field.value;
    return list;
  }
  const more = field.kind === "number" ? { inputmode: "decimal" } : {};
  const input = element("input", { type: "text", autocomplete: "off", spellcheck: "false", ...more });
  input.value = field.value;
  return input;
}

const labelOf = (field) => element("span", { class: "field-name" }, field.unit ? `${field.name}, ${field.unit}` : field.name);

/** Rows of a type's attributes, and what they say together. */
function attributeRows(type, now) {
  const fields = fieldsOf(type, now).map((field) => ({ field, input: inputOf(field) }));
  const rows = fields.map(({ field, input }) => {
    input.dataset.attribute = field.name;
    return element("div", { class: field.kind === "flag" ? "field flag" : "field" },
      label(labelOf(field), input), element("p", { class: "hint" }, field.says));
  });
  const read = () => Object.fromEntries(
    fields.map(({ field, input }) => [field.name, valueOf(field, field.kind === "flag" ? input.checked : input.value)]));
  return { rows, read };
}

/**
 * @param types  the catalogue
 * @param proxy  the name of the proxy
 * @param toxic  the toxic to be changed; null: a new one
 * @param done   called when it is done or given up
 */
export function toxicForm(types, proxy, toxic, done) {
  const kind = element("select", { class: "type" }, ...groupsOf(types).map(([group, members]) =>
    element("optgroup", { label: group }, ...members.map((type) => element("option", { value: type.name }, type.name)))));
  kind.value = toxic?.type ?? "latency";
  const direction = element("select", { class: "direction" },
    element("option", { value: "downstream" }, "to the client"), element("option", { value: "upstream" }, "to the server"));
  const directionRow = label("Direction", direction);
  const name = element("input", { class: "name", autocomplete: "off", spellcheck: "false", placeholder: "as its type and direction" });
  const share = element("input", { class: "share", inputmode: "decimal", autocomplete: "off" });
  share.value = toxic ? Math.round(toxic.toxicity * 1e4) / 100 : 100;
  const says = element("p", { class: "says" });
  const attributes = element("div", { class: "attributes" });
  const problem = element("p", { class: "problem", role: "alert" });
  let read = () => ({});
  const show = () => {
    const type = types.find((each) => each.name === kind.value);
    if (!type) return;
    says.textContent = type.says;
    directionRow.hidden = !hasDirection(type);
    const made = attributeRows(type, toxic?.attributes);
    attributes.replaceChildren(...made.rows);
    read = made.read;
  };
  kind.addEventListener("change", show);
  show();

  const send = () => {
    const toxicity = shareOf(share.value);
    const body = { toxicity, attributes: read() };
    if (toxic) return call("POST", toxicPath(proxy, toxic.name), body);
    const type = types.find((each) => each.name === kind.value);
    const stream = hasDirection(type) ? direction.value : "downstream";
    return call("POST", `${proxyPath(proxy)}/toxics`, { ...body, type: kind.value, stream, name: name.value });
  };
  const form = element("form", { class: "fields toxic-form", novalidate: true },
    ...(toxic ? [element("p", {}, "Change ", element("bdi", {}, shownText(toxic.name)))] : [label("Type", kind)]), says,
    ...(toxic ? [] : [directionRow, label("Name", name)]),
    label("Share of connections, %", share), attributes, problem,
    element("div", { class: "row" },
      element("button", { type: "submit", class: "primary" }, toxic ? "Change" : "Add"), button("Cancel", done)));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    problem.textContent = "";
    try {
      await send();
      done();
    } catch (error) {
      problem.textContent = shownText(error.message);
    }
  });
  return form;
}
