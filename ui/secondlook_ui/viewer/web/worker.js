// Fetches and unpacks frames off the page's own thread.

import { fetched } from "./packed.js";

/** @type {Map<number, AbortController>} */
const running = new Map();

self.onmessage = async ({ data }) => {
  if (data.stop) {
    running.get(data.id)?.abort();
    return;
  }
  const control = new AbortController();
  running.set(data.id, control);
  try {
    const frame = await fetched(data.address, data.levels, control.signal);
    const buffers = new Set(frame.levels.map((x) => x.codes.buffer));
    self.postMessage({ id: data.id, frame }, [...buffers]);
  } catch (error) {
    self.postMessage({ id: data.id, name: error.name, message: error.message });
  } finally {
    running.delete(data.id);
  }
};
