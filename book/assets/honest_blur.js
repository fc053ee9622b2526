/* The honest blur: a digit will go left or right, and one frame must be drawn beforehand.

   <honest-blur></honest-blur> shows the frame that costs least on average, and what the usual
   judges say of it and of a sharp guess.

   Attributes, both optional:
     p     the probability of left, 0 to 1     loss  l2, l1 or l1+l2

   The file has three parts: the arithmetic, the drawings, the element. The first part knows
   nothing of the page and equals stlib.losses and stlib.metrics, as a test checks. */

const { LiveElement, html, svg } = globalThis.live;

/* ------------------------------------------------------------------ 1. The arithmetic

   A frame is { height, width, data }, its data row after row, numbers from 0 to 1. */

const GLYPH = [
  ".#####.",
  "##...##",
  ".....##",
  "...###.",
  ".....##",
  "##...##",
  ".#####.",
];
const HEIGHT = 13;
const WIDTH = 25;
const WINDOW = 7; // of SSIM, the convention 'uniform': range 1, sample covariance
const GRID = 1000; // answers that the search tries, less one

function frame(value) {
  const data = new Float64Array(HEIGHT * WIDTH);
  for (let row = 0; row < HEIGHT; row++)
    for (let column = 0; column < WIDTH; column++)
      data[row * WIDTH + column] = value(row, column);
  return { height: HEIGHT, width: WIDTH, data };
}

/** The digit with its left edge in a column, halfway down. */
function digitAt(left) {
  const top = (HEIGHT - GLYPH.length) / 2;
  return frame((row, column) => (GLYPH[row - top]?.[column - left] === "#" ? 1 : 0));
}

const FUTURES = { left: digitAt(3), right: digitAt(WIDTH - 3 - GLYPH[0].length) };

/** What drawing q costs on average for a pixel that will be 1 with probability p, else 0. */
function expectedLoss(q, p, loss) {
  const l1 = p * Math.abs(q - 1) + (1 - p) * Math.abs(q);
  const l2 = p * (q - 1) ** 2 + (1 - p) * q ** 2;
  return { l1, l2, "l1+l2": l1 + l2 }[loss];
}

/** The q of least expected loss. Under l1 a fair coin leaves every answer as good: 1/2. */
function bestPixel(p, loss) {
  if (loss === "l2") return p;
  if (loss === "l1") return p === 0.5 ? 0.5 : Number(p > 0.5);
  return Math.min(Math.max(2 * p - 0.5, 0), 1);
}

/** The same without thinking: try 1001 answers. Of equal ones, the middle. */
function searchPixel(p, loss) {
  const costs = Array.from({ length: GRID + 1 }, (_, n) => expectedLoss(n / GRID, p, loss));
  const least = Math.min(...costs) + 1e-12; // above the rounding of a cost
  const best = costs.flatMap((cost, n) => (cost <= least ? [n / GRID] : []));
  return (best[0] + best.at(-1)) / 2;
}

/** The frame of least expected loss: pixel by pixel, from each pixel's own probability. */
function bestFrame(p, loss) {
  const { left, right } = FUTURES;
  return frame((row, column) => {
    const n = row * WIDTH + column;
    return bestPixel(p * left.data[n] + (1 - p) * right.data[n], loss);
  });
}

/** Mean squared error, per pixel. */
function mse(a, b) {
  return a.data.reduce((sum, value, n) => sum + (value - b.data[n]) ** 2, 0) / a.data.length;
}

/** Peak signal-to-noise ratio in dB of a squared error; without any, infinity. */
const decibels = (error) => 10 * Math.log10(1 / error);

/** Structural similarity: the mean over all windows that lie inside the frame. */
function ssim(a, b) {
  const [c1, c2] = [0.01 ** 2, 0.03 ** 2];
  let total = 0;
  let windows = 0;
  for (let top = 0; top <= a.height - WINDOW; top++)
    for (let left = 0; left <= a.width - WINDOW; left++) {
      const moments = windowMoments(a, b, top, left);
      const { meanA, meanB, varianceA, varianceB, covariance } = moments;
      const light = (2 * meanA * meanB + c1) / (meanA ** 2 + meanB ** 2 + c1);
      total += (light * (2 * covariance + c2)) / (varianceA + varianceB + c2);
      windows += 1;
    }
  return total / windows;
}

function windowMoments(a, b, top, left) {
  const count = WINDOW ** 2;
  const sums = { a: 0, b: 0, aa: 0, bb: 0, ab: 0 };
  for (let row = top; row < top + WINDOW; row++)
    for (let column = left; column < left + WINDOW; column++) {
      const [x, y] = [a.data[row * a.width + column], b.data[row * b.width + column]];
      sums.a += x;
      sums.b += y;
      sums.aa += x * x;
      sums.bb += y * y;
      sums.ab += x * y;
    }
  const [meanA, meanB] = [sums.a / count, sums.b / count];
  const spread = (sum, one, two) => (sum - count * one * two) / (count - 1);
  return {
    meanA,
    meanB,
    varianceA: spread(sums.aa, meanA, meanA),
    varianceB: spread(sums.bb, meanB, meanB),
    covariance: spread(sums.ab, meanA, meanB),
  };
}

/** What the judges say on average of cases { chance, drawn, comes }. */
function judge(cases) {
  const possible = cases.filter(({ chance }) => chance > 0); // 0 times infinity is no number
  const average = (score) =>
    possible.reduce((sum, { chance, drawn, comes }) => sum + chance * score(drawn, comes), 0);
  const error = average(mse);
  return {
    mse: error,
    psnrOfMean: decibels(error),
    meanPsnr: average((drawn, comes) => decibels(mse(drawn, comes))),
    ssim: average(ssim),
  };
}

/** Everything the figure shows. A sharp sample is a future drawn with the right probabilities,
 *  without knowing which one comes. */
function compute(p, loss) {
  const { left, right } = FUTURES;
  const best = bestFrame(p, loss);
  const futures = [
    { chance: p, comes: left },
    { chance: 1 - p, comes: right },
  ];
  const sampled = futures.flatMap((drawn) =>
    futures.map((one) => ({ chance: drawn.chance * one.chance, drawn: drawn.comes, comes: one.comes })),
  );
  return {
    best,
    brightness: [bestPixel(p, loss), bestPixel(1 - p, loss)],
    searched: searchPixel(p, loss),
    scores: { best: judge(futures.map((one) => ({ ...one, drawn: best }))), sample: judge(sampled) },
  };
}

/* ------------------------------------------------------------------ 2. The drawings */

const percent = (chance) => `${Math.round(100 * chance)}%`;
const number = (x, digits) => (Number.isFinite(x) ? x.toFixed(digits) : "∞");

/** A frame pixel by pixel; the style enlarges it without smoothing. */
function paint(canvas, { height, width, data }) {
  Object.assign(canvas, { height, width });
  const pen = canvas.getContext("2d");
  const image = pen.createImageData(width, height);
  data.forEach((value, n) => {
    const grey = Math.round(255 * value);
    image.data.set([grey, grey, grey, 255], 4 * n);
  });
  pen.putImageData(image, 0, 0);
}

const PLOT = { width: 300, height: 170, left: 34, right: 12, top: 14, bottom: 34 };

/** Expected loss of one pixel of the left digit against what is drawn, the best answer marked. */
function drawCosts(p, loss) {
  const x = (q) => PLOT.left + q * (PLOT.width - PLOT.left - PLOT.right);
  const most = loss === "l1+l2" ? 2 : 1;
  const y = (cost) =>
    PLOT.height - PLOT.bottom - (cost / most) * (PLOT.height - PLOT.top - PLOT.bottom);
  const label = (left, top, anchor, words, name = "") =>
    svg("text", { x: left, y: top, "text-anchor": anchor, class: name }, words);
  const points = Array.from({ length: 101 }, (_, n) => n / 100);
  const curve = points.map((q) => `${x(q)},${y(expectedLoss(q, p, loss)).toFixed(2)}`).join(" ");
  const best = bestPixel(p, loss);
  const floor = y(0);
  return [
    [0, most / 2, most].map((cost) => [
      svg("path", { class: "hb-rule", d: `M${x(0)} ${y(cost)}H${x(1)}` }),
      label(PLOT.left - 6, y(cost) + 4, "end", `${cost}`),
    ]),
    [0, 0.5, 1].map((q) => label(x(q), floor + 15, "middle", `${q}`)),
    label(x(0.5), PLOT.height - 4, "middle", "brightness drawn for a pixel of the left digit"),
    svg("polyline", { class: "hb-curve", points: curve }),
    svg("path", { class: "hb-drop", d: `M${x(best)} ${floor}V${y(expectedLoss(best, p, loss))}` }),
    svg("circle", { class: "hb-best", cx: x(best), cy: y(expectedLoss(best, p, loss)), r: 5.5 }),
  ].flat(2);
}

/* ------------------------------------------------------------------ 3. The element */

const LOSSES = { l2: "ℓ2", l1: "ℓ1", "l1+l2": "ℓ1 + ℓ2" };
const JUDGES = [
  // key, name, digits, factor, whether more is better
  ["mse", "Mean squared error × 1000", 1, 1000, false],
  ["psnrOfMean", "PSNR of that mean, dB", 2, 1, true],
  ["meanPsnr", "Mean of the PSNRs, dB", 2, 1, true],
  ["ssim", "Mean SSIM, uniform 7 × 7", 3, 1, true],
];
class HonestBlur extends LiveElement {
  static prefix = "hb";
  static arithmetic = {
    FUTURES,
    bestFrame,
    bestPixel,
    compute,
    decibels,
    expectedLoss,
    judge,
    mse,
    searchPixel,
    ssim,
  };

  read() {
    const p = Number(this.getAttribute("p") ?? 0.5);
    if (!(p >= 0 && p <= 1)) throw this.wrong("p", "must be from 0 to 1");
    return { p, loss: this.choice("loss", "l2", Object.keys(LOSSES)) };
  }

  compute() {
    this.result = compute(this.state.p, this.state.loss);
  }

  build() {
    const canvas = () => html("canvas", { role: "img" });
    const parts = (this.parts = {
      slider: html("input", {
        type: "range",
        min: 0,
        max: 1,
        step: 0.01,
        "aria-label": "Probability that the digit goes left",
        oninput: (event) => this.set({ p: Number(event.target.value) }),
      }),
      chance: html("output", { class: "hb-chance" }),
      summary: html("p", { class: "hb-summary", role: "status" }),
      left: canvas(),
      right: canvas(),
      best: canvas(),
      leftName: html("p"),
      rightName: html("p"),
      bestName: html("p"),
      plot: svg("svg", { role: "img", viewBox: `0 0 ${PLOT.width} ${PLOT.height}` }),
      scores: html("tbody"),
      setting: html("p", { class: "hb-setting" }),
    });
    const controls = html(
      "div",
      { class: "hb-controls" },
      html(
        "label",
        { class: "hb-field hb-slide" },
        html("span", { class: "hb-label" }, "Probability of left"),
        html("span", { class: "hb-track" }, parts.slider, parts.chance),
      ),
      this.radios("loss", "Loss", Object.entries(LOSSES)),
    );
    const thumb = (picture, words, kind = "") =>
      html("div", { class: `hb-thumb ${kind}` }, picture, words);
    const head = ["On average", "best frame", "sharp guess"];
    const table = html(
      "table",
      {},
      html("thead", {}, html("tr", {}, head.map((words) => html("th", { scope: "col" }, words)))),
      parts.scores,
    );
    const stage = html(
      "div",
      { class: "hb-stage" },
      thumb(parts.left, parts.leftName),
      thumb(parts.right, parts.rightName),
      thumb(parts.best, parts.bestName, "hb-drawn"),
      html("div", { class: "hb-plot" }, html("p", { class: "hb-title" }, "Expected loss"), parts.plot),
    );
    paint(parts.left, FUTURES.left);
    paint(parts.right, FUTURES.right);
    parts.left.setAttribute("aria-label", "The digit on the left");
    parts.right.setAttribute("aria-label", "The digit on the right");
    const root = html("div", { class: "hb-root" }, controls, parts.summary, stage, table, parts.setting);
    this.replaceChildren(root);
  }

  show() {
    const { p, loss } = this.state;
    const { parts, result } = this;
    const [left, right] = result.brightness.map((q) => number(q, 2));
    this.press();
    parts.slider.value = p;
    parts.slider.setAttribute("aria-valuetext", `left ${percent(p)}, right ${percent(1 - p)}`);
    parts.chance.textContent = percent(p);
    parts.leftName.textContent = `It goes left: ${percent(p)}`;
    parts.rightName.textContent = `It goes right: ${percent(1 - p)}`;
    parts.bestName.textContent = `Best frame: left ${left}, right ${right}`;
    parts.summary.textContent = this.#summary();
    parts.setting.textContent = `Left ${percent(p)}, loss ${LOSSES[loss]}.`; // for paper
    paint(parts.best, result.best);
    const seen = `Left digit at brightness ${left}, right digit at ${right}, black elsewhere`;
    parts.best.setAttribute("aria-label", seen);
    parts.plot.replaceChildren(...drawCosts(p, loss));
    const bottom = number(expectedLoss(result.brightness[0], p, loss), 3);
    parts.plot.setAttribute(
      "aria-label",
      `Curve of the expected loss of a pixel of the left digit: least, ${bottom}, at brightness ${left}`,
    );
    parts.scores.replaceChildren(...JUDGES.map((one) => this.#row(...one)));
  }

  #summary() {
    const { p, loss } = this.state;
    const { brightness, searched } = this.result;
    const witness = `A search through ${GRID + 1} answers finds ${number(searched, 3)} for the left.`;
    if (loss === "l1" && p === 0.5)
      return `A tie: every brightness from 0 to 1 costs the same, and the middle is drawn. ${witness}`;
    if (brightness.every((q) => q > 0 && q < 1)) {
      const honest = brightness[0] === p ? "each as bright as it is likely" : "the likelier too bright";
      const fair = p === 0.5 && loss !== "l2" ? "both at one half" : honest;
      return `Two ghosts, ${fair}. ${witness}`;
    }
    const [shown, gone] = brightness[0] === 1 ? ["left", 1 - p] : ["right", p];
    return gone === 0
      ? `Nothing is open: the ${shown} digit, sharp. ${witness}`
      : `One digit, the ${shown}, sharp: a future of ${percent(gone)} has vanished. ${witness}`;
  }

  /** One judge: its number for both, the better one marked by more than its weight. */
  #row(key, name, digits, factor, more) {
    const { best, sample } = this.result.scores;
    const values = [best[key], sample[key]];
    const winner = more ? Math.max(...values) : Math.min(...values);
    const tie = Math.abs(values[0] - values[1]) < 1e-9 || values[0] === values[1];
    const cell = (value, who) => {
      const wins = !tie && value === winner;
      const words = [number(factor * value, digits), wins ? html("span", {}, " better") : ""];
      return html("td", { class: wins ? "hb-wins" : "", "data-score": `${who}-${key}` }, ...words);
    };
    const cells = [cell(values[0], "best"), cell(values[1], "sample")];
    return html("tr", {}, html("th", { scope: "row" }, name), ...cells);
  }
}

if (!customElements.get("honest-blur")) customElements.define("honest-blur", HonestBlur);
