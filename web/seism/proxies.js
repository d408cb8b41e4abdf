// The list of proxies: what passes through them, and what is done to it.

import { call, proxyPath, toxicPath } from "./api.js";
import { button, element } from "./dom.js";
import { attributesText, bytes, count, shownText } from "./shown.js";
import { toxicForm } from "./toxic_form.js";

const percent = (share) => (share === 1 ? "" : `, ${Math.round(share * 1e4) / 100} %`);

/** A button that must be pressed twice: what it does cannot be taken back. */
function twice(label, question, action) {
  const node = button(label, () => {
    if (node.dataset.asked) return action();
    node.dataset.asked = "yes";
    node.textContent = question;
    return undefined;
  });
  node.addEventListener("blur", () => {
    delete node.dataset.asked;
    node.textContent = label;
  });
  return node;
}

/** One proxy on the page; stays while it is there, so that nobody loses the focus. */
class ProxyRow {
  constructor(name, types, fail) {
    this.name = name;
    this.types = types;
    this.fail = fail;
    this.address = element("p", { class: "soft address" });
    this.figures = element("dl", { class: "figures" });
    this.toxics = element("ul", { class: "toxics" });
    this.place = element("div");
    this.switcher = button("", () => this.act("POST", proxyPath(name), { enabled: !this.proxy.enabled }), { class: "quiet switch" });
    this.adder = button("Add toxic", () => this.open(null), { class: "quiet add" });
    this.node = element("li", { class: "proxy" },
      element("div", { class: "row" }, element("h2", {}, element("bdi", {}, shownText(name))), this.switcher,
        twice("Delete", "Delete it?", () => this.act("DELETE", proxyPath(name)))),
      this.address, this.figures, this.toxics, this.place, this.adder);
    this.node.dataset.proxy = name;
  }

  async act(method, path, body = undefined) {
    try {
      await call(method, path, body);
      this.fail("");
    } catch (error) {
      this.fail(`${shownText(this.name)}: ${shownText(error.message)}`);
    }
  }

  open(toxic) {
    const close = () => {
      this.place.replaceChildren();
      this.adder.hidden = false;
      this.adder.focus();
    };
    this.place.replaceChildren(toxicForm(this.types, this.name, toxic, close));
    this.adder.hidden = true;
    this.place.querySelector("select, input").focus();
  }

  show(proxy, { counts = {}, protocol = "tcp", tls = "pass" } = {}) {
    this.proxy = proxy;
    this.node.dataset.enabled = String(proxy.enabled);
    this.switcher.textContent = proxy.enabled ? "Disable" : "Enable";
    const spoken = [protocol === "tcp" ? "" : protocol, tls === "pass" ? "" : `TLS: ${tls}`].filter(Boolean).join(", ");
    this.address.replaceChildren(element("bdi", {}, shownText(proxy.listen)), " → ", element("bdi", {}, shownText(proxy.upstream)),
      spoken ? ` (${spoken})` : "", proxy.enabled ? "" : " – disabled: connections are refused");
    const figures = [["open", count(counts.open)], ["accepted", count(counts.accepted)], ["to the server", bytes(counts.upstream_bytes)],
      ["to the client", bytes(counts.downstream_bytes)], ["bites", count(counts.bites)], ["failed dials", count(counts.dial_failures)]];
    this.figures.replaceChildren(...figures.map(([word, value]) =>
      element("div", { "data-figure": word }, element("dt", {}, word), element("dd", {}, value))));
    this.showToxics(proxy.toxics);
  }

  showToxics(toxics) {
    const text = JSON.stringify(toxics);
    if (text === this.told) return;
    this.told = text;
    const lost = this.toxics.contains(document.activeElement);
    this.toxics.replaceChildren(...toxics.map((toxic) => {
      const row = element("li", {},
        element("span", { class: "toxic-text" }, element("bdi", { class: "toxic-name" }, shownText(toxic.name)),
          element("span", { class: "soft" }, ` ${shownText(toxic.type)}, ${shownText(toxic.stream)}${percent(toxic.toxicity)}`,
            attributesText(toxic.attributes) ? `: ${attributesText(toxic.attributes)}` : "")),
        button("Change", () => this.open(toxic), { "aria-label": `Change ${shownText(toxic.name)}` }),
        button("Remove", () => this.act("DELETE", toxicPath(this.name, toxic.name)), { "aria-label": `Remove ${shownText(toxic.name)}` }));
      row.dataset.toxic = toxic.name;
      return row;
    }));
    if (lost) this.adder.focus();
  }
}

/** All proxies; `fail` shows what went wrong. */
export class ProxyList {
  constructor(list, types, fail) {
    this.list = list;
    this.types = types;
    this.fail = fail;
    this.rows = new Map();
  }

  show({ proxies, counts }) {
    const names = Object.keys(proxies).sort();
    for (const [name, row] of this.rows) {
      if (!Object.hasOwn(proxies, name)) {
        row.node.remove();
        this.rows.delete(name);
      }
    }
    names.forEach((name, index) => {
      let row = this.rows.get(name);
      if (!row) {
        row = new ProxyRow(name, this.types, this.fail);
        this.rows.set(name, row);
        this.list.insertBefore(row.node, this.list.children[index] ?? null);
      }
      row.show(proxies[name], Object.hasOwn(counts, name) ? counts[name] : {});
    });
  }
}
