// The door for Streamlit: called again on every run of the script that changes the scene.

import { Store } from "./store.js";
import { Viewer } from "./viewer.js";

const PATIENCE = 5000;

/** @type {WeakMap<Node, Viewer>} */
const viewers = new WeakMap();
/** Frames, and how the last case was looked at: a page that is laid out anew takes the viewer away
 * and puts another one in its place. */
const store = new Store();
let before = null;
/** @type {Viewer|null} the one that was opened last: the next may come before it is taken away */
let latest = null;
let open = 0;
let forgetting = 0;

export default function ({ parentElement, data, setTriggerValue }) {
  let viewer = viewers.get(parentElement);
  if (!viewer) {
    viewer = latest = new Viewer(parentElement, store, latest?.left() ?? before);
    viewers.set(parentElement, viewer);
    open++;
  }
  viewer.tell(data, (id) => setTriggerValue("place", id), (box) => setTriggerValue("drawn", box));
  return () => {
    const closed = viewers.get(parentElement);
    if (!closed) return;
    viewers.delete(parentElement);
    open--;
    if (latest === closed) {
      before = closed.left();
      latest = null;
    }
    closed.close();
    clearTimeout(forgetting);
    forgetting = setTimeout(forget, PATIENCE);
  };
}

/** Whoever has left the pictures leaves none behind. */
function forget() {
  if (open) return;
  before = null;
  store.clear();
}
