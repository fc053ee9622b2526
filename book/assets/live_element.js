/* What all live figures stand on: how their page is built, watched and worded.

   The book writes this file into a page once, before the first figure's script, since a browser
   loads no module from a file:// address. What a figure takes from here hangs at globalThis.live:

     const { LiveElement, html, minus } = globalThis.live; */

/** An element with attributes, listeners (onclick, oninput, …) and children, lists of them too;
 *  an attribute that is false, null or undefined is left out, as is a child that is null. */
function node(namespace, name, attributes, children) {
  const made = document.createElementNS(namespace, name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return made;
}
const html = (name, attributes = {}, ...children) =>
  node("http://www.w3.org/1999/xhtml", name, attributes, children);
const svg = (name, attributes = {}, ...children) =>
  node("http://www.w3.org/2000/svg", name, attributes, children);

/** Words in a drawing. */
const text = (x, y, words, name, anchor = "middle") =>
  svg("text", { x, y, class: name, "text-anchor": anchor }, words);

/** A number as it is set: a minus sign in place of each hyphen. */
const minus = (number) => String(number).replaceAll("-", "\u2212");
/** A whole number, a narrow space before every three digits. */
const thousands = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, "\u202f");
const plural = (n, noun) => `${n} ${noun}${n === 1 ? "" : "s"}`;

const loading = new Map(); // one promise a file, for all figures of the page

/** What a script hands over, by `read`, once it has run: a browser reads no data from a file://
 *  address, but runs scripts. `what` names it in a complaint. */
function load(address, read, what) {
  if (!loading.has(address))
    loading.set(
      address,
      new Promise((resolve, reject) => {
        const script = document.createElement("script");
        script.src = address;
        script.onload = () => resolve(read());
        script.onerror = () => {
          loading.delete(address);
          reject(new Error(`${what} did not load`));
        };
        document.head.append(script);
      }),
    );
  return loading.get(address);
}

let instances = 0; // radio buttons of one figure share a name that no other figure has

/** A figure that a reader sets and that computes what it shows.
 *
 *  A figure says what it is made of: `read` its attributes into the state, `build` the page once,
 *  so that focus is never lost, `compute` what follows from the state, `show` it. */
class LiveElement extends HTMLElement {
  /** Two letters that the names of a figure's styles begin with. */
  static prefix = "";
  /** Its files, below book/assets, if it has any. */
  static folder = "";
  /** Its arithmetic, for tests: customElements.get("light-cone").arithmetic.cone(…). */
  static arithmetic = {};

  /** What the reader has set. */
  state = null;
  /** What follows from it. */
  result = null;
  /** Elements of the page that change. */
  parts = null;

  #number = (instances += 1);
  #stop = null;

  connectedCallback() {
    if (!this.state) {
      this.state = this.read();
      this.build();
      this.set({});
    }
    this.#stop = this.#watch(); // again after a move in the page
  }

  disconnectedCallback() {
    this.#stop?.();
  }

  compute() {}

  /** Change settings, then everything that follows. */
  set(changes) {
    Object.assign(this.state, changes);
    this.compute();
    this.show();
  }

  /* ---- attributes */

  /** Complain of an attribute: `wrong("cell", "must be one of …")`. */
  wrong(name, expected) {
    const [tag, value] = [this.localName, this.getAttribute(name)];
    return new RangeError(`<${tag} ${name}="${value}">: ${expected}`);
  }

  /** One of the values that are known; a number where those are numbers. */
  choice(name, standard, known) {
    const given = this.getAttribute(name) ?? String(standard);
    const found = known.find((value) => String(value) === given);
    if (found === undefined) throw this.wrong(name, `must be one of ${known.join(", ")}`);
    return found;
  }

  whole(name, low, high, standard) {
    const value = Number(this.getAttribute(name) ?? standard);
    if (!Number.isInteger(value) || value < low || value > high)
      throw this.wrong(name, `must be a whole number from ${low} to ${high}`);
    return value;
  }

  /* ---- what is loaded */

  /** Where a file of its folder lies: beside the book's own scripts, or where `data` says. */
  file(name) {
    const book = document.querySelector('script[src*="explore.js"]')?.src ?? document.baseURI;
    const beside = new URL(`${this.constructor.folder}/`, book);
    const given = this.getAttribute("data");
    return new URL(name, given === null ? beside : new URL(given, document.baseURI)).href;
  }

  /** Once, when the reader comes near. */
  whenNear(act) {
    const look = (entries, observer) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      observer.disconnect();
      act();
    };
    new IntersectionObserver(look, { rootMargin: "600px" }).observe(this);
  }

  /* ---- controls */

  /** Radio buttons side by side, of which one is pressed: options are [value, words]. */
  radios(key, legend, options) {
    const { prefix } = this.constructor;
    const radio = ([value, words]) =>
      html(
        "label",
        {},
        html("input", {
          type: "radio",
          name: `${this.localName}-${this.#number}-${key}`,
          "data-control": key,
          value,
          onchange: () => this.set({ [key]: value }),
        }),
        html("span", {}, words),
      );
    return html(
      "fieldset",
      { class: `${prefix}-field` },
      html("legend", { class: `${prefix}-label` }, legend),
      html("div", { class: `${prefix}-options` }, options.map(radio)),
    );
  }

  button(key, words, act) {
    const name = `${this.constructor.prefix}-button`;
    const control = { type: "button", class: name, "data-control": key, onclick: act };
    return html("button", control, words);
  }

  /** Press the buttons that the state names. */
  press() {
    for (const radio of this.querySelectorAll("input[type=radio]"))
      radio.checked = radio.value === String(this.state[radio.dataset.control]);
  }

  /* ---- what happens around it */

  /** Show it anew when the width or the colours change, and in light colours on paper. */
  #watch() {
    let width = this.clientWidth;
    const resized = new ResizeObserver(() => {
      if (Math.abs(this.clientWidth - width) < 2) return;
      width = this.clientWidth;
      this.show();
    });
    resized.observe(this);
    const redraw = () => this.show();
    const themed = new MutationObserver(redraw);
    themed.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", redraw);
    const onPaper = (printing) => () => {
      this.toggleAttribute("data-print", printing);
      this.show();
    };
    const [before, after] = [onPaper(true), onPaper(false)];
    addEventListener("beforeprint", before);
    addEventListener("afterprint", after);
    return () => {
      resized.disconnect();
      themed.disconnect();
      dark.removeEventListener("change", redraw);
      removeEventListener("beforeprint", before);
      removeEventListener("afterprint", after);
    };
  }
}

globalThis.live = { LiveElement, html, load, minus, plural, svg, text, thousands };
