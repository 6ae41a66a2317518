// Layers onto a canvas without WebGL: the part of a level that is seen, through the table.

import { SQUARES, rectangle } from "./layers.js";

const KEPT = 12;
const LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

/** @param {HTMLCanvasElement} canvas */
export function flatPainter(canvas) {
  return new FlatPainter(canvas.getContext("2d", { alpha: false }));
}

class FlatPainter {
  kind = "2d";
  lost = false;

  /** @param {CanvasRenderingContext2D} context */
  constructor(context) {
    this.context = context;
    this.colours = new Uint32Array(65536);
    this.version = 0;
    /** @type {Map<any, {canvas: HTMLCanvasElement, version: number, part: any}>} */
    this.drawn = new Map();
  }

  /** See `GlPainter.draw`. */
  draw(said, layers, table, fresh, at, box) {
    const { context } = this;
    if (fresh) this.#take(table);
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = "#000";
    context.fillRect(0, 0, box.width, box.height);
    for (const layer of layers) this.#layer(said, layer, at, box);
  }

  finish() {
    this.context.getImageData(0, 0, 1, 1);
  }

  close() {
    this.drawn.clear();
  }

  #take(table) {
    this.version++;
    for (let code = 0; code < 65536; code++) {
      const grey = table[code];
      this.colours[code] = LITTLE_ENDIAN
        ? 0xff000000 | (grey << 16) | (grey << 8) | grey
        : (grey << 24) | (grey << 16) | (grey << 8) | 0xff;
    }
  }

  #layer(said, layer, at, box) {
    const { context } = this;
    const on = rectangle(layer, said, at, box);
    if (on.right <= on.left || on.bottom <= on.top) return;
    const [sx, sy] = [at.sx * layer.step, at.sy * layer.step];
    const [x, y] = [at.left + layer.x * at.sx, at.top + layer.y * at.sy];
    const part = {
      left: Math.max(0, Math.floor((on.left - x) / sx) - 1),
      top: Math.max(0, Math.floor((on.top - y) / sy) - 1),
      right: Math.min(layer.level.columns, Math.ceil((on.right - x) / sx) + 1),
      bottom: Math.min(layer.level.rows, Math.ceil((on.bottom - y) / sy) + 1),
    };
    const source = this.#shown(layer, part);
    context.save();
    context.beginPath();
    context.rect(on.left, on.top, on.right - on.left, on.bottom - on.top);
    context.clip();
    context.imageSmoothingEnabled = sx < SQUARES;
    context.drawImage(
      source.canvas, 0, 0, source.part.right - source.part.left, source.part.bottom - source.part.top,
      x + source.part.left * sx, y + source.part.top * sy,
      (source.part.right - source.part.left) * sx, (source.part.bottom - source.part.top) * sy,
    );
    context.restore();
  }

  /** The part as colours; made anew only for another table or when more of it is seen. */
  #shown(layer, part) {
    const { level } = layer;
    let found = this.drawn.get(level);
    if (found && found.version === this.version && holds(found.part, part)) return found;
    const canvas = found?.canvas ?? document.createElement("canvas");
    const [wide, high] = [part.right - part.left, part.bottom - part.top];
    if (canvas.width < wide || canvas.height < high) {
      canvas.width = Math.max(canvas.width, wide);
      canvas.height = Math.max(canvas.height, high);
    }
    const context = canvas.getContext("2d", { alpha: false });
    const image = context.createImageData(wide, high);
    const out = new Uint32Array(image.data.buffer);
    if (layer.channels === 1) greys(level, part, this.colours, out);
    else colours(level, part, this.colours, out);
    context.putImageData(image, 0, 0);
    found = { canvas, version: this.version, part };
    this.drawn.delete(level);
    this.drawn.set(level, found);
    if (this.drawn.size > KEPT) this.drawn.delete(this.drawn.keys().next().value);
    return found;
  }
}

function holds(outer, inner) {
  return (
    outer.left <= inner.left && outer.top <= inner.top &&
    outer.right >= inner.right && outer.bottom >= inner.bottom
  );
}

function greys(level, part, table, out) {
  const { columns, codes } = level;
  for (let y = part.top, to = 0; y < part.bottom; y++) {
    const end = y * columns + part.right;
    for (let from = y * columns + part.left; from < end; from++, to++) out[to] = table[codes[from]];
  }
}

function colours(level, part, table, out) {
  const { columns, codes } = level;
  const [red, green, blue] = LITTLE_ENDIAN ? [0xff, 0xff00, 0xff0000] : [0xff000000, 0xff0000, 0xff00];
  const whole = LITTLE_ENDIAN ? 0xff000000 : 0xff;
  for (let y = part.top, to = 0; y < part.bottom; y++) {
    let from = 3 * (y * columns + part.left);
    for (let x = part.left; x < part.right; x++, to++, from += 3) {
      out[to] = whole | (table[codes[from]] & red) | (table[codes[from + 1]] & green) | (table[codes[from + 2]] & blue);
    }
  }
}
