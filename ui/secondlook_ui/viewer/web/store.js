// Frames by address: fetched in a worker, few at once, the most wanted first, kept in bounds.

import { fetched } from "./packed.js";

const MOST_BYTES = 256 * 1024 * 1024;
const AT_ONCE = 4;
/** From this rank on there is no hurry: small pictures to choose from. */
export const LATER = 30;
const PATIENCE = 400;

/** @typedef {import("./packed.js").Frame} Frame
 *  @typedef {{address: string, levels: boolean, rank: number, settle: Array<{done: Function, failed: Function}>, id?: number}} Job */

export class Store {
  constructor() {
    /** @type {Map<string, {frame: Frame, bytes: number}>} */
    this.kept = new Map();
    this.bytes = 0;
    /** @type {Map<string, Job>} */
    this.jobs = new Map();
    /** @type {Map<number, Job>} */
    this.running = new Map();
    this.next = 1;
    this.worker = this.#start();
  }

  /** @param {string} address @returns {Frame|undefined} */
  peek(address) {
    const found = this.kept.get(address);
    if (found) {
      this.kept.delete(address);
      this.kept.set(address, found);
    }
    return found?.frame;
  }

  /** A frame; small ranks are fetched first. Rejects with an Error for people.
   * @param {string} address @param {number} rank @param {boolean} [levels] @returns {Promise<Frame>} */
  get(address, rank, levels = true) {
    const here = this.peek(address);
    if (here) return Promise.resolve(here);
    return new Promise((done, failed) => {
      let job = this.jobs.get(address);
      if (!job) {
        job = { address, levels, rank, settle: [] };
        this.jobs.set(address, job);
      }
      job.rank = Math.min(job.rank, rank);
      job.settle.push({ done, failed });
      this.#go();
    });
  }

  /** Drop slices that were asked for ahead and are not on their way yet: others are nearer now. */
  relax() {
    for (const [address, job] of this.jobs) {
      if (job.id === undefined && job.rank > 0 && job.rank < LATER) {
        this.jobs.delete(address);
        for (const x of job.settle) x.failed(named("Relaxed", ""));
      }
    }
  }

  clear() {
    this.kept.clear();
    this.bytes = 0;
  }

  #start() {
    try {
      const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
      worker.onmessage = ({ data }) => this.#came(data);
      worker.onerror = () => this.#alone();
      return worker;
    } catch {
      return null;
    }
  }

  /** Without a worker everything works as well, only less smoothly. */
  #alone() {
    this.worker?.terminate();
    this.worker = null;
    for (const job of this.running.values()) this.#byItself(job);
  }

  #go() {
    while (this.running.size < AT_ONCE) {
      let job = null;
      for (const x of this.jobs.values()) {
        if (x.id === undefined && (job === null || x.rank < job.rank)) job = x;
      }
      if (job === null) return;
      job.id = this.next++;
      this.running.set(job.id, job);
      if (this.worker) {
        this.worker.postMessage({ id: job.id, address: job.address, levels: job.levels });
      } else {
        this.#byItself(job);
      }
    }
  }

  #byItself(job) {
    fetched(job.address, job.levels, undefined).then(
      (frame) => this.#came({ id: job.id, frame }),
      (error) => this.#came({ id: job.id, name: error.name, message: error.message }),
    );
  }

  #came(told) {
    const job = this.running.get(told.id);
    if (!job) return;
    this.running.delete(told.id);
    if (told.name === "Busy") {
      setTimeout(() => {
        job.id = undefined;
        this.#go();
      }, PATIENCE);
      return;
    }
    this.jobs.delete(job.address);
    if (told.frame) this.#keep(job.address, told.frame);
    for (const x of job.settle) {
      if (told.frame) x.done(told.frame);
      else x.failed(named(told.name, told.message));
    }
    this.#go();
  }

  #keep(address, frame) {
    const bytes = frame.levels.reduce((sum, x) => sum + x.codes.byteLength, 0);
    this.kept.set(address, { frame, bytes });
    this.bytes += bytes;
    for (const [old, { bytes }] of this.kept) {
      if (this.bytes <= MOST_BYTES || old === address) break;
      this.kept.delete(old);
      this.bytes -= bytes;
    }
  }
}

function named(name, message) {
  const error = new Error(message);
  error.name = name;
  return error;
}
