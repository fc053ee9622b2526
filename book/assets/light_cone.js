/* The light cone: which pixels of which frames one predicted pixel can depend on.

   <light-cone></light-cone> shows, for a stack of recurrent convolutional layers, the cone in space
   and time, how much weight lies where in it, the track of a point that moves at a steady speed,
   and what the network costs.

   Attributes, all optional:
     cell    convlstm, window or mk  layers  1 to 12       kernel  3 or 5; mk has both
     pools   0, 1 or 2               speed   -8 to 8, pixels a frame; positive comes from the left
     examples  tracks or encoders: which settings the buttons offer

   Conventions. Pixel 0 of the next frame is predicted; the lag of the last frame read is 0. A layer
   reads the one below it, at the same time, through a kernel, and its own past: a ConvLSTM its last
   state, through a kernel of the same width; the window, a convolutional tensor train of order 3,
   its last three states, state j through j cores and one kernel more in front (the preprocessing
   of Su et al.). The memory c of both is read pixel by pixel and adds nothing. MK-LSTM has kernels 3
   and 5 wide side by side, and a memory for each; its output gate reads each new memory through one
   more kernel of the same width, so that a layer passes two kernels 5 wide in one step. A pool is a
   mean or a maximum of two neighbours (in a picture, of 2 x 2), without overlap: both can depend on
   the same pixels; the shade is that of the mean. It stands behind each of the first `pools` layers,
   at most one a layer; behind the last layer every coarse pixel is copied back to those it came
   from. So the cone is also that of coarse pixel 0, before it is copied: of an encoder's output.

   The file has three parts: the arithmetic, the drawing, the element. The first part knows
   nothing of the page and equals the gradient of such networks, as a test checks. */

const { LiveElement, html, minus, plural, svg, text, thousands } = globalThis.live;

/* ------------------------------------------------------------------ 1. The arithmetic

   A setting is { cell, layers, kernel, pools }. An interval is [first, last]. */

const LAGS = 8; // shown
const HIDDEN = 32; // channels of every layer, for the price
const RANK = 8; // of the window's tensor train

const radius = (kernel) => (kernel - 1) / 2;

/** The kernels that a layer of MK-LSTM passes in one step, as alternatives: each gate reads through
 *  3 or 5 pixels, and the output gate reads a new memory through as many once more. */
const MK = [[3], [5], [3, 3], [5, 5]];

/** How far one layer reads in one step. */
const stepRadius = ({ cell, kernel }) => {
  const ways = cell === "mk" ? MK : [[kernel]];
  return Math.max(...ways.map((way) => way.map(radius).reduce((a, b) => a + b)));
};

/** A jump of j = 1, 2, … steps back passes so many kernels. */
function jumps(cell) {
  return cell === "window" ? [2, 3, 4] : [1];
}

/** How often the canvas has been halved before layer n = 1 … layers. */
const level = (setting, layer) => Math.min(setting.pools, layer - 1);
const pooled = (setting, layer) => layer <= setting.pools;

/** The cone, in whole numbers: for each lag the interval of pixels that pixel 0 depends on. */
function cone(setting, lags = LAGS) {
  const r = stepRadius(setting);
  const grow = ([first, last], by) => [first - by, last + by];
  const hull = (a, b) => (a ? [Math.min(a[0], b[0]), Math.max(a[1], b[1])] : b);
  // What is read of the output of the layer at hand. Pixel 0 copies the coarse pixel 0.
  let read = Array.from({ length: lags }, (_, lag) => (lag === 0 ? [0, 0] : null));
  for (let layer = setting.layers; layer >= 1; layer--) {
    if (pooled(setting, layer)) read = read.map((one) => one && [2 * one[0], 2 * one[1] + 1]);
    for (let lag = 1; lag < lags; lag++)
      jumps(setting.cell).forEach((kernels, place) => {
        const from = lag - place - 1;
        if (from >= 0) read[lag] = hull(read[lag], grow(read[from], kernels * r));
      });
    read = read.map((one) => grow(one, r)); // down to the layer below, or to the frame
  }
  return read;
}

/** A row of weights: those of the pixels first, first + 1, … */
const row = (first, weights) => ({ first, weights });

function spreadOut({ first, weights }, kernel) {
  const wide = new Array(weights.length + kernel - 1).fill(0);
  weights.forEach((weight, place) => {
    for (let tap = 0; tap < kernel; tap++) wide[place + tap] += weight / kernel;
  });
  return row(first - radius(kernel), wide);
}

function sum(rows) {
  const first = Math.min(...rows.map((one) => one.first));
  const end = Math.max(...rows.map((one) => one.first + one.weights.length));
  const weights = new Array(end - first).fill(0);
  for (const one of rows) one.weights.forEach((w, n) => (weights[one.first - first + n] += w));
  return row(first, weights);
}

const scaled = ({ first, weights }, by) =>
  row(
    first,
    weights.map((weight) => weight * by),
  );

/** Through the kernels of a layer, so many times; ways that are open side by side share equally. */
function through({ cell, kernel }, one, times = 1) {
  const ways = cell === "mk" ? MK : [[kernel]];
  let out = one;
  for (let n = 0; n < times; n++)
    out = sum(ways.map((way) => scaled(way.reduce(spreadOut, out), 1 / ways.length)));
  return out;
}

/** How much each pixel of the cone would count if every kernel were uniform and every layer took
 *  equal shares of all it reads: composed uniform kernels, each lag scaled to the sum 1. */
function influence(setting, lags = LAGS) {
  const steps = jumps(setting.cell);
  const share = (one) => scaled(one, 1 / (1 + steps.length));
  const halved = ({ first, weights }) =>
    row(
      2 * first,
      weights.flatMap((weight) => [weight / 2, weight / 2]),
    );
  let read = Array.from({ length: lags }, (_, lag) => row(0, [lag === 0 ? 1 : 0]));
  for (let layer = setting.layers; layer >= 1; layer--) {
    if (pooled(setting, layer)) read = read.map(halved);
    for (let lag = 1; lag < lags; lag++) {
      const past = steps.flatMap((kernels, place) => {
        const from = lag - place - 1;
        return from < 0 ? [] : [share(through(setting, read[from], kernels))];
      });
      read[lag] = sum([read[lag], ...past]);
    }
    read = read.map((one) => share(through(setting, one)));
  }
  return read.map((one) => scaled(one, 1 / one.weights.reduce((a, b) => a + b, 0)));
}

/** The middle of a row that is left when each side has given up at most 2.5% of the weight. */
function middle({ first, weights }) {
  const drop = (ordered) => {
    let gone = 0;
    let count = 0;
    while (gone + ordered[count] <= 0.025) gone += ordered[count++];
    return count;
  };
  const [left, right] = [drop(weights), drop([...weights].reverse())];
  return [first + left, first + weights.length - 1 - right];
}

const width = ([first, last]) => last - first + 1;

/** Where a point was that will be at pixel 0 in the next frame. */
const track = (speed, lag) => 0 - speed * (lag + 1);

/** The lags at which such a point was in the cone. */
function seen(intervals, speed) {
  return intervals.flatMap(([first, last], lag) => {
    const place = track(speed, lag);
    return first <= place && place <= last ? [lag] : [];
  });
}

/** The fastest point, on the side that `sign` comes from, that is in the cone twice. */
function fastest(intervals, sign) {
  let speed = Math.max(...intervals.flat().map(Math.abs));
  while (speed > 0 && seen(intervals, sign * speed).length < 2) speed -= 1;
  return speed;
}

/** Multiply-adds a pixel and a frame, in two dimensions: 32 channels in every layer, rank 8. */
function macs({ cell, layers, kernel, pools }) {
  const gates = 4 * HIDDEN;
  const taps = kernel ** 2;
  const both = 3 ** 2 + 5 ** 2; // of MK-LSTM
  const past =
    cell === "window"
      ? 3 * HIDDEN * RANK + 2 * RANK ** 2 + RANK * gates // preprocessing, G(3) and G(2), G(1)
      : HIDDEN * gates;
  const layerMacs =
    cell === "mk"
      ? both * (2 * HIDDEN * gates + HIDDEN ** 2) + 2 * HIDDEN ** 2 // gates, looks, the 1 x 1 mix
      : taps * (HIDDEN * gates + past);
  let total = 2 * HIDDEN; // 1 x 1 maps from the frame and to it
  for (let layer = 1; layer <= layers; layer++)
    total += layerMacs / 4 ** level({ pools }, layer);
  return total;
}

/* ------------------------------------------------------------------ 2. The drawing */

/** Where things stand. Time runs down: the oldest frame on top, the prediction at the bottom. */
class Places {
  constructor(width, half) {
    Object.assign(this, { width, half, high: 30, left: 44, right: 44 });
    this.cell = (width - this.left - this.right) / (2 * half + 1);
    this.base = 6 + LAGS * this.high; // below the frames
    this.height = this.base + this.high + 34;
  }
  x(pixel) {
    return this.left + (pixel + this.half + 0.5) * this.cell;
  }
  top(lag) {
    return 6 + (LAGS - 1 - lag) * this.high;
  }
  middle(lag) {
    return this.top(lag) + this.high / 2; // lag -1 is the prediction
  }
  shows(pixel) {
    return Math.abs(pixel) <= this.half;
  }
  /** The speed of a point that is dragged to a place of the drawing. */
  speed(x, y) {
    const lag = Math.min(Math.max(LAGS - 1 - Math.floor((y - 6) / this.high), 0), LAGS - 1);
    const pixel = (x - this.left) / this.cell - 0.5 - this.half;
    return Math.round(-pixel / (lag + 1));
  }
}

/** The smallest of a few widths into which the cone fits, so that cones can be compared. */
function halfWidth(intervals) {
  const farthest = Math.max(...intervals.flat().map(Math.abs));
  return [24, 36, 56, 84, 128, 192, 288].find((half) => half >= farthest + 2) ?? farthest + 2;
}

/** Shaded cells of one frame; several pixels share a cell where they would be too thin. */
function shading(places, { first, weights }, lag) {
  const most = Math.max(...weights);
  const together = Math.ceil(2 / places.cell);
  const cells = [];
  for (let start = 0; start < weights.length; start += together) {
    const group = weights.slice(start, start + together);
    const mean = group.reduce((a, b) => a + b, 0) / group.length;
    cells.push(
      svg("rect", {
        class: "lc-cell",
        x: places.x(first + start) - places.cell / 2,
        y: places.top(lag),
        width: places.cell * group.length,
        height: places.high,
        "fill-opacity": (0.08 + (0.72 * mean) / most).toFixed(3),
      }),
    );
  }
  return cells;
}

/** The edge of the cone, in steps. */
function outline(places, intervals) {
  const edge = (side) =>
    intervals.map((one, lag) => {
      const x = places.x(one[side]) + (side ? 0.5 : -0.5) * places.cell;
      return `L${x} ${places.top(lag) + places.high}V${places.top(lag)}`;
    });
  return [0, 1].map((side) =>
    svg("path", { class: "lc-edge", d: `M${edge(side).join("").slice(1)}` }),
  );
}

/** The rule that spans the middle 95% of a row. */
function bracket(places, [first, last], lag) {
  const [x1, x2] = [places.x(first - 0.5), places.x(last + 0.5)];
  const y = places.top(lag) + places.high - 6;
  return svg("path", { class: "lc-middle", d: `M${x1} ${y - 4}v8m0 -4H${x2}m0 -4v8` });
}

function marker(places, speed, lag, inside) {
  const [pixel, y] = [track(speed, lag), places.middle(lag)];
  if (!places.shows(pixel)) {
    const [x, way] = pixel < 0 ? [places.left + 3, -1] : [places.width - places.right - 3, 1];
    return svg("path", {
      class: "lc-beyond",
      d: `M${x - 5 * way} ${y - 5}l${5 * way} 5l${-5 * way} 5`,
    });
  }
  const x = places.x(pixel);
  if (inside) return svg("circle", { class: "lc-point", cx: x, cy: y, r: 5.5 });
  return svg("path", { class: "lc-cross", d: `M${x - 5} ${y - 5}l10 10m0 -10l-10 10` });
}

function axis(places) {
  const step = [4, 8, 12, 24, 48, 96].find((n) => n * places.cell > 34) ?? 96;
  const ticks = [];
  for (let pixel = -step * Math.floor(places.half / step); pixel <= places.half; pixel += step)
    ticks.push(pixel);
  const y = places.base + places.high;
  return svg(
    "g",
    {},
    ticks.map((pixel) => [
      svg("path", { class: "lc-tick", d: `M${places.x(pixel)} ${y}v4` }),
      text(places.x(pixel), y + 16, minus(pixel), "lc-axis"),
    ]),
    text((places.left + places.width - places.right) / 2, y + 31, "pixel", "lc-axis"),
  );
}

function draw(places, { intervals, weights, lags }, speed) {
  const rows = intervals.map((_, lag) => lag);
  const inside = (lag) => lags.includes(lag);
  const ends = [-1, ...rows].map((lag) => [places.x(track(speed, lag)), places.middle(lag)]);
  const clip = { x: places.left, y: 0, width: places.width - places.left - places.right };
  return [
    rows.map((lag) => shading(places, weights[lag], lag)),
    rows.slice(1).map((lag) => {
      const y = places.top(lag) + places.high;
      return svg("path", { class: "lc-line", d: `M${clip.x} ${y}h${clip.width}` });
    }),
    outline(places, intervals),
    rows.map((lag) => bracket(places, middle(weights[lag]), lag)),
    svg(
      "svg",
      { ...clip, height: places.height, viewBox: `${clip.x} 0 ${clip.width} ${places.height}` },
      svg("polyline", { class: "lc-track", points: ends.map((one) => one.join(",")).join(" ") }),
    ),
    rows.map((lag) => marker(places, speed, lag, inside(lag))),
    rows.map((lag) => [
      text(0, places.middle(lag) + 4, `lag ${lag}`, "lc-name", "start"),
      text(
        places.width,
        places.middle(lag) + 4,
        inside(lag) ? "✓ in" : "✗ out",
        inside(lag) ? "lc-in" : "lc-out",
        "end",
      ),
    ]),
    svg("path", { class: "lc-now", d: `M${clip.x} ${places.base}h${clip.width}` }),
    svg("rect", {
      class: "lc-goal",
      x: places.x(0) - 8,
      y: places.middle(-1) - 8,
      width: 16,
      height: 16,
    }),
    svg("circle", { class: "lc-arrives", cx: places.x(0), cy: places.middle(-1), r: 4 }),
    text(0, places.middle(-1) + 4, "next", "lc-name", "start"),
    axis(places),
  ];
}

/* ------------------------------------------------------------------ 3. The element */

const CELLS = { convlstm: "ConvLSTM", window: "window of 3", mk: "MK-LSTM" };
const NUMBERS = { layers: [1, 12, 6], kernel: [3, 5, 3], pools: [0, 2, 0], speed: [-8, 8, 1] };
const encoder = (cell, pools) => ({ cell, layers: 3, kernel: 3, pools });
const EXAMPLES = {
  tracks: {
    stays: ["stays in", { cell: "convlstm", layers: 6, kernel: 3, pools: 0, speed: 1 }],
    leaves: ["leaves", { cell: "convlstm", layers: 6, kernel: 3, pools: 0, speed: 4 }],
    pool: ["one pool", { cell: "convlstm", layers: 6, kernel: 3, pools: 1, speed: 4 }],
  },
  encoders: {
    conv: ["ConvLSTM", encoder("convlstm", 0)],
    sms: ["SMS-LSTM", encoder("convlstm", 2)],
    tms: ["TMS-LSTM", encoder("mk", 0)],
    ms: ["MS-LSTM", encoder("mk", 2)],
  },
};
class LightCone extends LiveElement {
  static prefix = "lc";
  static arithmetic = { cone, fastest, influence, macs, middle, seen, track };

  read() {
    const state = { cell: this.choice("cell", "convlstm", Object.keys(CELLS)) };
    for (const [name, [low, high, standard]] of Object.entries(NUMBERS))
      state[name] = this.whole(name, low, high, standard);
    if (state.kernel === 4) throw this.wrong("kernel", "must be 3 or 5");
    state.pools = Math.min(state.pools, state.layers);
    this.examples = EXAMPLES[this.choice("examples", "tracks", Object.keys(EXAMPLES))];
    return state;
  }

  /** From intervals and weights of each lag follow the lags at which the point is in. */
  compute() {
    const s = this.state;
    s.pools = Math.min(s.pools, s.layers); // at most one a layer
    const intervals = cone(s);
    this.result = { intervals, weights: influence(s), lags: seen(intervals, s.speed) };
  }

  build() {
    const slider = (key, label) => {
      const [min, max] = NUMBERS[key];
      return html(
        "label",
        { class: "lc-field lc-slide" },
        html(
          "span",
          { class: "lc-label" },
          label,
          html("strong", { "data-value": key, "aria-hidden": "true" }), // the slider says it
        ),
        html("input", {
          type: "range",
          min,
          max,
          step: 1,
          "data-control": key,
          oninput: (event) => this.set({ [key]: Number(event.target.value) }),
        }),
      );
    };
    const digits = (numbers) => numbers.map((n) => [n, String(n)]);
    this.parts = {
      summary: html("p", { class: "lc-summary", role: "status", "aria-live": "polite" }),
      drawing: svg("svg", { role: "img", class: "lc-drawing" }),
      facts: html("dl", { class: "lc-facts simple" }),
      table: html("table", { class: "lc-table" }),
    };
    this.replaceChildren(
      html(
        "div",
        { class: "lc-root" },
        html(
          "div",
          { class: "lc-presets", role: "group", "aria-label": "Examples" },
          html("span", { class: "lc-label" }, "Show me"),
          Object.entries(this.examples).map(([key, [words, state]]) =>
            this.button(key, words, () => this.set(state)),
          ),
        ),
        html(
          "div",
          { class: "lc-controls" },
          this.radios("cell", "Cell", Object.entries(CELLS)),
          this.radios("kernel", "Kernel", digits([3, 5])),
          this.radios("pools", "Pools", digits([0, 1, 2])),
          slider("layers", "Layers "),
          slider("speed", "Speed v of the point "),
        ),
        this.parts.summary,
        this.parts.drawing,
        html(
          "p",
          { class: "lc-key" },
          "Stepped line: edge of the cone. Shade and rule: uniform kernels, and the middle 95% of their weight. ● the point, seen. ✗ unseen. □ the predicted pixel. Drag the point, or use the slider. MK-LSTM has both kernels, 3 and 5.",
        ),
        this.parts.facts,
        html(
          "p",
          { class: "lc-caveat" },
          html("strong", {}, "In the cone is necessary, not sufficient, and said of a point. "),
          "A digit 28 pixels wide leaks: its rim may be in the cone when its centre is not.",
        ),
        html(
          "details",
          { class: "lc-details" },
          html("summary", {}, "Data as a table"),
          this.parts.table,
        ),
      ),
    );
    this.#drag();
  }

  /** The pointer moves the point; the slider does the same by keyboard. */
  #drag() {
    const { drawing } = this.parts;
    const follow = (event) => {
      const box = drawing.getBoundingClientRect();
      const speed = this.places.speed(event.clientX - box.left, event.clientY - box.top);
      const [low, high] = NUMBERS.speed;
      this.set({ speed: Math.min(Math.max(speed, low), high) });
    };
    drawing.addEventListener("pointerdown", (event) => {
      drawing.setPointerCapture(event.pointerId);
      follow(event);
    });
    drawing.addEventListener("pointermove", (event) => {
      if (drawing.hasPointerCapture(event.pointerId)) follow(event);
    });
  }

  /* ---- what is shown */

  show() {
    const s = this.state;
    for (const input of this.querySelectorAll("input[type=radio]")) {
      const key = input.dataset.control;
      const given = key === "kernel" && s.cell === "mk"; // both: nothing to choose
      input.checked = !given && input.value === String(s[key]);
      input.disabled = given || (key === "pools" && Number(input.value) > s.layers);
    }
    for (const key of ["layers", "speed"]) {
      const slider = this.querySelector(`input[data-control=${key}]`);
      slider.value = s[key];
      slider.setAttribute(
        "aria-valuetext",
        key === "speed" ? `${minus(plural(s.speed, "pixel"))} a frame` : plural(s.layers, "layer"),
      );
      this.querySelector(`[data-value=${key}]`).textContent = minus(s[key]);
    }
    this.parts.summary.replaceChildren(...this.#summary());
    const { drawing } = this.parts;
    const width = Math.min(Math.max(drawing.parentNode.clientWidth - 24, 220), 720);
    this.places = new Places(width, halfWidth(this.result.intervals));
    for (const [key, value] of Object.entries({ width, height: this.places.height }))
      drawing.setAttribute(key, value);
    drawing.setAttribute("aria-label", this.#alt());
    drawing.replaceChildren(...draw(this.places, this.result, s.speed).flat(Infinity));
    this.#showFacts();
    this.#showTable();
  }

  /** How far the pixel sees at lag k, as a formula, to the left and to the right. */
  #reach() {
    const [[first, last], [before, after]] = this.result.intervals;
    const formula = (start, next) => `${start} + ${next - start === 1 ? "" : next - start}k`;
    return [formula(-first, -before), formula(last, after)];
  }

  #summary() {
    const { speed } = this.state;
    const { lags } = this.result;
    const [left, right] = this.#reach();
    const sees =
      left === right
        ? ["At lag k the pixel sees ", html("strong", {}, left), " pixels to either side. "]
        : [
            "At lag k the pixel sees ",
            html("strong", {}, left),
            " pixels to the left and ",
            html("strong", {}, right),
            " to the right. ",
          ];
    const point = `A point at v = ${minus(speed)} `;
    if (lags.length === 0)
      return [
        ...sees,
        point,
        html("strong", {}, "is never in the cone"),
        ": nothing of it can reach the pixel.",
      ];
    const count = `seen ${lags.length === 1 ? "once" : `at ${lags.length} of ${LAGS} lags`}`;
    const where =
      lags.length === LAGS
        ? [html("strong", {}, "stays in the cone"), ` at all ${LAGS} lags shown`]
        : lags[0] === 0
          ? [html("strong", {}, "leaves the cone"), ` at lag ${lags.at(-1) + 1}: ${count}`]
          : [html("strong", {}, "is in the cone only before"), `, from lag ${lags[0]}: ${count}`];
    const so =
      lags.length === 1
        ? ". One sighting is a place, not a velocity: the velocity cannot be read here."
        : ". Its velocity may be read here.";
    return [...sees, point, ...where, so];
  }

  /** The rows of the drawing in words. */
  #alt() {
    const s = this.state;
    const rows = this.result.intervals.map(([first, last], lag) => {
      const inside = this.result.lags.includes(lag) ? "in" : "out";
      return `lag ${lag}: pixels ${minus(first)} to ${minus(last)}, point at ${minus(track(s.speed, lag))}, ${inside}`;
    });
    return `A cone that widens upwards, into the past, over pixel 0 of the next frame. ${rows.join("; ")}.`;
  }

  #showFacts() {
    const s = this.state;
    const { intervals, weights } = this.result;
    const [left, right] = this.#reach();
    const [low, high] = middle(weights.at(-1));
    const [first, last] = intervals.at(-1);
    const sign = s.speed < 0 ? -1 : 1;
    const fact = (key, term, value, because) =>
      html(
        "div",
        {},
        html("dt", {}, term),
        html("dd", { class: "lc-figure", "data-fact": key }, value),
        html("dd", { class: "lc-because" }, because),
      );
    this.parts.facts.replaceChildren(
      fact(
        "reach",
        "Reach at lag k",
        left === right ? left : `${left} | ${right}`,
        left === right ? "pixels to either side" : "pixels to the left | to the right",
      ),
      fact(
        "width",
        "Width at lag 0",
        plural(width(intervals[0]), "pixel"),
        `and ${width(intervals[1]) - width(intervals[0])} more with each step back`,
      ),
      fact(
        "fastest",
        "Fastest point seen twice",
        `v = ${fastest(intervals, sign)}`,
        `coming from the ${sign < 0 ? "right" : "left"}`,
      ),
      fact(
        "middle",
        `95% of the weight at lag ${LAGS - 1}`,
        `${high - low + 1} of ${last - first + 1}`,
        "pixels, were all kernels uniform",
      ),
      fact(
        "macs",
        "Price",
        thousands(macs(s)),
        `multiply-adds a pixel and frame, in 2-D, ${HIDDEN} channels${s.cell === "window" ? `, rank ${RANK}` : ""}`,
      ),
    );
  }

  #showTable() {
    const { intervals, weights, lags } = this.result;
    const head = ["lag", "sees from", "to", "95% from", "to", "point at", "seen"];
    this.parts.table.replaceChildren(
      html(
        "thead",
        {},
        html(
          "tr",
          {},
          head.map((words) => html("th", { scope: "col" }, words)),
        ),
      ),
      html(
        "tbody",
        {},
        intervals.map((interval, lag) =>
          html(
            "tr",
            {},
            html("th", { scope: "row" }, String(lag)),
            [...interval, ...middle(weights[lag]), track(this.state.speed, lag)].map((n) =>
              html("td", {}, minus(n)),
            ),
            html("td", {}, lags.includes(lag) ? "in" : "out"),
          ),
        ),
      ),
    );
  }
}

if (!customElements.get("light-cone")) customElements.define("light-cone", LightCone);
