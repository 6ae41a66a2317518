// The controls of the picture, each with its key, and the sheet of all keys. `seen` has those of what
// the machine marked: it stands below the picture, beside what its colours mean.

import { button, el } from "./dom.js";

const TOOLS = { move: "Move", window: "Window", ruler: "Ruler", mark: "Draw" };

export class Bar {
  /** @param {any} viewer @param {Record<string, string>} keys */
  constructor(viewer, keys) {
    this.viewer = viewer;
    const act = (name, text, title) => button(text, title, keys[name], () => viewer.act(name));
    this.fit = act("fit", "Fit", "The whole picture");
    this.actual = act("actual", "1:1", "One pixel of the picture on one of the screen");
    this.tools = Object.entries(TOOLS).map(([tool, text]) =>
      button(text, `Drag: ${text.toLowerCase()}`, tool === "ruler" ? keys.ruler : tool === "mark" ? keys.mark : tool === "window" ? keys.drag : "", () => viewer.act("tool", tool)),
    );
    this.presets = el("select", { "aria-label": `Window (${keys.window})`, title: `Window (${keys.window})` });
    this.presets.addEventListener("change", () => viewer.act("window", Number(this.presets.value)));
    this.tools[3].hidden = true;
    this.invert = act("invert", "Invert", "Black for white");
    this.boxes = act("boxes", "Places", "Marked places");
    this.map = act("map", "Map", "What the machine saw, as colours");
    this.opacity = el("input", { type: "range", min: "10", max: "100", step: "5", "aria-label": "Opacity of the map in %", title: "Opacity of the map (Shift+O)" });
    this.opacity.addEventListener("input", () => viewer.act("opacity", Number(this.opacity.value) / 100));
    this.heats = el("select", { "aria-label": "Which map" });
    this.heats.addEventListener("change", () => viewer.act("heat", Number(this.heats.value)));
    this.play = act("play", "Play", "Slice after slice");
    this.beside = act("beside", "Beside", "A second picture beside this one");
    this.ask = act("help", "Keys", "All keys");
    const group = (...inside) => el("div", { class: "group" }, ...inside);
    this.seen = group(this.boxes, this.map, this.opacity, this.heats);
    this.root = el(
      "div", { class: "bar", role: "toolbar", "aria-label": "Picture" },
      group(this.fit, this.actual), group(...this.tools), group(this.presets, this.invert),
      group(this.play, this.beside), group(this.ask),
    );
    this.help = el("div", { class: "help", role: "dialog", "aria-label": "Keys of the picture", hidden: "" });
    this.help.addEventListener("click", () => viewer.act("help"));
  }

  /** @param {any} scene */
  tell(scene) {
    this.help.replaceChildren(
      el("h2", { text: "Keys of the picture" }),
      el("dl", {}, ...scene.help.flatMap(([key, text]) => [el("dt", {}, el("kbd", { text: key })), el("dd", { text })])),
    );
    this.filled = null;
    this.beside.hidden = !scene.beside.length;
    this.viewer.root.classList.toggle("several", scene.series.length > 1);
  }

  get helping() {
    return !this.help.hidden;
  }

  toggleHelp() {
    this.help.hidden = !this.help.hidden;
    if (this.helping) this.help.scrollTop = 0;
  }

  /** What stands now. */
  say() {
    const { viewer } = this;
    const { main, look } = viewer;
    this.#fill(main.series);
    pressed(this.invert, main.shades.inverted);
    pressed(this.boxes, look.boxes);
    pressed(this.map, look.map);
    pressed(this.play, Boolean(viewer.playing));
    pressed(this.beside, viewer.beside.number !== null);
    pressed(this.ask, this.helping);
    Object.keys(TOOLS).forEach((tool, i) => pressed(this.tools[i], viewer.tool === tool));
    this.tools[3].hidden = !viewer.scene.marking;
    const number = main.shades.number;
    this.own.hidden = number !== null;
    this.presets.value = number === null ? "own" : String(number);
    this.play.hidden = main.count < 2;
    const any = main.series.heats.length > 0;
    this.boxes.hidden = !main.series.places.length;
    this.map.hidden = !any;
    this.opacity.hidden = !any || !look.map;
    this.heats.hidden = main.series.heats.filter((x) => x.slice === main.shown).length < 2 || !look.map;
    this.seen.hidden = this.boxes.hidden && !any;
    this.opacity.value = String(Math.round(look.opacity * 100));
    this.heats.value = String(look.heat);
  }

  /** The choices of a series. */
  #fill(series) {
    if (this.filled === series) return;
    this.filled = series;
    this.own = el("option", { value: "own", text: "Own window" });
    const names = [[-1, series.stated], ...series.presets.map((x, i) => [i, x.name])];
    this.presets.replaceChildren(this.own, ...names.map(([i, text]) => el("option", { value: String(i), text })));
    const seen = [...new Set(series.heats.map((x) => x.name))];
    this.heats.replaceChildren(...seen.map((text, i) => el("option", { value: String(i), text })));
  }
}

function pressed(button, on) {
  button.setAttribute("aria-pressed", String(on));
}
