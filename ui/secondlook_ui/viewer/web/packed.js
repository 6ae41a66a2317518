// What the server sends of a frame: see serving/packing.py. Runs in the worker, too.

const MAGIC = 0x31504c53; // "SLP1"
const SMALLEST = 192;

/** @typedef {{columns: number, rows: number, codes: Uint8Array|Uint16Array}} Level
 *  @typedef {{said: any, levels: Level[], table: Uint8Array|null}} Frame levels[0] is what came */

/** @param {ArrayBuffer} buffer @returns {Frame} */
export function unpacked(buffer) {
  const head = new DataView(buffer);
  if (head.getUint32(0, true) !== MAGIC) throw new Error("not a picture of this server");
  const length = head.getUint32(4, true);
  const said = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, length)));
  const count = said.columns * said.rows * said.channels;
  const start = 8 + length;
  const codes =
    said.bytes === 2 ? new Uint16Array(buffer, start, count) : new Uint8Array(buffer, start, count);
  const end = start + codes.byteLength;
  const table = said.table ? new Uint8Array(buffer, end, 65536) : null;
  return { said, levels: [{ columns: said.columns, rows: said.rows, codes }], table };
}

/** Add the levels of halvings that a small canvas is drawn from.
 * @param {Frame} frame @returns {Frame} */
export function withLevels(frame) {
  let level = frame.levels[0];
  while (Math.max(level.columns, level.rows) > SMALLEST) {
    level = halved(level, frame.said.channels);
    frame.levels.push(level);
  }
  return frame;
}

/** The means of blocks of two by two.
 * @param {Level} level @param {number} channels @returns {Level} */
export function halved(level, channels) {
  const { columns, rows, codes } = level;
  const [wide, high] = [(columns + 1) >> 1, (rows + 1) >> 1];
  const made = new codes.constructor(wide * high * channels);
  for (let y = 0, to = 0; y < high; y++) {
    const above = 2 * y * columns;
    const below = Math.min(2 * y + 1, rows - 1) * columns;
    for (let x = 0; x < wide; x++) {
      const left = 2 * x;
      const right = Math.min(left + 1, columns - 1);
      for (let c = 0; c < channels; c++, to++) {
        const sum =
          codes[(above + left) * channels + c] + codes[(above + right) * channels + c] +
          codes[(below + left) * channels + c] + codes[(below + right) * channels + c];
        made[to] = (sum + 2) >> 2;
      }
    }
  }
  return { columns: wide, rows: high, codes: made };
}

/** Fetch and unpack one address. Throws an Error whose message is for people.
 * @param {string} address @param {boolean} levels @param {AbortSignal} signal @returns {Promise<Frame>} */
export async function fetched(address, levels, signal) {
  const answer = await fetch(address, { signal, cache: "no-store", credentials: "same-origin" });
  if (!answer.ok) {
    const said = await answer.json().catch(() => null);
    const error = new Error(said?.message ?? "This picture could not be fetched.");
    error.name = answer.status === 503 ? "Busy" : "Refused";
    throw error;
  }
  const frame = unpacked(await answer.arrayBuffer());
  return levels ? withLevels(frame) : frame;
}
