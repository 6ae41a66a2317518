// Puts the focus into the first field of a form that was just opened, once for each opening.
const FIELDS = "input:not([type=hidden]), textarea, button";
const FRAMES = 60;
let last = "";

export default function ({ data }) {
  const opened = `${data.within} ${data.name}`;
  if (opened === last) return () => {};
  last = opened;
  look(data.within, FRAMES);
  return () => {
    last = "";
  };
}

/** The page may still be laying the form out. */
function look(within, frames) {
  const fields = document.querySelectorAll(`.${CSS.escape(within)} :is(${FIELDS})`);
  const first = [...fields].find((x) => !x.disabled && !x.closest(".st-key-form-done"));
  if (first) first.focus();
  else if (frames) requestAnimationFrame(() => look(within, frames - 1));
}
