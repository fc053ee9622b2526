/* The layer lens: what the layers of two networks say of one film, trained and untrained.

   <layer-lens></layer-lens> shows all six layers of two networks side by side, and measures the
   chosen one.

   Attributes, all optional:
     a, b      networks: ms-lstm, sms-lstm, tms-lstm or convlstm, with " untrained" behind or not
     layer     0 to 5             step   2, 4, 6 or 8
     view      sum, rms, lens or fitted
     data      address of the folder with the pictures; else beside the book's own scripts

   The pictures were computed beforehand by benchmarks/layer_lens.py. Each network has a file, a
   script that is loaded when the network is chosen: a browser reads no data from a file:// address.

   The file has three parts: the arithmetic, the drawings, the element. The first part knows
   nothing of the page and equals stlib.layer_outputs, as a test checks. */

const { LiveElement, html, load, minus, svg } = globalThis.live;

/* ------------------------------------------------------------------ 1. The arithmetic

   A picture is { side, low, high, bytes, data }: bytes as stored, data the numbers they stand for. */

const fromBase64 = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

function picture(side, bytes, low, high) {
  const data = Float64Array.from(bytes, (byte) => low + ((high - low) * byte) / 255);
  return { side, low, high, bytes, data };
}

/** A network's file, cut into pictures: pictures[weights][step][view][layer], and the frames. */
function unpack(stored) {
  const maps = fromBase64(stored.maps);
  let at = 0;
  let which = 0;
  const layers = () =>
    stored.sides.map((side) => {
      const bytes = maps.subarray(at, (at += side * side));
      const [low, high] = stored.scales[which++];
      return picture(side, bytes, low, high);
    });
  const each = (names, make) => Object.fromEntries(names.map((name) => [name, make()]));
  const pictures = each(stored.weights, () =>
    each(stored.steps, () => each(stored.views, layers)),
  );
  const side = Math.max(...stored.sides);
  const frames = fromBase64(stored.frames);
  const frame = (place) =>
    picture(side, frames.subarray(place * side * side, (place + 1) * side * side), 0, 1);
  const comes = Object.fromEntries(stored.steps.map((step, place) => [step, frame(place)]));
  return { pictures, comes, context: stored.context, steps: stored.steps };
}

/** The share of pixels at least half as far from zero as the farthest. */
function foregroundArea({ data }, level = 0.5) {
  const sizes = data.map(Math.abs);
  const most = sizes.reduce((a, b) => Math.max(a, b), 0);
  return most > 0 ? sizes.filter((size) => size >= level * most).length / sizes.length : 0;
}

/** Energy by ring of spatial frequency: |Fourier coefficient|², rings 0, 1, … cycles a frame. */
function radialSpectrum({ side, data }) {
  const turn = Array.from({ length: side }, (_, n) => (2 * Math.PI * n) / side);
  const [cosine, sine] = [turn.map(Math.cos), turn.map(Math.sin)];
  const transform = (re, im) => {
    // of each row; the result is transposed, so that a second call transforms the columns
    const [outRe, outIm] = [new Float64Array(side * side), new Float64Array(side * side)];
    for (let row = 0; row < side; row++)
      for (let k = 0; k < side; k++) {
        let [sumRe, sumIm] = [0, 0];
        for (let x = 0; x < side; x++) {
          const [c, s] = [cosine[(k * x) % side], sine[(k * x) % side]];
          const [a, b] = [re[row * side + x], im[row * side + x]];
          sumRe += a * c + b * s;
          sumIm += b * c - a * s;
        }
        outRe[k * side + row] = sumRe;
        outIm[k * side + row] = sumIm;
      }
    return [outRe, outIm];
  };
  const [re, im] = transform(...transform(data, new Float64Array(side * side)));
  const signed = (k) => (k < side / 2 ? k : k - side);
  const rings = [];
  for (let p = 0; p < side; p++)
    for (let q = 0; q < side; q++) {
      const ring = Math.round(Math.hypot(signed(p), signed(q)));
      const energy = (re[p * side + q] ** 2 + im[p * side + q] ** 2) / side ** 4;
      rings[ring] = (rings[ring] ?? 0) + energy;
    }
  return Array.from(rings, (energy) => energy ?? 0);
}

/** Mean ring, weighted by energy, ring 0 left out: cycles a frame. NaN without any pattern. */
function meanFrequency(rings) {
  const pattern = rings.slice(1);
  const total = pattern.reduce((a, b) => a + b, 0);
  return pattern.reduce((sum, energy, n) => sum + energy * (n + 1), 0) / total;
}

/** Twice as large, bilinear, as the pyramid does it. */
function doubled({ side, data }) {
  const big = 2 * side;
  const tap = (n) => {
    const low = n % 2 ? (n - 1) / 2 : n / 2 - 1; // the pixel before the place n / 2 - 1/4
    const clip = (m) => Math.min(Math.max(m, 0), side - 1);
    return [clip(low), clip(low + 1), n % 2 ? 0.25 : 0.75];
  };
  const out = new Float64Array(big * big);
  for (let row = 0; row < big; row++)
    for (let column = 0; column < big; column++) {
      const [top, bottom, down] = tap(row);
      const [left, right, over] = tap(column);
      const line = (r) => data[r * side + left] * (1 - over) + data[r * side + right] * over;
      out[row * big + column] = line(top) * (1 - down) + line(bottom) * down;
    }
  return { side: big, data: out };
}

function enlarged(one, side) {
  let now = one;
  while (now.side < side) now = doubled(now);
  return now;
}

/** Mean squared error, per pixel, of a picture doubled to the frame's size. */
function errorAgainst(one, frame) {
  const { data } = enlarged(one, frame.side);
  return data.reduce((sum, value, n) => sum + (value - frame.data[n]) ** 2, 0) / data.length;
}

/* ------------------------------------------------------------------ 2. The drawings */

const waves = (frequency) => (frequency > 0 ? frequency.toFixed(2) : "no");
const short = (x) => (Math.abs(x) >= 0.005 || x === 0 ? x.toFixed(2) : x.toExponential(0));

/** A picture pixel by pixel; the style enlarges it without smoothing. */
function paint(canvas, { side, bytes }) {
  Object.assign(canvas, { height: side, width: side });
  const pen = canvas.getContext("2d", { willReadFrequently: true }); // tests read it
  const image = pen.createImageData(side, side);
  bytes.forEach((grey, n) => image.data.set([grey, grey, grey, 255], 4 * n));
  pen.putImageData(image, 0, 0);
}

const PLOT = { width: 420, height: 200, left: 46, right: 10, top: 10, bottom: 36 };
const FLOOR = 1e-4; // the smallest share that is drawn
const WAVES = 16; // rings drawn

/** Share of the pattern's energy in each ring, log scale, for A, B and the frame. */
function drawSpectra(rows) {
  const x = (k) => PLOT.left + ((k - 1) / (WAVES - 1)) * (PLOT.width - PLOT.left - PLOT.right);
  const y = (share) => {
    const depth = Math.log10(Math.max(share, FLOOR)) / Math.log10(FLOOR);
    return PLOT.top + depth * (PLOT.height - PLOT.top - PLOT.bottom);
  };
  const label = (left, top, anchor, words) =>
    svg("text", { x: left, y: top, "text-anchor": anchor }, words);
  const mark = { a: "M-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0", b: "M-3-3h6v6h-6z", frame: "" };
  const curves = Object.entries(rows).map(([name, rings]) => {
    const pattern = rings.slice(1, WAVES + 1);
    const total = rings.slice(1).reduce((a, b) => a + b, 0);
    if (!(total > 0)) return []; // one shade everywhere: no pattern
    const points = pattern.map((energy, n) => [x(n + 1), y(energy / total)]);
    return [
      svg("polyline", { class: `ll-curve ll-${name}`, points: points.map((p) => p.join()).join(" ") }),
      mark[name]
        ? points.map(([left, top]) =>
            svg("path", { class: `ll-dot ll-${name}`, d: mark[name], transform: `translate(${left} ${top})` }),
          )
        : [],
    ];
  });
  const shares = [1, 0.1, 0.01, 0.001, 0.0001];
  return [
    shares.map((share) => [
      svg("path", { class: "ll-rule", d: `M${x(1)} ${y(share)}H${x(WAVES)}` }),
      label(PLOT.left - 6, y(share) + 4, "end", share >= 0.01 ? `${100 * share}%` : `${+(100 * share).toFixed(2)}%`),
    ]),
    [1, 2, 4, 8, 12, 16].map((k) => label(x(k), PLOT.height - 20, "middle", `${k}`)),
    label((PLOT.left + PLOT.width) / 2, PLOT.height - 4, "middle", "waves across the frame"),
    curves.flat(2),
  ].flat(3);
}

/* ------------------------------------------------------------------ 3. The element */

const MODELS = { "ms-lstm": "MS-LSTM", "sms-lstm": "SMS-LSTM", "tms-lstm": "TMS-LSTM", convlstm: "ConvLSTM" };
const VIEWS = { sum: "Channel sum", rms: "RMS", lens: "Own readout", fitted: "Fitted readout" };
const STEPS = { 2: "2", 4: "4, last seen", 6: "6", 8: "8" };
const LAYERS = [0, 1, 2, 3, 4, 5];

class LayerLens extends LiveElement {
  static prefix = "ll";
  static folder = "layer_lens";
  static arithmetic = { enlarged, errorAgainst, foregroundArea, meanFrequency, radialSpectrum, unpack };

  /** The two networks' pictures, { a, b }, once they are there. */
  held = null;
  #near = false; // the reader is
  #turn = 0;

  read() {
    const networks = Object.keys(MODELS).flatMap((model) => [model, `${model} untrained`]);
    return {
      a: this.choice("a", "ms-lstm", networks),
      b: this.choice("b", "convlstm", networks),
      layer: this.choice("layer", 3, LAYERS),
      step: this.choice("step", "8", Object.keys(STEPS)),
      view: this.choice("view", "sum", Object.keys(VIEWS)),
    };
  }

  /** The pictures are loaded when the figure comes near; of several changes the last one wins. */
  async compute() {
    if (!this.#near) return;
    const turn = (this.#turn += 1);
    this.held = null;
    try {
      const [a, b] = await Promise.all(["a", "b"].map((who) => this.#load(this.state[who])));
      if (turn !== this.#turn) return;
      this.held = { a, b };
      this.show();
    } catch (error) {
      this.parts.summary.textContent = `Nothing to show: ${error.message}.`;
    }
  }

  #load(network) {
    const [model] = network.split(" ");
    const read = () => unpack(globalThis.layerLens[model]);
    return load(this.file(`${model}.js`), read, `the pictures of ${MODELS[model]}`);
  }

  /** The pictures of one network at the step and in the view that are set. */
  #pictures(who) {
    const { step, view } = this.state;
    const weights = this.state[who].includes("untrained") ? "untrained" : "trained";
    return this.held[who].pictures[weights][step][view];
  }

  /** What is measured of the chosen layer. */
  #measure(who) {
    const { layer, step, view } = this.state;
    const one = this.#pictures(who)[layer];
    const spectrum = radialSpectrum(one);
    const glass = view === "lens" || view === "fitted";
    return {
      one,
      spectrum,
      area: foregroundArea(one),
      frequency: meanFrequency(spectrum),
      error: glass ? errorAgainst(one, this.held[who].comes[step]) : null,
    };
  }

  build() {
    this.whenNear(() => {
      this.#near = true;
      this.set({});
    });
    const select = (who) => {
      const entries = Object.entries(MODELS).flatMap(([model, name]) => [
        html("option", { value: model }, `${name}, trained`),
        html("option", { value: `${model} untrained` }, `${name}, first weights`),
      ]);
      return html(
        "select",
        {
          "aria-label": `Network ${who.toUpperCase()}`,
          onchange: (event) => this.set({ [who]: event.target.value }),
        },
        entries,
      );
    };
    const row = (who) => {
      const chosen = select(who);
      const cells = LAYERS.map((layer) => ({
        canvas: html("canvas", { role: "img" }),
        words: html("p", { class: "ll-scale" }),
        box: html("div", { class: "ll-thumb", onclick: () => this.set({ layer }) }),
      }));
      cells.forEach(({ box, canvas, words }, layer) =>
        box.append(html("p", {}, `Layer ${layer}`), canvas, words),
      );
      const head = html(
        "div",
        { class: "ll-head" },
        html("span", { class: `ll-key ll-${who}`, "aria-hidden": "true" }, who === "a" ? "● A" : "■ B"),
        chosen,
      );
      const whole = html("div", { class: "ll-row" }, head, html("div", { class: "ll-strip" }, cells.map((c) => c.box)));
      return { chosen, cells, whole };
    };
    const parts = (this.parts = {
      a: row("a"),
      b: row("b"),
      summary: html("p", { class: "ll-summary", role: "status" }, "The pictures are on their way."),
      comes: html("canvas", { role: "img", "aria-label": "The frame that really comes" }),
      plot: svg("svg", { role: "img", viewBox: `0 0 ${PLOT.width} ${PLOT.height}`, "aria-label": "Spectra" }),
      numbers: html("tbody"),
      setting: html("p", { class: "ll-setting" }),
    });
    const controls = html(
      "div",
      { class: "ll-controls" },
      this.radios("step", "Frame read", Object.entries(STEPS)),
      this.radios("view", "View", Object.entries(VIEWS)),
      this.radios("layer", "Layer measured", LAYERS.map((layer) => [layer, `${layer}`])),
    );
    const head = ["Chosen layer", "● A", "■ B", "Frame that comes"];
    const table = html(
      "table",
      {},
      html("thead", {}, html("tr", {}, head.map((words) => html("th", { scope: "col" }, words)))),
      parts.numbers,
    );
    const below = html(
      "div",
      { class: "ll-below" },
      html("div", { class: "ll-plot" }, html("p", { class: "ll-title" }, "Share of the pattern's energy; dotted: frame that comes"), parts.plot),
      html("div", { class: "ll-comes" }, html("p", { class: "ll-title" }, "Frame that comes"), parts.comes),
    );
    this.replaceChildren(
      html("div", { class: "ll-root" }, controls, parts.a.whole, parts.b.whole, parts.summary, below, table, parts.setting),
    );
  }

  show() {
    if (!this.held) return;
    const { layer, step, view } = this.state;
    const { parts, held } = this;
    this.press();
    for (const who of ["a", "b"]) {
      parts[who].chosen.value = this.state[who];
      this.#pictures(who).forEach((one, place) => {
        const { canvas, words, box } = parts[who].cells[place];
        paint(canvas, one);
        const range = minus(`${short(one.low)} to `) + minus(short(one.high));
        words.textContent = range;
        box.classList.toggle("ll-chosen", place === layer);
        canvas.setAttribute(
          "aria-label",
          `${who.toUpperCase()}, layer ${place}: ${one.side} by ${one.side} pixels from ${range}`,
        );
      });
    }
    const comes = held.a.comes[step];
    paint(parts.comes, comes);
    const target = { one: comes, spectrum: radialSpectrum(comes), area: foregroundArea(comes) };
    target.frequency = meanFrequency(target.spectrum);
    const [a, b] = [this.#measure("a"), this.#measure("b")];
    this.result = { a, b, target };
    parts.plot.replaceChildren(...drawSpectra({ frame: target.spectrum, a: a.spectrum, b: b.spectrum }));
    parts.plot.setAttribute(
      "aria-label",
      `Spectra: on average ${waves(a.frequency)} waves across the frame in A, ${waves(b.frequency)} in B, ${waves(target.frequency)} in the frame that comes`,
    );
    const line = (words, tell) =>
      html("tr", {}, html("th", { scope: "row" }, words), [a, b, target].map((one) => html("td", {}, tell(one))));
    parts.numbers.replaceChildren(
      line("Grid", ({ one }) => `${one.side} × ${one.side}`),
      line("Half as bright or more", ({ area }) => `${(100 * area).toFixed(1)}%`),
      line("Mean frequency, waves", ({ frequency }) => waves(frequency)),
      line("Error against it × 1000", ({ error }) => (error == null ? "–" : (1000 * error).toFixed(1))),
    );
    parts.summary.textContent = this.#summary(a, b);
    const name = (who) => this.#name(who);
    parts.setting.textContent = `A ${name("a")}, B ${name("b")}, frame ${step}, ${VIEWS[view]}, layer ${layer}.`;
  }

  #name(who) {
    const [model, first] = this.state[who].split(" ");
    return `${MODELS[model]}${first ? " with its first weights" : ""}`;
  }

  #summary(a, b) {
    const { step, layer, view } = this.state;
    const { context } = this.held.a;
    const source = Number(step) < context ? "a real frame" : "its own prediction";
    const unit = view === "lens" || view === "fitted" ? "an error of " : "";
    const tell = ({ error, area, frequency }) =>
      error === null
        ? `${(100 * area).toFixed(1)}% of the frame bright, ${waves(frequency)} waves`
        : `${(1000 * error).toFixed(1)}`;
    return `Layer ${layer}, having read ${source}: A ${unit}${tell(a)}; B ${unit}${tell(b)}.`;
  }
}

if (!customElements.get("layer-lens")) customElements.define("layer-lens", LayerLens);
