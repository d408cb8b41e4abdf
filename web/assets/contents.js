// What records are about: bookmarks as a tree of folders, tabs by device, visits. Pure, and wary: a field may
// be missing or of any type, folders may hold each other.

const text = (value) => (typeof value === "string" ? value : "");
const list = (value) => (Array.isArray(value) ? value : []);

/** Folders Firefox makes itself, in the order people know; their titles are in texts.js, by id. */
export const ROOTS = ["toolbar", "menu", "unfiled", "mobile"];

/**
 * The tree of all bookmarks.
 * @param contents  of the records; those that are deleted are left out
 * @returns {folders, count}: the top folders, each {id, title, children}, and how many bookmarks there are.
 *          A child is a folder or {id, title, address}. What no folder of the roots leads to is in a last
 *          folder with id "lost".
 */
export function bookmarkTree(contents) {
  const nodes = new Map();
  for (const content of contents.filter((each) => !each.deleted)) {
    const node = nodeOf(content);
    if (node) {
      nodes.set(content.id, node);
    }
  }
  const placed = new Set(ROOTS);
  const folders = ROOTS.map((id) => {
    const node = nodes.get(id);
    return node?.children ? node : { id, title: "", children: [], order: [] };
  });
  const waiting = [...folders];
  const byParent = grouped(nodes.values());
  for (const folder of waiting) { // grows as folders are found
    const listed = folder.order.map((id) => nodes.get(id)).filter(Boolean);
    for (const node of [...listed, ...(byParent.get(folder.id) ?? [])]) {
      if (!placed.has(node.id)) { // a second mention, or a ring
        placed.add(node.id);
        folder.children.push(node);
        if (node.children) {
          waiting.push(node);
        }
      }
    }
  }
  const lost = [...nodes.values()].filter((node) => node.id !== "places" && !placed.has(node.id));
  if (lost.length) { // flat: whatever their folders say, nothing leads there
    folders.push({ id: "lost", title: "", children: lost.filter((node) => !node.children), order: [] });
  }
  const count = [...nodes.values()].filter((node) => !node.children).length;
  return { folders: folders.filter((folder) => folder.children.length), count };
}

function grouped(nodes) {
  const groups = new Map();
  for (const node of nodes) {
    if (groups.has(node.parent)) {
      groups.get(node.parent).push(node);
    } else {
      groups.set(node.parent, [node]);
    }
  }
  return groups;
}

function nodeOf(content) {
  const node = { id: content.id, title: text(content.title), parent: text(content.parentid) };
  switch (content.type) {
    case "bookmark":
    case "query":
      return { ...node, address: text(content.bmkUri) };
    case "livemark":
      return { ...node, address: text(content.siteUri) || text(content.feedUri) };
    case "folder":
      return { ...node, children: [], order: list(content.children) };
    default:
      return null; // separators, and kinds yet to come
  }
}

/** Every bookmark below the folders, with the titles of the folders above it: [{title, address, path}]. */
export function everyBookmark(folders, titleOf) {
  const found = [];
  const waiting = folders.map((folder) => ({ folder, path: [titleOf(folder)] }));
  for (const { folder, path } of waiting) {
    for (const child of folder.children) {
      if (child.children) {
        // Ten are enough to find it; a chain of ten thousand folders would cost the square of that.
        waiting.push({ folder: child, path: path.length < 10 ? [...path, titleOf(child)] : path });
      } else {
        found.push({ ...child, path });
      }
    }
  }
  return found;
}

/** A device's open tabs: {device, tabs: [{title, address}]}, or null for a record that is deleted. */
export function deviceTabs(content) {
  if (content.deleted) {
    return null;
  }
  const tabs = list(content.tabs).filter((tab) => tab && typeof tab === "object")
    .map((tab) => ({ title: text(tab.title), address: text(list(tab.urlHistory)[0]) }));
  return { device: text(content.clientName), tabs };
}

const LAST_MOMENT = 8.64e15; // ms that a Date can hold

/** A page that was visited: {title, address, at}, `at` in milliseconds or 0; null for a deleted record. */
export function visitedPage(content) {
  if (content.deleted) {
    return null;
  }
  // Firefox counts visits in microseconds.
  const times = list(content.visits).map((visit) => Number(visit?.date) / 1000).filter((ms) => Math.abs(ms) <= LAST_MOMENT);
  return { title: text(content.title), address: text(content.histUri), at: times.reduce((a, b) => Math.max(a, b), 0) };
}

/** Whether what a person looks for is in a title or an address; capitals do not matter. */
export function matches({ title, address }, wanted) {
  return title.toLowerCase().includes(wanted) || address.toLowerCase().includes(wanted);
}
