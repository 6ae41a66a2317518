// What lies over the pixels: map, places, rulers, letters. Text is drawn, never parsed.

import { toCanvas } from "./view.js";

const INK = "#00e5ff";
const HALO = "rgba(12, 14, 18, 0.9)";
const CHOSEN = "#ffd54a";
const LETTERS = "#e8eaed";
const FONT = "system-ui, sans-serif";

/** @typedef {{id: number, left: number, top: number, width: number, height: number, name: string, size: string}} Place
 *  @typedef {import("./view.js").Placed} Placed */

/** @param {CanvasRenderingContext2D} context @param {Placed} at @param {{width: number, height: number}} said
 * @param {HTMLCanvasElement} raster @param {number} opacity */
export function drawHeat(context, at, said, raster, opacity) {
  context.globalAlpha = opacity;
  context.imageSmoothingEnabled = true;
  context.drawImage(raster, at.left, at.top, said.width * at.sx, said.height * at.sy);
  context.globalAlpha = 1;
}

/** @param {CanvasRenderingContext2D} context @param {Placed} at @param {Place} place
 * @param {{chosen: boolean, near: boolean, dots: number}} how */
export function drawPlace(context, at, place, how) {
  const from = toCanvas(at, place.left, place.top);
  const box = [from.x, from.y, place.width * at.sx, place.height * at.sy];
  const ink = how.chosen ? CHOSEN : INK;
  const thick = (how.chosen || how.near ? 2.5 : 1.5) * how.dots;
  context.setLineDash([]);
  context.strokeStyle = HALO;
  context.lineWidth = thick + 2 * how.dots;
  context.strokeRect(...box);
  context.strokeStyle = ink;
  context.lineWidth = thick;
  context.strokeRect(...box);
  const said = how.chosen || how.near ? fitted(context, place, how.dots) : short(place.name);
  label(context, said, from.x + thick, from.y - 4 * how.dots, ink, how.dots, "bottom");
}

/** @param {CanvasRenderingContext2D} context @param {Placed} at
 * @param {{a: {x: number, y: number}, b: {x: number, y: number}, said: string}} ruler @param {number} dots */
export function drawRuler(context, at, ruler, dots) {
  const [a, b] = [toCanvas(at, ruler.a.x, ruler.a.y), toCanvas(at, ruler.b.x, ruler.b.y)];
  for (const [colour, width] of [[HALO, 4 * dots], [CHOSEN, 1.5 * dots]]) {
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.beginPath();
    context.moveTo(a.x, a.y);
    context.lineTo(b.x, b.y);
    for (const end of [a, b]) tick(context, end, a, b, 5 * dots);
    context.stroke();
  }
  label(context, ruler.said, b.x + 8 * dots, b.y, CHOSEN, dots, "middle");
}

/** @param {CanvasRenderingContext2D} context @param {{left: string, right: string, top: string, bottom: string}} letters
 * @param {{width: number, height: number}} box @param {number} dots */
export function drawLetters(context, letters, box, dots) {
  const rim = 14 * dots;
  const [x, y] = [box.width / 2, box.height / 2];
  context.font = `600 ${Math.round(13 * dots)}px ${FONT}`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  for (const [text, left, top] of [
    [letters.left, rim, y], [letters.right, box.width - rim, y],
    [letters.top, x, rim], [letters.bottom, x, box.height - rim],
  ]) {
    const wide = context.measureText(text).width + 9 * dots;
    context.fillStyle = "rgba(12, 14, 18, 0.6)";
    context.beginPath();
    context.roundRect(left - wide / 2, top - 9 * dots, wide, 18 * dots, 4 * dots);
    context.fill();
    context.fillStyle = LETTERS;
    context.fillText(text, left, top + dots / 2);
  }
  context.textAlign = "start";
}

/** The place under a point of the picture: of several the smallest.
 * @param {Place[]} places @param {{x: number, y: number}} point @param {number} room around them
 * @returns {Place|null} */
export function placeAt(places, point, room) {
  const under = places.filter(
    (x) =>
      point.x >= x.left - room && point.x <= x.left + x.width + room &&
      point.y >= x.top - room && point.y <= x.top + x.height + room,
  );
  return under.sort((x, y) => x.width * x.height - y.width * y.height)[0] ?? null;
}

/** Name and size as far as the canvas has room; all of it stands below the picture anyway. */
function fitted(context, place, dots) {
  context.font = font(dots);
  const most = context.canvas.width - 8 * dots;
  const tries = [place.size, place.size.replace(/ \(.*\)$/, ""), place.size.split(",")[0]];
  const said = tries.map((x) => `${short(place.name)}  ${x}`).find((x) => context.measureText(x).width <= most);
  return said ?? short(place.name);
}

const short = (name) => (name.length > 24 ? `${name.slice(0, 23)}…` : name);

const font = (dots) => `600 ${Math.round(12 * dots)}px ${FONT}`;

function label(context, text, x, y, ink, dots, baseline) {
  context.font = font(dots);
  context.textBaseline = baseline;
  context.lineJoin = "round";
  context.strokeStyle = HALO;
  context.lineWidth = 3.5 * dots;
  const rim = 4 * dots;
  const left = Math.max(rim, Math.min(x, context.canvas.width - context.measureText(text).width - rim));
  const top = Math.max(y, 14 * dots);
  context.strokeText(text, left, top);
  context.fillStyle = ink;
  context.fillText(text, left, top);
}

function tick(context, end, a, b, size) {
  const length = Math.hypot(b.x - a.x, b.y - a.y) || 1;
  const [x, y] = [((b.y - a.y) / length) * size, ((a.x - b.x) / length) * size];
  context.moveTo(end.x - x, end.y - y);
  context.lineTo(end.x + x, end.y + y);
}
