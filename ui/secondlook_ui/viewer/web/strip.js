// The pictures of the case to choose from, its marked places, and what the colours of a map mean.

import { el } from "./dom.js";
import { windowed } from "./lut.js";
import { LATER } from "./store.js";

const SIDE = 40;
const quiet = () => {};

export class Strip {
  /** @param {any} viewer */
  constructor(viewer) {
    this.viewer = viewer;
    this.root = el("div", { class: "strip", role: "tablist", "aria-label": "Pictures of the case" });
    this.chips = el("div", { class: "chips" });
    this.ramp = el("canvas", { class: "ramp", width: "96", height: "8", "aria-hidden": "true" });
    this.meaning = el("span");
    this.legend = el("p", { class: "legend" }, this.ramp, this.meaning);
    this.remark = el("p", { class: "remark" });
    this.row = el("div", { class: "bar" }, viewer.bar.seen, this.legend);
    this.places = el("div", { class: "places" }, this.remark, this.row, this.chips);
  }

  /** @param {any} scene */
  tell(scene) {
    const { viewer } = this;
    this.root.hidden = scene.series.length < 2;
    this.tabs = scene.series.map((series, number) => {
      const small = el("canvas", { width: String(SIDE), height: String(SIDE), "aria-hidden": "true" });
      const tab = el("button", { type: "button", role: "tab", title: series.title, onclick: () => viewer.open(number) }, small, el("span", { text: series.title }));
      if (scene.series.length > 1) this.#small(series, small);
      return tab;
    });
    this.root.replaceChildren(...this.tabs);
    const all = scene.series.flatMap((x) => x.places.map((place) => ({ place, on: onSlice(x, place) })));
    this.buttons = all.map(({ place, on }) => {
      const chip = el("button", { type: "button", class: "chip", onclick: () => viewer.choose(place.id) });
      chip.append(el("b", { text: place.name }), el("span", { text: [place.finding, place.size, on].filter(Boolean).join(", ") }));
      chip.addEventListener("focus", () => chip.matches(":focus-visible") && viewer.show(place.id));
      chip.addEventListener("pointerenter", () => this.#near(place.id));
      chip.addEventListener("pointerleave", () => this.#near(null));
      return { chip, place };
    });
    this.chips.replaceChildren(...this.buttons.map((x) => x.chip));
    this.#colours();
  }

  /** What stands now. */
  say() {
    const { main, look, at } = this.viewer;
    this.tabs.forEach((tab, number) => tab.setAttribute("aria-selected", String(number === at)));
    for (const { chip, place } of this.buttons) {
      chip.classList.toggle("chosen", place.id === look.chosen);
      chip.classList.toggle("near", place.id === look.near);
    }
    this.chips.hidden = !this.buttons.length || !look.boxes;
    const heat = look.map && main.frame ? main.heat(look.heat) : null;
    const elsewhere = look.map && !heat && main.series.heats.length;
    this.legend.hidden = !heat && !elsewhere;
    this.row.hidden = this.viewer.bar.seen.hidden;
    this.ramp.hidden = !heat;
    const told = heat?.meaning ?? (elsewhere ? `The map belongs to ${main.series.word.toLowerCase()} ${main.series.heats[0].slice + 1}.` : "");
    if (this.meaning.textContent !== told) this.meaning.textContent = told;
    this.remark.textContent = main.series.remark;
    this.remark.hidden = !main.series.remark;
  }

  #near(id) {
    this.viewer.look.near = id;
    this.viewer.redraw();
  }

  #small(series, canvas) {
    const [file, frame] = series.slices[series.start];
    this.viewer.store.get(`${series.base}/${file}/${frame}`, LATER).then((found) => draw(found, canvas), quiet);
  }

  #colours() {
    const context = this.ramp.getContext("2d");
    const { ramp } = this.viewer.main;
    for (let x = 0; x < 96; x++) {
      const at = 3 * Math.round((x / 95) * 255);
      context.fillStyle = `rgb(${ramp[at]}, ${ramp[at + 1]}, ${ramp[at + 2]})`;
      context.fillRect(x, 0, 1, 8);
    }
  }
}

/** Which slice of several a place is on. */
function onSlice(series, place) {
  return series.slices.length > 1 ? `${series.word.toLowerCase()} ${place.slice + 1}` : "";
}

/** A frame, small. */
function draw(frame, canvas) {
  const { said, levels } = frame;
  const level = levels.findLast((x) => Math.min(x.columns, x.rows) >= SIDE) ?? levels[levels.length - 1];
  const table = frame.table ?? windowed(said, said.window, false);
  const image = new ImageData(level.columns, level.rows);
  for (let i = 0, to = 0; to < image.data.length; i += said.channels, to += 4) {
    for (let c = 0; c < 3; c++) image.data[to + c] = table[level.codes[i + (said.channels === 3 ? c : 0)]];
    image.data[to + 3] = 255;
  }
  const whole = el("canvas", { width: String(level.columns), height: String(level.rows) });
  whole.getContext("2d").putImageData(image, 0, 0);
  const scale = Math.max(SIDE / level.columns, SIDE / (level.rows * said.lie.aspect));
  const [wide, high] = [level.columns * scale, level.rows * said.lie.aspect * scale];
  canvas.getContext("2d").drawImage(whole, (SIDE - wide) / 2, (SIDE - high) / 2, wide, high);
}
