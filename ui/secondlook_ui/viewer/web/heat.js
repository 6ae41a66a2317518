// A map over the picture: scores between their cells, then colours, as colour.py defines them.

const FINE = 512;
/** How fast the colour gains strength; see `colour.SLOPE`. */
const SLOPE = 3;

/** @typedef {{columns: number, rows: number, grey: string, low: number, high: number, from: number, to: number}} Heat */

/** Bytes that came as base64.
 * @param {string} text @returns {Uint8Array} */
export function bytesOf(text) {
  return Uint8Array.from(atob(text), (x) => x.charCodeAt(0));
}

/** Colours with their strength, larger than the cells.
 * @param {Heat} heat @param {Uint8Array} ramp 256 colours @returns {HTMLCanvasElement} */
export function heated(heat, ramp) {
  const { columns, rows } = heat;
  const grey = bytesOf(heat.grey);
  const times = Math.max(1, Math.min(32, Math.ceil(FINE / Math.max(columns, rows))));
  const canvas = document.createElement("canvas");
  canvas.width = columns * times;
  canvas.height = rows * times;
  const context = canvas.getContext("2d");
  const image = context.createImageData(canvas.width, canvas.height);
  const width = Math.max(heat.to - heat.from, 1e-12);
  const unit = (heat.high - heat.low) / 255;
  for (let y = 0, to = 0; y < canvas.height; y++) {
    const down = cells((y + 0.5) / times - 0.5, rows);
    for (let x = 0; x < canvas.width; x++, to += 4) {
      const across = cells((x + 0.5) / times - 0.5, columns);
      const mean =
        mixed(grey[down.a * columns + across.a], grey[down.a * columns + across.b], across.part) * (1 - down.part) +
        mixed(grey[down.b * columns + across.a], grey[down.b * columns + across.b], across.part) * down.part;
      const level = Math.min(1, Math.max(0, (heat.low + mean * unit - heat.from) / width));
      const colour = 3 * Math.round(level * 255);
      image.data[to] = ramp[colour];
      image.data[to + 1] = ramp[colour + 1];
      image.data[to + 2] = ramp[colour + 2];
      image.data[to + 3] = Math.round(255 * Math.min(1, level * SLOPE));
    }
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

const mixed = (a, b, part) => a + (b - a) * part;

function cells(place, count) {
  const low = Math.floor(place);
  const within = (x) => Math.min(count - 1, Math.max(0, x));
  return { a: within(low), b: within(low + 1), part: place - low };
}
