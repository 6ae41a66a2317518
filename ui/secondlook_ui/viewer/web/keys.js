// Keys of the viewer, while nobody types and no other control has the focus.

const FIELDS = "input, textarea, select, [contenteditable], [role=textbox], [role=combobox], [role=slider]";

/** @param {any} viewer @param {Record<string, string>} keys by act, as shortcuts.py has them
 * @param {AbortSignal} signal */
export function listenKeys(viewer, keys, signal) {
  const acts = new Map(Object.entries(keys).map(([act, key]) => [key.toLowerCase(), act]));
  document.addEventListener(
    "keydown",
    (event) => {
      const [target] = event.composedPath();
      const own = viewer.root.contains(target);
      if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
      if (target instanceof Element && target.closest(FIELDS) && !quietOwn(own, target, event)) return;
      if (!own && dialogOpen()) return;
      const act = acts.get(name(event).toLowerCase());
      if (!act || (!own && !bare(event, target))) return;
      if ([" ", "Enter"].includes(event.key) && target instanceof HTMLButtonElement) return;
      if (viewer.act(act) !== false) event.preventDefault();
    },
    { signal },
  );
}

/** `Shift+V`, `PageDown`, `+`: a sign that needs Shift is itself. */
function name(event) {
  const letter = /^[a-z]$/i.test(event.key);
  const key = event.key === " " ? "Space" : event.key;
  return event.shiftKey && (letter || key.length > 1) ? `Shift+${key}` : key;
}

/** Letters in the viewer's own slider and list mean what they mean everywhere in it. */
function quietOwn(own, target, event) {
  if (!own) return false;
  const letter = event.key.length === 1 && event.key !== " ";
  return letter && !(target instanceof HTMLSelectElement);
}

/** Away from the picture only letters: arrows and the like belong to what has the focus. */
function bare(event, target) {
  const nowhere = target === document.body || target === document.documentElement;
  return nowhere || (event.key.length === 1 && event.key !== " ");
}

function dialogOpen() {
  return document.querySelector('[role="dialog"][aria-modal="true"], [data-testid="stDialog"]') !== null;
}
