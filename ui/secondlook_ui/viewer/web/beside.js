// A second picture beside the first: the nearest good part, an earlier exam, a similar case.

import { el } from "./dom.js";
import { listen } from "./pointer.js";

export class Beside {
  /** @param {any} viewer @param {() => import("./pane.js").Pane} make */
  constructor(viewer, make) {
    this.viewer = viewer;
    this.make = make;
    /** @type {number|null} which of the scene's companions */
    this.number = null;
    this.pane = null;
    this.linked = true;
    this.look = { map: false, opacity: 0, heat: 0, boxes: false, chosen: null, near: null };
    this.link = el("button", { type: "button", class: "link", title: "Zoom, place and slice go together", onclick: () => this.#toggle() }, el("span", { text: "Linked" }));
    for (const name of ["pointerdown", "pointerup", "dblclick"]) this.link.addEventListener(name, (event) => event.stopPropagation());
  }

  /** The next companion; none after the last. False where there is none at all. */
  next() {
    const { beside } = this.viewer.scene;
    if (!beside.length) return false;
    if (this.number !== null && this.number + 1 >= beside.length) return this.close();
    this.number = this.number === null ? 0 : this.number + 1;
    if (!this.pane) {
      this.pane = this.make();
      this.pane.root.append(this.link);
      this.closing = new AbortController();
      listen(this.viewer, this.pane, this.closing.signal);
      this.viewer.stage.append(this.pane.root);
      this.viewer.sizes.observe(this.pane.root);
    }
    this.follow();
  }

  close() {
    this.number = null;
    this.closing?.abort();
    this.pane?.close();
    this.pane = null;
  }

  /** Open the series that is most like the one that is looked at. */
  follow() {
    if (this.number === null) return;
    const { main, scene } = this.viewer;
    const companion = scene.beside[this.number];
    const likeness = (x) => (x.modality === main.series.modality) + (x.plane === main.series.plane) + (x.slices.length > 1 === main.count > 1);
    const series = companion.series.reduce((best, x) => (likeness(x) > likeness(best) ? x : best));
    const at = this.#slice(main, { series, count: series.slices.length });
    this.pane.open({ ...series, presets: main.series.presets, title: companion.title }, at);
    this.pane.shades.inverted = main.shades.inverted;
    this.linkedTo(main);
  }

  /** @param {import("./pane.js").Pane} from the pane whose view was changed */
  linkedTo(from) {
    if (this.number === null || !this.linked) return;
    const { main } = this.viewer;
    const to = from === main ? this.pane : main;
    to.view = from.view;
    const own = from.shades.choice.kind !== "stated" && from.series.modality === to.series.modality;
    if (own) to.shades.choice = from.shades.choice;
  }

  /** @param {import("./pane.js").Pane} from the pane that was scrolled */
  scrolled(from) {
    if (this.number === null || !this.linked) return;
    const to = from === this.viewer.main ? this.pane : this.viewer.main;
    if (to.count > 1) to.go(this.#slice(from, to));
  }

  /** The slice as far from the middle, in mm where both say how far apart theirs are. */
  #slice(from, to) {
    const apart = from.series.spacing && to.series.spacing ? from.series.spacing / to.series.spacing : to.count / from.count;
    return Math.round((to.count - 1) / 2 + (from.wanted - (from.count - 1) / 2) * apart);
  }

  #toggle() {
    this.linked = !this.linked;
    this.link.setAttribute("aria-pressed", String(this.linked));
    this.link.firstChild.textContent = this.linked ? "Linked" : "Not linked";
    if (this.linked) this.linkedTo(this.viewer.main);
    this.viewer.redraw();
  }
}
