/* The cost explorer: what six recurrent layers cost, by several conventions.

   <cost-explorer></cost-explorer> lets a reader choose unit, network, width, side of the frames and
   length of the clip, and shows parameters, multiply-accumulates, what a profiler and PyTorch call
   FLOPs, and memory; beside them what Ma et al. print.

   Attributes, all optional:
     cell    convlstm or mk      network  stack or pyramid      width  8, 16, 32, 64 or 128
     side    32 to 256, a multiple of 4                         steps  7 or 19

   Conventions. Six layers of one width between 1 x 1 maps, one channel in and out, a bias for each
   convolution; the pyramid has two layers at each of the scales 1, 1/2, 1/4. A clip of 2n frames
   takes 2n - 1 steps, one clip at a time. Memory is in bytes of float32.

   The file has three parts: the arithmetic, the drawing, the element. The first part knows
   nothing of the page and equals stlib, as a test checks. */

const { LiveElement, html, svg, text, thousands } = globalThis.live;

/* ------------------------------------------------------------------ 1. The arithmetic */

/* Weights in c², biases in c; maps that the paper counts and maps that autograd keeps. */
const UNITS = {
  convlstm: { weights: 72, biases: 8, maps: 16, kept: 8 },
  mk: { weights: 308, biases: 19, maps: 32, kept: 14 },
};
const LAYERS = 6;
const BILINEAR = 11; // what the profiler charges for one interpolated number

/** Pixels of all layers together. */
function pixels({ network, side }) {
  const finest = side ** 2;
  return network === "stack" ? LAYERS * finest : 2 * (finest + finest / 4 + finest / 16);
}

/** Numbers that the interpolations write, which are as many as the pools read. */
function interpolated({ network, width, side }) {
  return network === "stack" ? 0 : width * (side ** 2 + side ** 2 / 4);
}

/** Everything about one clip. */
function cost(setting) {
  const { cell, width: c, side, steps } = setting;
  const unit = UNITS[cell];
  const [spread, written] = [pixels(setting), interpolated(setting)];
  const parameters = LAYERS * (unit.weights * c ** 2 + unit.biases * c) + 3 * c + 1;
  const macs = steps * (unit.weights * c ** 2 * spread + 2 * c * side ** 2);
  const step = 4 * (unit.kept * c * spread + c * side ** 2 + written) + 2 * written;
  return {
    parameters,
    macs,
    profiler: macs + steps * BILINEAR * written,
    flops: 2 * macs,
    kept: steps * step,
    model: 4 * (4 * parameters) + 2 * (4 * steps * unit.maps * c * spread),
  };
}

/* What Ma et al. print: FLOPs and memory, in G, of networks 32 wide. */
const PRINTED = [
  ["Moving MNIST", 64, 19, "convlstm", "stack", 34.4, 3.6],
  ["Moving MNIST", 64, 19, "convlstm", "pyramid", 15.1, 2.7],
  ["Moving MNIST", 64, 19, "mk", "stack", 147.3, 9.5],
  ["Moving MNIST", 64, 19, "mk", "pyramid", 64.5, 5.2],
  ["TaxiBJ", 32, 7, "convlstm", "stack", 3.2, 2.1],
  ["TaxiBJ", 32, 7, "mk", "pyramid", 5.9, 2.3],
  ["KTH", 128, 19, "convlstm", "stack", 137.7, 8.3],
  ["KTH", 128, 19, "mk", "pyramid", 257.9, 14.5],
  ["Germany", 180, 7, "convlstm", "stack", 100.3, 6.8],
  ["Germany", 180, 7, "mk", "pyramid", 260.6, 14.8],
].map(([data, side, steps, cell, network, flops, memory]) => ({
  data,
  side,
  steps,
  cell,
  network,
  flops,
  memory,
}));

const alike = (a, b, keys) => keys.every((key) => a[key] === b[key]);

/** The paper's row for a setting, if it prints one. */
function printed(setting) {
  if (setting.width !== 32) return null;
  return (
    PRINTED.find((row) => alike(row, setting, ["side", "steps", "cell", "network"])) ?? null
  );
}

/* ------------------------------------------------------------------ 2. The drawing */

const MODELS = [
  ["convlstm", "stack", "ConvLSTM"],
  ["convlstm", "pyramid", "SMS-LSTM"],
  ["mk", "stack", "TMS-LSTM"],
  ["mk", "pyramid", "MS-LSTM"],
];
const modelName = ({ cell, network }) =>
  MODELS.find(([a, b]) => a === cell && b === network)[2];

/** In units of 10^9, two digits behind the point. */
const giga = (n) => {
  const [whole, rest] = (n / 1e9).toFixed(2).split(".");
  return `${thousands(whole)}.${rest}`;
};

const X = [3.7, 6.2]; // log10 of pixels times steps
const Y = [-1.2, 4.4]; // log10 of billions

/** Where things stand: both axes are logarithmic. */
class Places {
  constructor(width) {
    Object.assign(this, { width, height: 290, left: 46, right: 12, top: 10, bottom: 42 });
  }
  x(work) {
    const share = (Math.log10(work) - X[0]) / (X[1] - X[0]);
    return this.left + share * (this.width - this.left - this.right);
  }
  y(count) {
    const share = (Math.log10(count / 1e9) - Y[0]) / (Y[1] - Y[0]);
    return this.height - this.bottom - share * (this.height - this.top - this.bottom);
  }
}

/** Each model has its own mark. */
function mark(model, x, y, name) {
  const size = 5;
  const shapes = {
    ConvLSTM: () => svg("circle", { class: name, cx: x, cy: y, r: size }),
    "SMS-LSTM": () =>
      svg("path", { class: name, d: `M${x} ${y - 6}l6 11h-12z` }),
    "TMS-LSTM": () =>
      svg("path", { class: name, d: `M${x} ${y - 7}l7 7l-7 7l-7 -7z` }),
    "MS-LSTM": () =>
      svg("rect", { class: name, x: x - size, y: y - size, width: 2 * size, height: 2 * size }),
  };
  return shapes[model]();
}

function axes(places) {
  const { left, right, top, bottom, width, height } = places;
  const base = height - bottom;
  const across = [1e4, 1e5, 1e6].map((work) => {
    const words = { 1e4: "10 000", 1e5: "100 000", 1e6: "1 million" }[work];
    return [
      svg("path", { class: "ce-line", d: `M${places.x(work)} ${top}V${base}` }),
      text(places.x(work), base + 15, words, "ce-axis"),
    ];
  });
  const up = [0.1, 1, 10, 100, 1000, 10000].map((count) => [
    svg("path", { class: "ce-line", d: `M${left} ${places.y(count * 1e9)}H${width - right}` }),
    text(left - 5, places.y(count * 1e9) + 4, String(count), "ce-axis", "end"),
  ]);
  return [
    across,
    up,
    text((left + width - right) / 2, height - 8, "pixels of a frame × steps of a clip", "ce-axis"),
    svg(
      "text",
      {
        class: "ce-axis",
        "text-anchor": "middle",
        transform: `translate(11 ${(top + base) / 2}) rotate(-90)`,
      },
      "billions, by the profiler",
    ),
  ];
}

/** The line of a model at some width. A clip of both lengths lies on it. */
function line(places, setting) {
  const ends = [32, 256].map((side) => {
    const steps = side === 32 ? 7 : 19;
    return `${places.x(side ** 2 * steps)} ${places.y(cost({ ...setting, side, steps }).profiler)}`;
  });
  return `M${ends.join("L")}`;
}

function draw(places, setting) {
  const chosen = cost(setting);
  const [x, y] = [places.x(setting.side ** 2 * setting.steps), places.y(chosen.profiler)];
  return [
    axes(places),
    MODELS.map(([cell, network]) => {
      const on = cell === setting.cell && network === setting.network;
      const name = on ? "ce-mine" : "ce-other";
      return svg("path", { class: name, d: line(places, { ...setting, cell, network }) });
    }),
    PRINTED.map((row) => {
      const place = [places.x(row.side ** 2 * row.steps), places.y(row.flops * 1e9)];
      return mark(modelName(row), ...place, "ce-printed");
    }),
    svg("path", { class: "ce-here", d: `M${x - 13} ${y}h26M${x} ${y - 13}v26` }),
    mark(modelName(setting), x, y, "ce-point"),
  ];
}

/* ------------------------------------------------------------------ 3. The element */

const CHOICES = {
  cell: [["convlstm", "ConvLSTM"], ["mk", "MK-LSTM"]],
  network: [["stack", "one scale"], ["pyramid", "pyramid"]],
  width: [8, 16, 32, 64, 128].map((n) => [n, String(n)]),
  steps: [[7, "7"], [19, "19"]],
};
const LEGENDS = { cell: "Unit", network: "Network", width: "Width c", steps: "Steps of a clip" };
const SIDES = { min: 32, max: 256, step: 4 };
const STANDARD = { cell: "mk", network: "pyramid", width: 32, side: 64, steps: 19 };
const PRESETS = {
  mnist: ["Moving MNIST", { width: 32, side: 64, steps: 19 }],
  taxi: ["TaxiBJ", { width: 32, side: 32, steps: 7 }],
  kth: ["KTH", { width: 32, side: 128, steps: 19 }],
  germany: ["Germany", { width: 32, side: 180, steps: 7, cell: "mk", network: "pyramid" }],
};
class CostExplorer extends LiveElement {
  static prefix = "ce";
  static arithmetic = { cost, printed, rows: () => PRINTED };

  read() {
    const state = { ...STANDARD };
    for (const [key, options] of Object.entries(CHOICES))
      state[key] = this.choice(key, state[key], options.map(([value]) => value));
    const side = Number(this.getAttribute("side") ?? state.side);
    if (side < SIDES.min || side > SIDES.max || side % SIDES.step)
      throw this.wrong("side", "must be a multiple of 4 from 32 to 256");
    return { ...state, side };
  }

  build() {
    this.parts = {
      summary: html("p", { class: "ce-summary", role: "status", "aria-live": "polite" }),
      drawing: svg("svg", { role: "img", class: "ce-drawing" }),
      facts: html("dl", { class: "ce-facts simple" }),
    };
    this.replaceChildren(
      html(
        "div",
        { class: "ce-root" },
        html(
          "div",
          { class: "ce-presets", role: "group", "aria-label": "Clips of the paper" },
          html("span", { class: "ce-label" }, "Clips of"),
          Object.entries(PRESETS).map(([key, [words, state]]) =>
            this.button(key, words, () => this.set(state)),
          ),
        ),
        html(
          "div",
          { class: "ce-controls" },
          Object.entries(CHOICES).map(([key, options]) =>
            this.radios(key, LEGENDS[key], options),
          ),
          html(
            "label",
            { class: "ce-field ce-slide" },
            html(
              "span",
              { class: "ce-label" },
              "Side of a frame ",
              html("strong", { "data-value": "side", "aria-hidden": "true" }),
            ),
            html("input", {
              type: "range",
              ...SIDES,
              "data-control": "side",
              oninput: (event) => this.set({ side: Number(event.target.value) }),
            }),
          ),
        ),
        this.parts.summary,
        this.parts.facts,
        this.parts.drawing,
        html(
          "p",
          { class: "ce-key" },
          "Open marks: printed by the paper, width 32. ○ ConvLSTM, △ SMS-LSTM, ◇ TMS-LSTM, □ MS-LSTM. Filled mark with a cross: your setting; solid line: its network at every size. Both axes are logarithmic.",
        ),
        html(
          "details",
          { class: "ce-details" },
          html("summary", {}, "Data as a table"),
          html("div", { class: "ce-scroll", tabindex: "0", role: "group", "aria-label": "Printed and counted" }, this.#table()),
        ),
      ),
    );
  }

  #table() {
    const head = ["Clip", "Network", "printed", "profiler", "MACs", "memory printed"];
    return html(
      "table",
      { class: "ce-table" },
      html("thead", {}, html("tr", {}, head.map((words) => html("th", { scope: "col" }, words)))),
      html(
        "tbody",
        {},
        PRINTED.map((row) => {
          const counted = cost({ ...row, width: 32 });
          const cells = [
            modelName(row),
            row.flops.toFixed(1),
            giga(counted.profiler),
            giga(counted.macs),
            row.memory.toFixed(1),
          ];
          return html(
            "tr",
            {},
            html("th", { scope: "row" }, row.data),
            cells.map((words) => html("td", {}, words)),
          );
        }),
      ),
    );
  }

  /* ---- what is shown */

  show() {
    const s = this.state;
    this.press();
    const slider = this.querySelector("input[data-control=side]");
    slider.value = s.side;
    slider.setAttribute("aria-valuetext", `${s.side} pixels`);
    this.querySelector("[data-value=side]").textContent = s.side;
    const counted = cost(s);
    this.parts.summary.replaceChildren(...this.#summary(counted));
    this.parts.facts.replaceChildren(...this.#facts(counted));
    const { drawing } = this.parts;
    const width = Math.min(Math.max(drawing.parentNode.clientWidth - 24, 230), 640);
    const places = new Places(width);
    for (const [key, value] of Object.entries({ width, height: places.height }))
      drawing.setAttribute(key, value);
    drawing.setAttribute("aria-label", this.#alt(counted));
    drawing.replaceChildren(...draw(places, s).flat(Infinity));
  }

  #summary(counted) {
    const s = this.state;
    const row = printed(s);
    const name = `${modelName(s)}, ${s.width} wide, ${s.steps} steps of ${s.side} × ${s.side}: `;
    const strong = (words) => html("strong", {}, words);
    const said = [name, strong(`${giga(counted.profiler)} billion`), " by the profiler. "];
    if (!row) return [...said, "The paper prints no such row."];
    const fits = (counted.profiler / 1e9).toFixed(1) === row.flops.toFixed(1);
    return [
      ...said,
      `The paper prints ${row.flops.toFixed(1)}: `,
      strong(fits ? "equal, rounded." : "another number."),
    ];
  }

  #facts(counted) {
    const fact = (key, name, figure, because) =>
      html(
        "div",
        {},
        html("dt", {}, name),
        html("dd", { class: "ce-figure", "data-fact": key }, figure),
        html("dd", { class: "ce-because" }, because),
      );
    const row = printed(this.state);
    return [
      fact("parameters", "Parameters", thousands(counted.parameters), "whatever the side"),
      fact("macs", "MACs", `${giga(counted.macs)} G`, "products that are summed"),
      fact("profiler", "Profiler", `${giga(counted.profiler)} G`, "and 11 a bilinear number"),
      fact("flops", "FLOPs", `${giga(counted.flops)} G`, "two a MAC: PyTorch, Table 2"),
      fact("kept", "Autograd keeps", `${giga(counted.kept)} GB`, "for the backward pass"),
      fact(
        "model",
        "4 M_par + 2 M_out",
        `${giga(counted.model)} GB`,
        row ? `the paper's tables print ${row.memory.toFixed(1)} G` : "the paper's formula",
      ),
    ];
  }

  #alt(counted) {
    const s = this.state;
    const points = PRINTED.map((row) => `${modelName(row)} ${row.data} ${row.flops.toFixed(1)}`);
    return `Billions of operations against pixels times steps, both logarithmic. The setting ${modelName(s)} ${s.width} wide at ${s.side} pixels and ${s.steps} steps has ${giga(counted.profiler)}. Each network is a straight line of slope one. Printed: ${points.join("; ")}. At width 32 all lie on the lines but MS-LSTM Germany, which lies above its own.`;
  }
}

if (!customElements.get("cost-explorer")) customElements.define("cost-explorer", CostExplorer);
