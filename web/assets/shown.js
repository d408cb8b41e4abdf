// How texts of records are shown. Whoever wrote a bookmark's title chose every character of it; shown are
// plain characters, and of addresses only those a link may have.

const LONGEST = 300;

// Characters that turn the direction of what follows: a title ends where it stands (<bdi>), but within it they
// could still make an address look like another one.
const TURNS = /[\u202a-\u202e\u2066-\u2069]/gu;
const MARKS = /[\u061c\u200b-\u200f\u2028\u2029\u2060-\u2064\ufeff]/gu;
const CONTROLS = /[\u0000-\u001f\u007f-\u009f]/gu;

const picture = (character) => {
  const code = character.codePointAt(0);
  return code < 0x20 ? String.fromCodePoint(0x2400 + code) : code === 0x7f ? "␡" : "�";
};
const named = (character) => `[U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}]`;

/** A text for one line of the page: no control characters, nothing that turns directions, not endless. */
export function shownTitle(text) {
  const start = text.slice(0, LONGEST);
  const cut = text.length > LONGEST ? start.replace(/[\ud800-\udbff]$/u, "") : start;
  return cut.replace(CONTROLS, picture).replace(TURNS, named) + (text.length > LONGEST ? "…" : "");
}

/** The same for an address, in which invisible characters have no business either. */
export const shownAddress = (text) => shownTitle(text).replace(MARKS, named);

/** Where a link may lead, or null: http and https alone, as URL writes it. */
export function linkTarget(address) {
  try {
    const url = new URL(address);
    return url.protocol === "http:" || url.protocol === "https:" ? url.href : null;
  } catch {
    return null;
  }
}
