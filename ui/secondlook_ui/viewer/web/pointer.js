// Mouse, pen, finger and wheel on a pane, as acts of the viewer.

const SLOP = 4;
const NOTCH = 60;

/** @param {any} viewer @param {import("./pane.js").Pane} pane @param {AbortSignal} signal */
export function listen(viewer, pane, signal) {
  const at = pane.root;
  const pointers = new Map();
  let drag = null;
  let turned = 0;

  const point = (event) => {
    const { left, top } = at.getBoundingClientRect();
    return { x: (event.clientX - left) * pane.dots, y: (event.clientY - top) * pane.dots };
  };
  const on = (name, act, options = {}) => at.addEventListener(name, act, { signal, ...options });

  on("pointerdown", (event) => {
    viewer.root.focus({ preventScroll: true });
    at.setPointerCapture(event.pointerId);
    const here = point(event);
    pointers.set(event.pointerId, here);
    if (pointers.size === 2) drag = { kind: "pinch", ...spread(pointers) };
    else drag = { kind: kindOf(event, viewer.tool), from: here, last: here, far: false };
    event.preventDefault();
  });

  on("pointermove", (event) => {
    const here = point(event);
    if (!pointers.has(event.pointerId)) {
      viewer.hover(pane, here);
      return;
    }
    pointers.set(event.pointerId, here);
    if (drag?.kind === "pinch" && pointers.size === 2) {
      const now = spread(pointers);
      viewer.zoom(pane, now.wide / drag.wide, now.x, now.y);
      viewer.move(pane, now.x - drag.x, now.y - drag.y);
      Object.assign(drag, now);
    } else if (drag && drag.kind !== "pinch") {
      drag.far ||= Math.hypot(here.x - drag.from.x, here.y - drag.from.y) > SLOP * pane.dots;
      if (drag.far) viewer.drag(pane, drag, here);
      drag.last = here;
    }
  });

  const end = (event) => {
    if (!pointers.delete(event.pointerId)) return;
    if (drag && drag.kind !== "pinch") {
      if (drag.far) viewer.dropped(pane, drag);
      else if (event.type === "pointerup" && event.button === 0) viewer.click(pane, drag.from);
    }
    if (pointers.size === 0) drag = null;
  };
  on("pointerup", end);
  on("pointercancel", end);
  on("pointerleave", () => viewer.hover(pane, null));
  on("contextmenu", (event) => event.preventDefault());
  on("dblclick", () => viewer.act("fit"));

  on(
    "wheel",
    (event) => {
      const here = point(event);
      if (event.ctrlKey || event.metaKey) {
        viewer.zoom(pane, Math.exp(-event.deltaY / 300), here.x, here.y);
      } else if (pane.count > 1) {
        turned += event.deltaMode === 1 ? event.deltaY * 20 : event.deltaY;
        const steps = Math.trunc(turned / NOTCH);
        turned -= steps * NOTCH;
        if (steps) viewer.scroll(pane, steps);
      } else {
        return;
      }
      event.preventDefault();
    },
    { passive: false },
  );
}

/** The left button does what is chosen; the middle one always moves, the right one always windows. */
function kindOf(event, tool) {
  if (event.button === 1) return "move";
  if (event.button === 2 || event.shiftKey) return "window";
  return tool;
}

function spread(pointers) {
  const [a, b] = [...pointers.values()];
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, wide: Math.hypot(a.x - b.x, a.y - b.y) || 1 };
}
