// The three views: what each has read of its collection, and how it is put on the page.

import { bookmarkTree, deviceTabs, everyBookmark, matches, visitedPage } from "./contents.js";
import { Reading } from "./reading.js";
import { foldedPart, growingList, pageRow, STEP, unreadableRow } from "./rows.js";
import { element } from "./say.js";
import { folderNames, moment, summaries } from "./texts.js";

const folderName = (folder) => (Object.hasOwn(folderNames, folder.id) ? folderNames[folder.id] : folder.title);

class BookmarksView {
  constructor(reading) {
    this.reading = reading;
  }

  async load() {
    await this.reading.readAll();
    const { folders, count } = bookmarkTree(this.reading.contents);
    this.folders = folders;
    this.count = count;
  }

  summary() {
    return summaries.bookmarks(this);
  }

  render() {
    const content = (folder) => growingList(folder.children, (child) =>
      (child.children ? element("li", {}, folded(child)) : pageRow(child)));
    const folded = (folder, open = false) =>
      foldedPart(folderName(folder), folder.children.length, () => content(folder), open);
    return this.folders.map((folder) => folded(folder, true));
  }

  find(wanted) {
    this.flat ??= everyBookmark(this.folders, folderName);
    return this.flat.filter((bookmark) => matches(bookmark, wanted));
  }

  foundRow(bookmark) {
    return pageRow(bookmark, element("bdi", {}, bookmark.path.map((name) => name.slice(0, 60)).join(" › ")));
  }
}

class TabsView {
  constructor(reading) {
    this.reading = reading;
  }

  async load() {
    await this.reading.readAll();
    this.all = this.reading.contents.map(deviceTabs).filter(Boolean);
    this.devices = this.all.length;
    this.count = this.all.reduce((sum, { tabs }) => sum + tabs.length, 0);
  }

  summary() {
    return summaries.tabs(this);
  }

  render() {
    return this.all.map(({ device, tabs }) =>
      foldedPart(device, tabs.length, () => growingList(tabs, (tab) => pageRow(tab)), true));
  }

  find(wanted) {
    return this.all.flatMap(({ device, tabs }) =>
      tabs.filter((tab) => matches(tab, wanted)).map((tab) => ({ ...tab, device })));
  }

  foundRow(tab) {
    return pageRow(tab, element("bdi", {}, tab.device.slice(0, 60)));
  }
}

class HistoryView {
  constructor(reading, total) {
    this.reading = reading;
    this.total = total;
    this.shown = STEP;
    this.visited = [];
    this.list = element("ul", { class: "rows" });
    this.drawn = []; // the pages that have their rows in the list
    this.looked = 0; // how many contents of the reading are among the visited
  }

  async load() {
    await this.reading.readPage();
    this.#sort();
  }

  async loadAll(progress) {
    await this.reading.readAll(() => {
      this.#sort();
      progress();
    });
  }

  // The storage knows when a record was stored, not when the page was visited: a Firefox stores all it has at
  // its first sync.
  #sort() {
    const fresh = this.reading.contents.slice(this.looked).map(visitedPage).filter(Boolean);
    this.looked = this.reading.contents.length;
    this.visited = [...this.visited, ...fresh].sort((a, b) => b.at - a.at);
    this.count = this.visited.length;
  }

  get read() {
    return this.reading.read;
  }

  get hasMore() {
    return this.shown < this.visited.length || !this.reading.complete;
  }

  async more() {
    this.shown += STEP;
    if (this.shown > this.visited.length && !this.reading.complete) {
      await this.load();
    }
  }

  summary() {
    return summaries.history(this);
  }

  render() {
    const wanted = this.visited.slice(0, this.shown);
    if (!this.drawn.every((page, i) => page === wanted[i])) { // what came later belongs in between
      this.list.replaceChildren();
      this.drawn = [];
    }
    this.list.append(...wanted.slice(this.drawn.length).map((page) => this.foundRow(page)));
    this.drawn = wanted;
    return [this.list];
  }

  find(wanted) {
    return this.visited.filter((page) => matches(page, wanted));
  }

  foundRow(page) {
    return pageRow(page, page.at ? moment(page.at) : "");
  }
}

/** Reads the first of a view, or all of it where it needs all. Throws Problem. */
export async function openView(name, access) {
  const reading = new Reading(name, access);
  const view = name === "bookmarks" ? new BookmarksView(reading)
    : name === "tabs" ? new TabsView(reading)
    : new HistoryView(reading, (await access.store.counts()).history ?? 0);
  await view.load();
  return view;
}

/** The records of a view that cannot be read, as a part of the page; [] when there are none. */
export const unreadablePart = ({ reading: { unreadable } }) =>
  (unreadable.length
    ? [foldedPart(summaries.unreadableTitle, unreadable.length, () => growingList(unreadable, unreadableRow), true)] : []);
