// Lengths and positions in words. What is not known is said.

/** @param {{x: number, y: number}} a @param {{x: number, y: number}} b in pixels of the picture
 * @param {[number, number]|null} pitch millimetres from row to row, from column to column */
export function lengthOf(a, b, pitch) {
  const [row, column] = pitch ?? [1, 1];
  return Math.hypot((b.x - a.x) * column, (b.y - a.y) * row);
}

/** `12.4 mm`, `31 px, pitch unknown`.
 * @param {number} length @param {boolean} known @param {boolean} [atDetector] */
export function saidLength(length, known, atDetector = false) {
  if (!known) return `${digits(length)} px, pitch unknown`;
  return `${digits(length)} mm${atDetector ? " at the detector" : ""}`;
}

/** Three digits, no more than the eye can set.
 * @param {number} x */
export function digits(x) {
  const size = Math.abs(x);
  return x.toFixed(size >= 100 || Number.isInteger(x) ? 0 : size >= 10 ? 1 : 2);
}

/** `12 / 200, 37.5 mm, axial`.
 * @param {number} index @param {number} count @param {number|null} position
 * @param {string|null} plane */
export function saidPlace(index, count, position, plane) {
  const parts = [`${index + 1} / ${count}`];
  if (position !== null && position !== undefined) parts.push(`${position.toFixed(1)} mm`);
  if (plane) parts.push(plane);
  return parts.join(", ");
}

/** The value of a pixel: `37 HU`, `128`, `12 80 255`; rounded ones with a mark.
 * @param {number[]} values @param {string} unit @param {boolean} exact */
export function saidValue(values, unit, exact) {
  const said = values.map((x) => (Number.isInteger(x) ? String(x) : x.toPrecision(4))).join(" ");
  return `${exact ? "" : "≈ "}${said}${unit ? ` ${unit}` : ""}`;
}

const OPPOSITE = { L: "R", R: "L", A: "P", P: "A", S: "I", I: "S" };

/** The letters at the four sides of a picture; null where its geometry is not known.
 * @param {[string, string]|null} letters where columns and rows run to */
export function sides(letters) {
  if (!letters) return null;
  const opposite = (x) => [...x].map((y) => OPPOSITE[y] ?? y).join("");
  const [right, bottom] = letters;
  return { right, bottom, left: opposite(right), top: opposite(bottom) };
}
