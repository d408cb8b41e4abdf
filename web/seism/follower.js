// The results of a run as they grow: asks for what is new in each file.

const FILES = ["requests", "events", "samples"];
const LONGEST_TURN = 64; // pieces of a file at once

const parsed = (line) => {
  try {
    const value = JSON.parse(line);
    return value && typeof value === "object" && !Array.isArray(value) ? value : null;
  } catch {
    return null; // whoever wrote it, there is nothing to show
  }
};

/** What has been read so far: `verdict` (null until there is one) and lists of `requests`, `events` and `samples`. */
export class Follower {
  /** `get(path)` gives what fetch gives. */
  constructor(get) {
    this.get = get;
    this.verdict = null;
    this.verdictFile = "";
    this.files = Object.fromEntries(FILES.map((name) => [name, { file: "", next: 0 }]));
    for (const name of FILES) this[name] = [];
  }

  /** Asks once; true when there is something new. */
  async look() {
    let news = await this.#lookAtVerdict();
    for (const name of FILES) {
      for (let turn = 0; turn < LONGEST_TURN && await this.#more(name); turn += 1) news = true;
    }
    return news;
  }

  async #lookAtVerdict() {
    const answer = await this.get(`/results/verdict.json?file=${encodeURIComponent(this.verdictFile)}`);
    if (answer.status === 204) {
      if (answer.headers.has("X-Results-File") || this.verdict === null) return false;
      this.verdict = null; // a run began anew
      this.verdictFile = "";
      return true;
    }
    if (!answer.ok) throw new Error(await answer.text());
    const verdict = parsed(await answer.text());
    this.verdictFile = answer.headers.get("X-Results-File");
    if (!verdict) return false; // not whole yet, or none of ours
    this.verdict = verdict;
    return true;
  }

  async #more(name) {
    const state = this.files[name];
    const answer = await this.get(`/results/${name}.jsonl?file=${encodeURIComponent(state.file)}&from=${state.next}`);
    if (answer.status === 204) return false;
    if (!answer.ok) throw new Error(await answer.text());
    const file = answer.headers.get("X-Results-File");
    const next = Number(answer.headers.get("X-Results-Next"));
    const fresh = file !== state.file || next < state.next;
    if (!fresh && next === state.next) return false;
    if (fresh) this[name] = [];
    for (const line of (await answer.text()).split("\n")) {
      const value = parsed(line);
      if (value) this[name].push(value);
    }
    this.files[name] = { file, next };
    return true;
  }
}
