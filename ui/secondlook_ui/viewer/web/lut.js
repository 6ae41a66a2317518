// Which grey each code is shown in. One table serves both painters, so that they agree to the bit.

/**
 * @typedef {{centre: number, width: number, shape: "LINEAR"|"LINEAR_EXACT"|"SIGMOID"}} Window
 * @typedef {{slope: number, intercept: number, inverted: boolean}} Meaning what codes stand for
 */

export const CODES = 65536;
export const NARROWEST = 1e-6;

/** Grey by code; by PS3.3 C.11.2.1.2 and C.11.2.1.3, as the engine's own reader has it.
 * @param {Meaning} meaning @param {Window} window @param {boolean} inverted by the person
 * @param {Uint8Array} [greys] made use of again */
export function windowed(meaning, window, inverted, greys = new Uint8Array(CODES)) {
  const flip = inverted !== meaning.inverted ? 255 : 0;
  const { slope, intercept } = meaning;
  if (window.shape === "SIGMOID") {
    for (let code = 0; code < CODES; code++) {
      const power = (-4 * (code * slope + intercept - window.centre)) / window.width;
      greys[code] = flip ^ even(255 / (1 + Math.exp(Math.min(60, Math.max(-60, power)))));
    }
    return greys;
  }
  const { low, high } = ends(window);
  const factor = (255 * slope) / (high - low);
  const start = (255 * (intercept - low)) / (high - low);
  for (let code = 0; code < CODES; code++) {
    const grey = code * factor + start;
    greys[code] = flip ^ (grey <= 0 ? 0 : grey >= 255 ? 255 : even(grey));
  }
  return greys;
}

/** The table that a file brings, or its inverse.
 * @param {Uint8Array} stated @param {boolean} flip */
export function stated(stated, flip) {
  return flip ? stated.map((x) => 255 ^ x) : stated;
}

/** The values that are shown black and white.
 * @param {Window} window */
export function ends(window) {
  if (window.shape === "LINEAR" && window.width > 1) {
    return { low: window.centre - window.width / 2, high: window.centre + window.width / 2 - 1 };
  }
  const half = Math.max(window.width, NARROWEST) / 2;
  return { low: window.centre - half, high: window.centre + half };
}

/** A window from one value to another.
 * @param {number} low @param {number} high @returns {Window} */
export function between(low, high) {
  const above = high > low ? high : low + 1;
  return { centre: (low + above) / 2, width: above - low, shape: "LINEAR_EXACT" };
}

/** The least and the largest value of a picture, and those that all but few lie between.
 * @param {Uint8Array|Uint16Array} codes @param {Meaning} meaning */
export function span(codes, meaning) {
  const counts = new Uint32Array(CODES);
  const step = 1 + Math.floor(codes.length / 4194304);
  let counted = 0;
  for (let i = 0; i < codes.length; i += step, counted++) counts[codes[i]]++;
  const at = (share) => {
    const wanted = share * counted;
    let code = 0;
    for (let seen = counts[0]; seen <= wanted && code < CODES - 1; seen += counts[++code]);
    return code * meaning.slope + meaning.intercept;
  };
  return { least: at(0), most: at(1 - 1 / (counted + 1)), low: at(0.005), high: at(0.995) };
}

/** A drag as a change of the window: to the right wider, down darker.
 * @param {Window} window @param {number} dx @param {number} dy shares of the canvas
 * @param {number} range of the values @returns {Window} */
export function dragged(window, dx, dy, range) {
  const step = Math.max(range, window.width);
  const least = range / 1000 || NARROWEST;
  return {
    centre: window.centre + dy * step,
    width: Math.max(least, window.width + dx * step),
    shape: window.shape,
  };
}

/** Rounded as numpy rounds: halves to the even number. */
function even(x) {
  const low = Math.floor(x);
  const rest = x - low;
  return rest < 0.5 || (rest === 0.5 && low % 2 === 0) ? low : low + 1;
}
