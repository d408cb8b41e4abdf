// From the catalogue of types to the fields of a form, and back to what the API takes. Pure.

/** The types in groups for a list: [label, types]. */
export function groupsOf(types) {
  const groups = new Map();
  for (const type of types) {
    const label = {
      stream: "bytes of a connection", opening: "connections when they come", listener: "the port itself",
      request: `requests: ${type.protocol}`,
    }[type.place] ?? type.place;
    groups.set(label, [...(groups.get(label) ?? []), type]);
  }
  return [...groups];
}

/** Whether somebody must say which direction a type works on. */
export const hasDirection = (type) => type.place === "stream";

/**
 * The fields for a type's attributes: {name, kind, value, unit, says, low, high, words}; kind is number, flag, choice or text.
 * `now`: the attributes that are set already.
 */
export const fieldsOf = (type, now = {}) => type.attributes.map((rule) => ({
  name: rule.name,
  kind: typeof rule.standard === "number" ? "number"
    : typeof rule.standard === "boolean" ? "flag" : rule.words?.length ? "choice" : "text",
  value: Object.hasOwn(now, rule.name) ? now[rule.name] : rule.standard,
  unit: rule.unit, says: rule.says, low: rule.low, high: rule.high, words: rule.words ?? [],
}));

/** What a person has put into a field as a value; throws an Error that names the field. */
export function valueOf(field, entered) {
  if (field.kind === "flag") return Boolean(entered);
  if (field.kind !== "number") return String(entered);
  const text = String(entered).trim();
  const number = Number(text);
  if (text === "" || !Number.isFinite(number)) throw new Error(`${field.name}: this is no number`);
  if (field.low !== undefined && (number < field.low || number > field.high)) {
    throw new Error(`${field.name} must be from ${field.low} to ${field.high}`);
  }
  return number;
}

/** The share of connections as a number from 0 to 1; entered in percent. */
export function shareOf(entered) {
  const number = Number(String(entered).trim());
  if (String(entered).trim() === "" || !(number >= 0 && number <= 100)) throw new Error("the share must be from 0 to 100 %");
  return number / 100;
}
