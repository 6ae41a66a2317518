// The viewer: what is open, and what each act does. Nothing here talks to Python but `pick`.

import { Bar } from "./bar.js";
import { Beside } from "./beside.js";
import { el } from "./dom.js";
import { bytesOf } from "./heat.js";
import { dragged, ends } from "./lut.js";
import { placeAt } from "./marks.js";
import { lengthOf, saidLength, saidPlace, saidValue, digits } from "./measures.js";
import { Pane } from "./pane.js";
import { listenKeys } from "./keys.js";
import { listen } from "./pointer.js";
import { Strip } from "./strip.js";
import { FIT, STEP, actual, around, moved, toPicture, zoomed } from "./view.js";

const PAN = 0.1;
const CINE = 100;
const OPACITIES = [0.3, 0.6, 1];
const NEAR = 4;

export class Viewer {
  /** @param {Node} parent @param {import("./store.js").Store} store
   * @param {any} before what `left` of an earlier viewer gave */
  constructor(parent, store, before) {
    this.closing = new AbortController();
    this.store = store;
    this.before = before;
    this.pick = () => {};
    this.drawn = () => {};
    this.stage = el("div", { class: "stage" });
    this.name = el("h2", { class: "name" });
    this.facts = el("p", { class: "facts" });
    this.status = el("p", { class: "status" });
    this.value = el("output", { class: "value" });
    this.root = el("section", { class: "viewer", tabindex: "0", "aria-label": "Picture viewer" });
    this.root.viewer = this;
    parent.append(this.root);
    this.drawing = 0;
    this.scene = null;
    /** When this case was told of, and how long its first picture took: for measuring. */
    this.stats = { since: 0, first: 0 };
    this.sizes = new ResizeObserver(() => this.#fit());
  }

  /** @param {any} scene as viewer/scene.py tells it @param {(id: number) => void} pick
   * @param {(box: any) => void} drawn */
  tell(scene, pick, drawn) {
    this.pick = pick;
    this.drawn = drawn;
    const same = this.scene?.case === scene.case;
    const before = this.scene;
    this.scene = scene;
    if (!this.main) this.#build(scene);
    this.#mark(before, scene);
    this.#call(scene);
    if (same && alike(before, scene)) return this.#retell(scene);
    const known = this.before?.scene.case === scene.case && alike(this.before.scene, scene);
    this.#reset(scene, known ? this.before : null);
    this.before = null;
  }

  close() {
    this.stop();
    this.closing.abort();
    this.sizes.disconnect();
    cancelAnimationFrame(this.drawing);
    for (const pane of this.panes) pane.close();
    this.root.remove();
  }

  /** How this case was looked at, for the viewer that takes this one's place. */
  left() {
    if (!this.scene) return null;
    this.#keep();
    const { scene, kept, at, look, tool } = this;
    return { scene, kept: new Map(kept), at, look: { ...look }, tool };
  }

  get panes() {
    return this.beside?.pane ? [this.main, this.beside.pane] : this.main ? [this.main] : [];
  }

  get series() {
    return this.scene.series[this.at];
  }

  /** Do what a key or a button stands for. False where it stands for nothing now.
   * @param {string} name @param {any} [more] */
  act(name, more) {
    const act = ACTS[name];
    if (!act || !this.main?.series) return false;
    const done = act(this, more);
    this.redraw();
    return done;
  }

  /** @param {number} number of the series */
  open(number, index) {
    const { series } = this.scene;
    const wanted = ((number % series.length) + series.length) % series.length;
    this.#keep();
    this.at = wanted;
    const kept = this.kept.get(wanted);
    this.stop();
    this.main.open(series[wanted], index ?? kept?.index ?? series[wanted].start, kept);
    this.beside.follow();
    this.redraw();
  }

  zoom(pane, factor, x, y) {
    if (!pane.frame) return;
    pane.view = zoomed(pane.view, factor, x, y, pane.picture, pane.box);
    this.#linked(pane);
  }

  move(pane, dx, dy) {
    if (!pane.frame) return;
    pane.view = moved(pane.view, dx, dy, pane.picture, pane.box);
    this.#linked(pane);
  }

  scroll(pane, steps) {
    pane.go(pane.wanted + steps);
    this.beside.scrolled(pane);
    this.redraw();
  }

  drag(pane, drag, to) {
    if (!pane.frame) return;
    const [dx, dy] = [to.x - drag.last.x, to.y - drag.last.y];
    if (drag.kind === "move") this.move(pane, dx, dy);
    if (drag.kind === "window") {
      const { said } = pane.frame;
      const window = pane.shades.window(said);
      const { low, high } = ends(said.window);
      pane.shades.set(dragged(window, dx / pane.box.width, dy / pane.box.height, high - low));
      this.#linked(pane);
    }
    if (drag.kind === "mark" && pane === this.main) {
      const ends = [drag.from, to].map((x) => toPicture(pane.placed, x.x, x.y));
      pane.mark = { slice: pane.shown, ...boxOf(ends, pane.picture) };
      this.redraw();
    }
    if (drag.kind === "ruler") {
      const [a, b] = [drag.from, to].map((x) => toPicture(pane.placed, x.x, x.y));
      if (drag.ruler) pane.rulers.pop();
      drag.ruler = { slice: pane.shown, a, b, said: this.#length(pane, a, b) };
      pane.rulers.push(drag.ruler);
      this.redraw();
    }
  }

  dropped(pane, drag) {
    if (drag.kind === "mark" && pane.mark) {
      const { slice, ...box } = pane.mark;
      const [file, frame] = pane.series.slices[slice];
      this.drawn({ file, frame, ...box });
    }
    this.redraw();
  }

  click(pane, at) {
    const place = pane === this.main ? this.#under(at) : null;
    if (place) this.choose(place.id);
  }

  /** The one act that Python hears of.
   * @param {number} id of a place */
  choose(id) {
    if (this.look.chosen === id) return;
    this.look.chosen = id;
    this.redraw();
    this.pick(id);
  }

  /** Bring a place into sight, without choosing it. */
  show(id) {
    const number = this.scene.series.findIndex((x) => x.places.some((y) => y.id === id));
    if (number < 0) return;
    const place = this.scene.series[number].places.find((x) => x.id === id);
    if (number !== this.at) this.open(number, place.slice);
    else if (place.slice !== this.main.wanted) this.main.go(place.slice);
    this.look.near = id;
    this.look.boxes = true;
    if (this.main.frame) this.main.view = around(this.main.onPicture(place), this.main.picture, this.main.box);
    this.#linked(this.main);
  }

  hover(pane, at) {
    if (!pane.frame) return;
    const point = at && toPicture(pane.placed, at.x, at.y);
    const found = point && pane.valueAt(point);
    this.value.textContent = found
      ? `${found.x}, ${found.y}: ${saidValue(found.values, pane.frame.said.unit, found.exact)}`
      : "";
    const near = pane === this.main && at ? (this.#under(at)?.id ?? null) : null;
    if (near !== this.look.near) {
      this.look.near = near;
      this.stage.classList.toggle("pointing", near !== null);
      this.redraw();
    }
  }

  play() {
    if (this.main.count < 2) return false;
    this.playing = setInterval(() => {
      const next = (this.main.wanted + 1) % this.main.count;
      if (this.main.shown === this.main.wanted) {
        this.main.go(next);
        this.beside.scrolled(this.main);
        this.redraw();
      }
    }, CINE);
  }

  stop() {
    clearInterval(this.playing);
    this.playing = null;
  }

  redraw() {
    this.drawing ||= requestAnimationFrame(() => this.draw());
  }

  /** At once, for measuring; else `redraw`. */
  draw() {
    cancelAnimationFrame(this.drawing);
    this.drawing = 0;
    if (!this.main?.series) return;
    for (const pane of this.panes) pane.draw(pane === this.main ? this.look : this.beside.look);
    if (this.main.frame) this.stats.first ||= performance.now() - this.stats.since;
    this.#say();
  }

  #build(scene) {
    const changed = () => this.redraw();
    this.main = new Pane(this.store, bytesOf(scene.ramp), changed);
    this.bar = new Bar(this, scene.keys);
    this.strip = new Strip(this);
    this.beside = new Beside(this, () => new Pane(this.store, bytesOf(scene.ramp), changed));
    this.stage.append(this.main.root);
    this.sizes.observe(this.main.root);
    this.root.append(
      el("div", { class: "head" }, this.name, this.facts), this.bar.root, this.strip.root, this.stage, this.bar.help,
      el("div", { class: "line" }, this.status, this.value), this.strip.places,
    );
    listen(this, this.main, this.closing.signal);
    listenKeys(this, scene.keys, this.closing.signal);
  }

  #reset(scene, before) {
    this.stop();
    this.stats = { since: performance.now(), first: 0 };
    this.kept = before?.kept ?? new Map();
    this.look = before?.look ?? { map: scene.map, opacity: 0.6, heat: 0, boxes: true, chosen: null, near: null };
    this.tool = scene.marking ? "mark" : (before?.tool ?? scene.tool);
    this.at = 0;
    this.main.series = null;
    this.beside.close();
    this.bar.tell(scene);
    this.strip.tell(scene);
    this.open(before?.at ?? scene.first, undefined);
  }

  /** The name changes with the picture that it stands over, never before or after it. */
  #call(scene) {
    this.name.textContent = this.name.title = scene.name;
    this.facts.textContent = this.facts.title = scene.facts;
  }

  /** What the person drew; while a finding is edited, dragging draws. */
  #mark(before, scene) {
    this.main.mark = null;
    this.main.own = scene.own;
    if (before?.case === scene.case && before.marking !== scene.marking) {
      this.tool = scene.marking ? "mark" : scene.tool;
    }
  }

  #keep() {
    const { shades, view, rulers, wanted, series } = this.main;
    if (series) this.kept.set(this.at, { shades, view, rulers, index: wanted });
  }

  /** The same case again: what is new is taken over, what the person set stays. */
  #retell(scene) {
    this.main.retell(this.series);
    if (!scene.beside[this.beside.number]) this.beside.close();
    this.bar.tell(scene);
    this.strip.tell(scene);
    this.redraw();
  }

  #fit() {
    const dots = globalThis.devicePixelRatio || 1;
    for (const pane of this.panes) pane.resize(pane.root.clientWidth, pane.root.clientHeight, dots);
    this.draw();
  }

  /** Both panes of one view and one window, where they are linked. */
  #linked(pane) {
    this.beside.linkedTo(pane);
    this.redraw();
  }

  #under(at) {
    if (!this.main.frame || !this.look.boxes) return null;
    const { placed } = this.main;
    return placeAt(this.main.places, toPicture(placed, at.x, at.y), (NEAR * this.main.dots) / placed.sx);
  }

  #length(pane, a, b) {
    const { pitch, frame } = pane;
    const atDetector = pitch !== null && frame.said.lie.at_detector;
    return saidLength(lengthOf(a, b, pitch), pitch !== null, atDetector);
  }

  #say() {
    const { main } = this;
    this.bar.say();
    this.strip.say();
    if (!main.frame) {
      this.status.textContent = "";
      main.pixels.setAttribute("aria-label", main.note.textContent || "No picture yet");
      return;
    }
    const { said } = main.frame;
    const window = main.shades.window(said);
    const parts = [`${Math.round(main.placed.sx * 100)} %`];
    if (main.count > 1) {
      parts.unshift(`${main.series.word} ${saidPlace(main.shown, main.count, said.lie.position, main.series.plane)}`);
    }
    parts.push(`C ${digits(window.centre)} W ${digits(window.width)}${main.shades.inverted ? ", inverted" : ""}`);
    if (said.level > 0) parts.push(`${said.width} × ${said.height}, finer when larger`);
    const told = parts.join("  ·  ");
    if (this.status.textContent !== told) this.status.textContent = told;
    main.pixels.setAttribute("aria-label", this.#alternative(said));
  }

  /** What is to be seen, for those who do not see it. */
  #alternative(said) {
    const { main, look } = this;
    const parts = [`${main.series.title}, ${said.width} by ${said.height} pixels`, this.status.textContent];
    if (look.boxes) parts.push(...main.places.map((x) => `place ${x.name}: ${x.size}`));
    const heat = look.map ? main.heat(look.heat) : null;
    if (heat) parts.push(`map of ${heat.name} at ${Math.round(look.opacity * 100)} %`);
    return parts.join(". ");
  }
}

/** @type {Record<string, (viewer: Viewer, more: any) => any>} */
const ACTS = {
  fit: (v) => v.panes.forEach((x) => (x.view = FIT)),
  actual: (v) => {
    if (!v.main.frame) return false;
    v.main.view = actual(v.main.view, v.main.picture, v.main.box);
    v.beside.linkedTo(v.main);
  },
  in: (v) => v.zoom(v.main, STEP, v.main.box.width / 2, v.main.box.height / 2),
  out: (v) => v.zoom(v.main, 1 / STEP, v.main.box.width / 2, v.main.box.height / 2),
  left: (v) => v.move(v.main, PAN * v.main.box.width, 0),
  right: (v) => v.move(v.main, -PAN * v.main.box.width, 0),
  up: (v) => v.move(v.main, 0, PAN * v.main.box.height),
  down: (v) => v.move(v.main, 0, -PAN * v.main.box.height),
  drag: (v) => { v.tool = v.tool === "window" ? "move" : "window"; },
  ruler: (v) => { v.tool = v.tool === "ruler" ? v.scene.tool : "ruler"; },
  mark: (v) => {
    if (!v.scene.marking) return false;
    v.tool = v.tool === "mark" ? v.scene.tool : "mark";
  },
  tool: (v, tool) => { v.tool = tool; },
  window: (v, number) => v.preset(number ?? (v.main.shades.number ?? -2) + 1),
  windowBack: (v) => v.preset((v.main.shades.number ?? 0) - 1),
  invert: (v) => {
    const inverted = !v.main.shades.inverted;
    for (const pane of v.panes) if (pane.shades) pane.shades.inverted = inverted;
  },
  map: (v) => { v.look.map = !v.look.map; },
  opacity: (v, more) => {
    v.look.map = true;
    v.look.opacity = more ?? OPACITIES[(OPACITIES.findIndex((x) => x >= v.look.opacity - 0.01) + 1) % OPACITIES.length];
  },
  heat: (v, number) => { v.look.heat = number; v.look.map = true; },
  boxes: (v) => { v.look.boxes = !v.look.boxes; },
  place: (v) => {
    const ids = v.scene.series.flatMap((x) => x.places.map((y) => y.id));
    if (!ids.length) return false;
    v.show(ids[(ids.indexOf(v.look.near ?? v.look.chosen) + 1) % ids.length]);
  },
  choose: (v) => (v.look.near === null ? false : v.choose(v.look.near)),
  next: (v) => (v.main.count > 1 ? v.scroll(v.main, 1) : false),
  previous: (v) => (v.main.count > 1 ? v.scroll(v.main, -1) : false),
  first: (v) => (v.main.count > 1 ? v.scroll(v.main, -v.main.count) : false),
  last: (v) => (v.main.count > 1 ? v.scroll(v.main, v.main.count) : false),
  play: (v) => (v.playing ? v.stop() : v.play()),
  picture: (v) => (v.scene.series.length > 1 ? v.open(v.at + 1) : false),
  pictureBack: (v) => (v.scene.series.length > 1 ? v.open(v.at - 1) : false),
  beside: (v) => v.beside.next(),
  help: (v) => v.bar.toggleHelp(),
  leave: (v) => {
    if (v.bar.helping) v.bar.toggleHelp();
    else if (v.main.rulers.length) v.main.rulers.length = 0;
    else if (v.beside.number !== null) v.beside.close();
    else return false;
  },
};

Viewer.prototype.preset = function preset(number) {
  const count = this.series.presets.length;
  const wanted = number >= count ? -1 : number < -1 ? count - 1 : number;
  for (const pane of this.panes) pane.shades?.choose(wanted, pane.frame);
};

/** The whole pixels of the picture between two points. */
function boxOf([a, b], { width, height }) {
  const [left, right] = [a.x, b.x].sort((x, y) => x - y).map((x) => Math.min(width, Math.max(0, x)));
  const [top, bottom] = [a.y, b.y].sort((x, y) => x - y).map((x) => Math.min(height, Math.max(0, x)));
  const [x, y] = [Math.min(width - 1, Math.floor(left)), Math.min(height - 1, Math.floor(top))];
  return { left: x, top: y, width: Math.max(1, Math.ceil(right) - x), height: Math.max(1, Math.ceil(bottom) - y) };
}

/** Whether the pictures are the same ones: what lies over them may have changed. */
function alike(one, other) {
  const said = (x) => JSON.stringify(x.series.map((y) => [y.base, y.slices]));
  return said(one) === said(other);
}
