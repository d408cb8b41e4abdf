// How texts and numbers are shown. Names of proxies, paths and whatever else comes from elsewhere may have been
// chosen by somebody who wants them to look like something else: shown are plain characters.

const LONGEST = 300;
const CONTROLS = /[\u0000-\u001f\u007f-\u009f]/gu;
const UNSEEN = /[\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu;

const picture = (character) => {
  const code = character.codePointAt(0);
  return code < 0x20 ? String.fromCodePoint(0x2400 + code) : code === 0x7f ? "␡" : "�";
};
const named = (character) => `[U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}]`;

/** A text for one line: nothing invisible, nothing that turns directions, not endless. */
export function shownText(value) {
  const text = typeof value === "string" ? value : String(value ?? "");
  const start = text.length > LONGEST ? text.slice(0, LONGEST).replace(/[\ud800-\udbff]$/u, "") : text;
  return start.replace(CONTROLS, picture).replace(UNSEEN, named) + (text.length > LONGEST ? "…" : "");
}

/** 1234 as "1,234". */
export const count = (number) => (Number.isFinite(number) ? number : 0).toLocaleString("en");

/** "2 toxics", "1 toxic". */
export const counted = (number, one, many = `${one}s`) => `${count(number)} ${number === 1 ? one : many}`;

/** Bytes with three digits at most: "17.2 MB". */
export function bytes(number) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = Number.isFinite(number) ? number : 0;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit && value < 9.995 ? value.toFixed(2) : unit && value < 99.95 ? value.toFixed(1) : value.toFixed(0)} ${units[unit]}`;
}

/** Milliseconds: "0.4 ms", "17 ms", "2.3 s". */
export function duration(ms) {
  if (!Number.isFinite(ms)) return "–";
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  return ms < 1000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** Time of day of a moment in ms since 1970, as the clock of this machine has it. */
export const clock = (ms) => new Date(ms).toTimeString().slice(0, 8);

/** Attributes of a toxic in a line: "latency 500, jitter 20". */
export const attributesText = (attributes) =>
  Object.entries(attributes ?? {}).filter(([, value]) => value !== "" && value !== false)
    .map(([name, value]) => `${shownText(name)} ${shownText(value)}`).join(", ");

/** The sentence for an event of the stream. */
export function eventText(event) {
  const proxy = shownText(event.proxy);
  if (event.type === "backend.down") return `${proxy}: the server behind it takes no connection (${shownText(event.why)})`;
  if (event.type === "backend.up") return `${proxy}: the server behind it answers again`;
  const where = event.request ? `request ${count(event.request)} of connection ${count(event.connection)}` : `connection ${count(event.connection)}`;
  const times = event.bites > 1 ? ` ${count(event.bites)} times, the last on` : "";
  return `${proxy}: ${shownText(event.toxic)} bit${times} ${where}`;
}
