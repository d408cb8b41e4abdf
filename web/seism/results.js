// The part of the page about a run: follows its files and shows the matrix and the trial that was chosen.

import { matrixTable, trialFacts } from "./drawing.js";
import { Follower } from "./follower.js";
import { counted, shownText } from "./shown.js";
import { requestsOf, trialsOf } from "./trials.js";

const PAUSE_MS = 1000;
const get = (path) => fetch(path);

export class ResultsView {
  constructor(root, folder, fail) {
    this.find = (id) => root.querySelector(`#${id}`);
    this.folder = folder;
    this.fail = fail;
    this.follower = new Follower(get);
    this.chosen = null;
    new ResizeObserver(() => this.#showTrial()).observe(this.find("matrix"));
  }

  /** Follows the files for as long as the page is open. */
  async follow() {
    this.show();
    for (;;) {
      try {
        if (!document.hidden && await this.follower.look()) this.show();
        this.fail("");
      } catch (error) {
        this.fail(`The results cannot be read: ${shownText(error.message)}`);
      }
      await new Promise((resolve) => { setTimeout(resolve, PAUSE_MS); });
    }
  }

  show() {
    this.trials = trialsOf(this.follower);
    this.find("results-line").textContent = this.#line();
    const focused = document.activeElement?.dataset?.trial;
    this.find("matrix").replaceChildren(matrixTable(this.trials, this.chosen, (trial) => this.choose(trial)));
    if (focused !== undefined) [...this.find("matrix").querySelectorAll(".cell")].find((each) => each.dataset.trial === focused)?.focus();
    this.#showTrial();
  }

  choose(trial) {
    this.chosen = trial.id;
    this.show();
  }

  #line() {
    const { verdict, requests } = this.follower;
    if (!verdict) {
      return this.trials.length || requests.length
        ? `${shownText(this.folder)}: a run goes on, ${counted(requests.length, "request")} so far`
        : `${shownText(this.folder)}: there are no results yet`;
    }
    const score = Number.isFinite(verdict.resilience) ? `, ${Math.floor(verdict.resilience * 100)} % of the cells are not red` : "";
    const title = typeof verdict.title === "string" && verdict.title ? `${shownText(verdict.title)}: ` : "";
    const trouble = verdict.trouble ? `; it could not be carried out: ${shownText(verdict.trouble)}` : "";
    return `${title}${shownText(verdict.overall)}${score}, seed ${shownText(verdict.seed)}, ${shownText(verdict.started)}${trouble}`;
  }

  #showTrial() {
    const trial = this.trials?.find((each) => each.id === this.chosen);
    const place = this.find("trial");
    if (!trial) {
      place.replaceChildren();
      return;
    }
    const { requests, samples } = this.follower;
    const width = Math.max(280, Math.floor(this.find("matrix").clientWidth));
    place.replaceChildren(...trialFacts(trial, requestsOf(trial, this.trials, requests), samples, width));
  }
}
