// What a frame is drawn from at one size: the level of halvings that fits, and finer tiles over it.

import { levelFor } from "./view.js";

/** @typedef {import("./packed.js").Level} Level
 *  @typedef {{level: Level, channels: number, step: number, x: number, y: number}} Layer step: pixels of
 *    the picture per pixel of the level; x and y: where it begins on the picture */

/** Canvas pixels per pixel of a level from which on each is seen as a square. */
export const SQUARES = 3;

/** @param {import("./packed.js").Frame} frame @param {import("./view.js").Placed} at
 * @returns {Layer} */
export function baseLayer(frame, at) {
  const base = frame.said.level;
  const wanted = levelFor(Math.min(at.sx, at.sy), base + frame.levels.length - 1);
  const level = Math.max(0, wanted - base);
  return {
    level: frame.levels[level],
    channels: frame.said.channels,
    step: 2 ** (base + level),
    x: 0,
    y: 0,
  };
}

/** @param {import("./packed.js").Frame} tile @returns {Layer} */
export function tileLayer(tile) {
  const { level, column, row, channels, tile: side } = tile.said;
  const step = 2 ** level;
  return { level: tile.levels[0], channels, step, x: column * side * step, y: row * side * step };
}

/** The tiles that are finer than the base level and on the canvas.
 * @param {any} said of the frame @param {import("./view.js").Placed} at
 * @param {import("./view.js").Box} box */
export function tilesFor(said, at, box) {
  const level = levelFor(Math.min(at.sx, at.sy), said.level);
  if (level >= said.level) return [];
  const side = said.tile * 2 ** level;
  const range = (start, step, length, most) => {
    const first = Math.max(0, Math.floor(-start / step / side));
    const last = Math.min(Math.ceil(most / side) - 1, Math.floor((length - start) / step / side));
    return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);
  };
  const columns = range(at.left, at.sx, box.width, said.width);
  const rows = range(at.top, at.sy, box.height, said.height);
  return rows.flatMap((row) => columns.map((column) => ({ level, column, row })));
}

/** Where a layer lies on the canvas, cut off at the edges of the picture.
 * @param {Layer} layer @param {any} said @param {import("./view.js").Placed} at
 * @param {import("./view.js").Box} box */
export function rectangle(layer, said, at, box) {
  const right = Math.min(said.width, layer.x + layer.level.columns * layer.step);
  const bottom = Math.min(said.height, layer.y + layer.level.rows * layer.step);
  const within = (x, most) => Math.min(most, Math.max(0, Math.round(x)));
  return {
    left: within(at.left + layer.x * at.sx, box.width),
    top: within(at.top + layer.y * at.sy, box.height),
    right: within(at.left + right * at.sx, box.width),
    bottom: within(at.top + bottom * at.sy, box.height),
  };
}
