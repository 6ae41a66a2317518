// Where a picture lies on its canvas. Lengths on the canvas are device pixels.

/**
 * @typedef {{zoom: number, x: number, y: number}} View zoom: times the size that fits; x and y: the
 *   share of the picture that lies in the middle of the canvas
 * @typedef {{width: number, height: number, aspect: number}} Picture aspect: how much higher than
 *   wide a pixel is
 * @typedef {{width: number, height: number}} Box
 * @typedef {{sx: number, sy: number, left: number, top: number}} Placed pixels of the canvas per
 *   pixel of the picture, and where its upper left corner lies
 */

export const FIT = Object.freeze({ zoom: 1, x: 0.5, y: 0.5 });
export const LEAST = 0.25;
export const MOST_SCALE = 64;
export const STEP = 1.25;

/** Pixels of the canvas per column at which the whole picture is seen.
 * @param {Picture} picture @param {Box} box */
export function fitting(picture, box) {
  return Math.min(box.width / picture.width, box.height / (picture.height * picture.aspect));
}

/** @param {View} view @param {Picture} picture @param {Box} box @returns {Placed} */
export function placed(view, picture, box) {
  const sx = fitting(picture, box) * view.zoom;
  const sy = sx * picture.aspect;
  return {
    sx,
    sy,
    left: Math.round(box.width / 2 - view.x * picture.width * sx),
    top: Math.round(box.height / 2 - view.y * picture.height * sy),
  };
}

/** @param {Placed} at @param {number} x @param {number} y on the canvas */
export const toPicture = (at, x, y) => ({ x: (x - at.left) / at.sx, y: (y - at.top) / at.sy });

/** @param {Placed} at @param {number} x @param {number} y on the picture */
export const toCanvas = (at, x, y) => ({ x: at.left + x * at.sx, y: at.top + y * at.sy });

/** Larger or smaller, with what lies under a point of the canvas staying there.
 * @param {View} view @param {number} factor @param {number} x @param {number} y
 * @param {Picture} picture @param {Box} box @returns {View} */
export function zoomed(view, factor, x, y, picture, box) {
  const fit = fitting(picture, box);
  const least = Math.min(LEAST, 1 / fit); // 1:1 can always be reached
  const zoom = Math.min(Math.max(view.zoom * factor, least), Math.max(1, MOST_SCALE / fit));
  const share = (middle, point, size, length, stretch) =>
    middle + ((point - size / 2) / (length * fit * stretch)) * (1 / view.zoom - 1 / zoom);
  return held({
    zoom,
    x: share(view.x, x, box.width, picture.width, 1),
    y: share(view.y, y, box.height, picture.height, picture.aspect),
  });
}

/** One pixel of the picture on one of the screen, about the same middle.
 * @param {View} view @param {Picture} picture @param {Box} box @returns {View} */
export const actual = (view, picture, box) => held({ ...view, zoom: 1 / fitting(picture, box) });

/** @param {View} view @param {number} dx @param {number} dy on the canvas
 * @param {Picture} picture @param {Box} box @returns {View} */
export function moved(view, dx, dy, picture, box) {
  const scale = fitting(picture, box) * view.zoom;
  return held({
    zoom: view.zoom,
    x: view.x - dx / (picture.width * scale),
    y: view.y - dy / (picture.height * picture.aspect * scale),
  });
}

/** About a rectangle of the picture, with room around it; the whole picture where that is as near.
 * @param {{left: number, top: number, width: number, height: number}} part
 * @param {Picture} picture @param {Box} box @returns {View} */
export function around(part, picture, box) {
  const fit = fitting(picture, box);
  const room = Math.min(
    box.width / (3 * part.width),
    box.height / (3 * part.height * picture.aspect),
  );
  const zoom = Math.min(room, 8) / fit;
  if (zoom <= 1) return FIT;
  return held({
    zoom,
    x: (part.left + part.width / 2) / picture.width,
    y: (part.top + part.height / 2) / picture.height,
  });
}

/** The level of halvings whose pixels are drawn between half and whole size.
 * @param {number} scale pixels of the canvas per pixel of the picture @param {number} most */
export function levelFor(scale, most) {
  return Math.max(0, Math.min(most, Math.floor(Math.log2(1 / scale) + 1e-9)));
}

/** The middle of the canvas never leaves the picture.
 * @param {View} view @returns {View} */
function held(view) {
  const share = (x) => Math.min(1, Math.max(0, x));
  return { zoom: view.zoom, x: share(view.x), y: share(view.y) };
}
