// The events of proxies, newest first.

import { element } from "./dom.js";
import { clock, eventText } from "./shown.js";

const MOST = 200;

export class EventList {
  constructor(list, empty) {
    this.list = list;
    this.empty = empty;
  }

  add(events) {
    this.empty.hidden = true;
    const rows = events.slice(-MOST).map((event) => {
      const row = element("li", {}, element("time", {}, clock(event.time_ms)), " ", element("bdi", {}, eventText(event)));
      row.dataset.type = event.type;
      return row;
    });
    this.list.prepend(...rows.reverse());
    while (this.list.childElementCount > MOST) this.list.lastElementChild.remove();
  }
}
