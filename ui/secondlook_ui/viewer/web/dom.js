// Elements without markup: whatever text comes in stays text.

/** @param {string} name @param {Record<string, any>} [set] @param {...(Node|string)} inside
 * @returns {any} */
export function el(name, set = {}, ...inside) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(set)) {
    if (key === "class") made.className = value;
    else if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key === "text") made.textContent = value;
    else made.setAttribute(key, value);
  }
  made.append(...inside);
  return made;
}

/** A button with its key drawn on it.
 * @param {string} text @param {string} title @param {string} key @param {() => void} act
 * @returns {HTMLButtonElement} */
export function button(text, title, key, act) {
  const made = el("button", { type: "button", title: key ? `${title} (${key})` : title, onclick: act });
  made.append(el("span", { text }));
  if (key) {
    made.append(el("kbd", { text: key, "aria-hidden": "true" }));
    made.setAttribute("aria-keyshortcuts", key);
  }
  return made;
}
