// The window of a series, and the table that it makes of each of its frames.

import { between, span, stated, windowed } from "./lut.js";

/** @typedef {import("./lut.js").Window} Window
 *  @typedef {{kind: "stated"}|{kind: "preset", number: number}|{kind: "own", window: Window}} Choice */

export class Shades {
  /** @param {any} series */
  constructor(series) {
    this.series = series;
    /** @type {Choice} */
    this.choice = { kind: "stated" };
    this.inverted = false;
    /** @type {Window|null} what was found for the first frame holds for all: else slices flicker */
    this.found = null;
    this.greys = new Uint8Array(65536);
    this.key = "";
    this.table = this.greys;
  }

  /** @param {any} said of the frame that is shown @returns {Window} */
  window(said) {
    const preset = this.choice.kind === "preset" ? this.series.presets[this.choice.number] : null;
    if (preset) return { centre: preset.centre, width: preset.width, shape: "LINEAR" };
    if (this.choice.kind === "own") return this.choice.window;
    if (said.window.stated) return said.window;
    this.found ??= said.window;
    return this.found;
  }

  /** The table for a frame, and whether it is another one than before.
   * @param {import("./packed.js").Frame} frame */
  of(frame) {
    const { said } = frame;
    const asStated = this.choice.kind === "stated" && frame.table;
    const window = this.window(said);
    const key = JSON.stringify([
      said.slope, said.intercept, said.inverted, this.inverted, window.centre, window.width, window.shape,
      asStated ? [said.width, frame.table.byteOffset, asStated === this.from] : 0,
    ]);
    if (key === this.key && (!asStated || asStated === this.from)) return { table: this.table, fresh: false };
    this.key = key;
    this.from = asStated;
    this.table = asStated
      ? stated(frame.table, this.inverted !== said.inverted)
      : windowed(said, window, this.inverted, this.greys);
    return { table: this.table, fresh: true };
  }

  /** @param {number} number of the preset; -1 is as stated
   * @param {import("./packed.js").Frame|null} frame that automatic ones are found for */
  choose(number, frame) {
    const preset = this.series.presets[number];
    if (!preset) {
      this.choice = { kind: "stated" };
    } else if (!preset.auto) {
      this.choice = { kind: "preset", number };
    } else if (frame) {
      const found = span(frame.levels[0].codes, frame.said);
      const whole = preset.auto === "range";
      const window = whole ? between(found.least, found.most) : between(found.low, found.high);
      this.choice = { kind: "own", window, name: preset.name };
    }
  }

  /** @param {Window} window */
  set(window) {
    this.choice = { kind: "own", window };
  }

  get name() {
    if (this.choice.kind === "preset") return this.series.presets[this.choice.number].name;
    return this.choice.kind === "stated" ? this.series.stated : (this.choice.name ?? "Own window");
  }

  /** The number of the preset; -1 as stated, null for one of the person's own. */
  get number() {
    if (this.choice.kind === "preset") return this.choice.number;
    if (this.choice.kind === "stated") return -1;
    const number = this.series.presets.findIndex((x) => x.auto && x.name === this.choice.name);
    return number < 0 ? null : number;
  }
}
