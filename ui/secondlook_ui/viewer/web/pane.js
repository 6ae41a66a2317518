// One picture on its canvases: the frame that is wanted, the one that is shown, and how.

import { el } from "./dom.js";
import { heated } from "./heat.js";
import { baseLayer, tileLayer, tilesFor } from "./layers.js";
import { drawHeat, drawLetters, drawPlace, drawRuler } from "./marks.js";
import { sides } from "./measures.js";
import { flatPainter } from "./paint_2d.js";
import { glPainter } from "./paint_gl.js";
import { Shades } from "./shades.js";
import { FIT, placed } from "./view.js";

const AHEAD = 8;
const quiet = () => {};

export class Pane {
  /** @param {import("./store.js").Store} store @param {Uint8Array} ramp @param {() => void} changed */
  constructor(store, ramp, changed) {
    this.store = store;
    this.ramp = ramp;
    this.changed = changed;
    this.over = el("canvas", { class: "over", "aria-hidden": "true" });
    this.note = el("p", { class: "note", role: "status" });
    this.title = el("p", { class: "title" });
    this.root = el("div", { class: "pane" }, this.over, this.title, this.note);
    this.box = { width: 0, height: 0 };
    this.dots = 1;
    this.view = FIT;
    this.series = null;
    this.shades = null;
    this.frame = null;
    this.wanted = this.shown = 0;
    this.rulers = [];
    /** What is being drawn, and what the person drew: by file and frame. */
    this.mark = null;
    this.own = [];
    /** @type {Map<any, HTMLCanvasElement>} */
    this.rasters = new Map();
    this.stats = { draws: 0, last: 0 };
    this.#newPainter(true);
  }

  /** @param {any} series @param {number} index @param {any} [kept] how it was shown before */
  open(series, index, kept) {
    this.series = series;
    this.shades = kept?.shades ?? new Shades(series);
    this.shades.series = series;
    this.view = kept?.view ?? FIT;
    this.rulers = kept?.rulers ?? [];
    this.title.textContent = series.title;
    this.mark = null;
    this.#blank();
    this.go(index);
  }

  /** @param {any} series the same one, told anew */
  retell(series) {
    this.series = series;
    this.shades.series = series;
    this.rasters.clear();
  }

  get count() {
    return this.series?.slices.length ?? 0;
  }

  address(index) {
    const [file, frame] = this.series.slices[index];
    return `${this.series.base}/${file}/${frame}`;
  }

  /** Have a slice shown; what is shown stays until it is there.
   * @param {number} index */
  go(index) {
    this.wanted = Math.min(this.count - 1, Math.max(0, index));
    const { series, wanted } = this;
    const here = this.store.peek(this.address(wanted));
    if (here) return this.#came(here, wanted);
    this.store.relax();
    this.note.textContent = this.frame ? "" : "Loading …";
    this.store.get(this.address(wanted), 0).then(
      (frame) => this.series === series && this.wanted === wanted && this.#came(frame, wanted),
      (error) => this.series === series && this.wanted === wanted && this.#failed(error),
    );
  }

  get picture() {
    const { said } = this.frame;
    return { width: said.width, height: said.height, aspect: said.lie.aspect };
  }

  get pitch() {
    return this.frame?.said.lie.pitch ?? this.series?.pitch ?? null;
  }

  get placed() {
    return placed(this.view, this.picture, this.box);
  }

  /** The marked places of the slice, in its own pixels. */
  get places() {
    const here = this.series ? this.series.places.filter((x) => x.slice === this.shown) : [];
    return this.frame ? here.map((x) => this.onPicture(x)) : here;
  }

  /** A place as it was told lies on the picture that models see, whose pixels may be square. */
  onPicture(place) {
    const { width, height, seen } = this.frame.said;
    const [down, across] = [height / seen[0], width / seen[1]];
    return {
      ...place,
      left: place.left * across,
      top: place.top * down,
      width: place.width * across,
      height: place.height * down,
    };
  }

  heat(number) {
    const here = this.series ? this.series.heats.filter((x) => x.slice === this.shown) : [];
    return here[Math.min(number, here.length - 1)] ?? null;
  }

  /** The values of the pixel under a point of the picture; null beside it.
   * @param {{x: number, y: number}} point */
  valueAt(point) {
    const { said, levels } = this.frame;
    const [x, y] = [Math.floor(point.x), Math.floor(point.y)];
    if (x < 0 || y < 0 || x >= said.width || y >= said.height) return null;
    const tile = this.#tiles().find(
      (z) => z.said.level === 0 && Math.floor(x / z.said.tile) === z.said.column && Math.floor(y / z.said.tile) === z.said.row,
    );
    const level = tile ? tile.levels[0] : levels[0];
    const [left, top] = tile ? [x % tile.said.tile, y % tile.said.tile] : [x >> said.level, y >> said.level];
    const at = (top * level.columns + left) * said.channels;
    const codes = Array.from({ length: said.channels }, (_, i) => level.codes[at + i]);
    const values = codes.map((code) => rounded(code * said.slope + said.intercept));
    return { x, y, values, exact: said.exact && (Boolean(tile) || said.level === 0) };
  }

  /** @param {number} width @param {number} height of the element @param {number} dots */
  resize(width, height, dots) {
    const box = { width: Math.round(width * dots), height: Math.round(height * dots) };
    if (box.width === this.box.width && box.height === this.box.height) return;
    this.box = box;
    this.dots = dots;
    for (const canvas of [this.pixels, this.over]) Object.assign(canvas, box);
  }

  /** @param {any} look what is shown over the pixels */
  draw(look) {
    if (!this.frame || !this.box.width || !this.box.height) return;
    const start = performance.now();
    if (this.painter.lost) this.#newPainter(false);
    const at = this.placed;
    const { table, fresh } = this.shades.of(this.frame);
    const layers = [baseLayer(this.frame, at), ...this.#tiles().map(tileLayer)];
    this.painter.draw(this.frame.said, layers, table, fresh || this.stale, at, this.box);
    this.stale = false;
    this.#over(at, look);
    this.stats.draws++;
    this.stats.last = performance.now() - start;
  }

  close() {
    this.painter.close();
    this.root.remove();
  }

  #came(frame, index) {
    this.frame = frame;
    this.shown = index;
    this.note.textContent = "";
    this.changed();
    for (let step = 1; step <= Math.min(AHEAD, this.count - 1); step++) {
      for (const other of [index + step, index - step]) {
        if (other >= 0 && other < this.count) this.store.get(this.address(other), step).catch(quiet);
      }
    }
  }

  #failed(error) {
    if (error.name === "Relaxed") return;
    this.#blank();
    this.note.textContent = error.message;
    this.changed();
  }

  /** No picture stands under the name of another one. */
  #blank() {
    this.frame = null;
    this.pixels.classList.add("empty");
    this.over.getContext("2d").clearRect(0, 0, this.box.width, this.box.height);
  }

  /** Finer tiles that are here; those that are not are asked for. */
  #tiles() {
    const { said } = this.frame;
    if (said.level === 0) return [];
    return tilesFor(said, this.placed, this.box).flatMap(({ level, column, row }) => {
      const address = `${this.address(this.shown)}/${level}/${column}/${row}`;
      const here = this.store.peek(address);
      if (here) return [here];
      this.store.get(address, 0, false).then(this.changed, quiet);
      return [];
    });
  }

  #over(at, look) {
    const context = this.over.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.box.width, this.box.height);
    this.pixels.classList.remove("empty");
    const { said } = this.frame;
    const heat = look.map ? this.heat(look.heat) : null;
    if (heat) drawHeat(context, at, said, this.#raster(heat), look.opacity);
    if (look.boxes) {
      for (const place of this.places) {
        const how = { chosen: place.id === look.chosen, near: place.id === look.near, dots: this.dots };
        drawPlace(context, at, place, how);
      }
    }
    for (const box of this.#mine()) {
      drawPlace(context, at, { name: "yours", ...box }, { chosen: false, near: false, dots: this.dots });
    }
    const letters = sides(said.lie.letters);
    if (letters) drawLetters(context, letters, this.box, this.dots);
    for (const ruler of this.rulers) {
      if (ruler.slice === this.shown) drawRuler(context, at, ruler, this.dots);
    }
  }

  /** In pixels of the picture itself, unlike what models saw. */
  #mine() {
    const [file, frame] = this.series.slices[this.shown];
    const here = this.own.filter((x) => x.file === file && x.frame === frame);
    return this.mark?.slice === this.shown ? [...here, this.mark] : here;
  }

  #raster(heat) {
    let raster = this.rasters.get(heat);
    if (!raster) {
      raster = heated(heat, this.ramp);
      this.rasters.set(heat, raster);
    }
    return raster;
  }

  /** A context that was lost does not come back in time: then the plain canvas takes over. */
  #newPainter(quick) {
    this.pixels?.remove();
    this.pixels = el("canvas", { class: "pixels", role: "img" });
    Object.assign(this.pixels, this.box);
    this.root.prepend(this.pixels);
    this.painter = quick ? glPainter(this.pixels) : null;
    if (!this.painter && quick) return this.#newPainter(false);
    this.painter ??= flatPainter(this.pixels);
    this.stale = true;
  }
}

/** Without the last digits that a rescale in binary leaves over. */
const rounded = (x) => (Number.isInteger(x) ? x : Number(x.toPrecision(6)));
