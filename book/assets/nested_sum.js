/* The nested sum and its ring: one sum over a history of states, computed in two ways.

   <nested-sum></nested-sum> shows Algorithm 1 (build every kernel, apply it, add) beside
   Algorithm 2 (Horner's rule) and what sets them apart: the values that leave the canvas.

   Attributes, all optional:
     dimension  1 or 2          order  N, 1 to 6          kernel  K, 3 or 5
     boundary   zero, circular or full                    weights ones or random
     states     "impulse" (H(N) is 1 at pixel 0), "random", "clear",
                or a list "age:pixel age:pixel" (in 2-D "age:row,column")
     seed       a whole number   step  0 to N (how far the recursion has come)
     pixel      the pixel to follow: "0", in 2-D "row,column"

   The file has three parts: the arithmetic, the drawings, the element. The first part knows
   nothing of the page and equals stlib.tensor_train and stlib.cost, as a test checks. */

const { LiveElement, html, minus, plural, svg, text, thousands } = globalThis.live;

/* ------------------------------------------------------------------ 1. The arithmetic

   A grid is { height, width, data }, its data row after row, in double precision. States, sums
   and kernels are grids; a row is a grid of height 1. Kernels have odd sizes. One channel. */

function grid(height, width, value = () => 0) {
  const data = new Float64Array(height * width);
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++) data[row * width + column] = value(row, column);
  return { height, width, data };
}

function inside(g, row, column) {
  return row >= 0 && row < g.height && column >= 0 && column < g.width;
}

/** The value at a place; 0 where there is no canvas. */
function at(g, row, column) {
  return inside(g, row, column) ? g.data[row * g.width + column] : 0;
}

/** The value at a place of a canvas whose opposite edges are joined. */
function wrapped(g, row, column) {
  const modulo = (a, n) => ((a % n) + n) % n;
  return at(g, modulo(row, g.height), modulo(column, g.width));
}

function radius(kernel) {
  return [(kernel.height - 1) / 2, (kernel.width - 1) / 2];
}

const add = (a, b) => grid(a.height, a.width, (r, c) => at(a, r, c) + at(b, r, c));
const subtract = (a, b) => grid(a.height, a.width, (r, c) => at(a, r, c) - at(b, r, c));
const surround = (g, down, right) =>
  grid(g.height + 2 * down, g.width + 2 * right, (r, c) => at(g, r - down, c - right));

/** One convolutional layer: slide, multiply, add; the kernel is not flipped.
 *  'zero' and 'circular' keep the size, 'full' lets it grow so that no value is lost. */
function correlate(x, kernel, boundary) {
  const [down, right] = radius(kernel);
  const [top, left] = boundary === "full" ? [2 * down, 2 * right] : [down, right];
  const read = boundary === "circular" ? wrapped : at;
  return grid(x.height + 2 * (top - down), x.width + 2 * (left - right), (row, column) => {
    let sum = 0;
    for (let a = 0; a < kernel.height; a++)
      for (let b = 0; b < kernel.width; b++)
        sum += at(kernel, a, b) * read(x, row + a - top, column + b - left);
    return sum;
  });
}

/** The one kernel that does what `inner` followed by `outer` does: their true convolution. */
function compose(outer, inner) {
  const flipped = grid(outer.height, outer.width, (r, c) =>
    at(outer, outer.height - 1 - r, outer.width - 1 - c),
  );
  return correlate(inner, flipped, "full");
}

/** K(1) … K(N) from the cores G(1) … G(N). */
function kernels(cores) {
  const built = [cores[0]];
  for (const core of cores.slice(1)) built.push(compose(built.at(-1), core)); // ctt-eq-17
  return built;
}

/** How far Φ looks, down and to the right: half the size of K(N). */
function reach(cores) {
  return cores.map(radius).reduce((sum, one) => [sum[0] + one[0], sum[1] + one[1]], [0, 0]);
}

/** The width of the border in which zero padding may set the two algorithms apart. */
function ringWidth(cores) {
  return reach(cores.slice(0, -1)); // every core but the last: (N-1)(K-1)/2
}

/** 'full' is zero padding on a canvas that is large enough. */
function onCanvas(cores, states, boundary) {
  if (boundary !== "full") return [states, boundary];
  return [states.map((h) => surround(h, ...reach(cores))), "zero"];
}

/** Algorithm 1: apply every kernel to its state, add. `terms[0]` is K(1) * H(1). */
function direct(cores, states, boundary) {
  const [onto, rule] = onCanvas(cores, states, boundary);
  const built = kernels(cores);
  const terms = built.map((kernel, i) => correlate(onto[i], kernel, rule));
  return { kernels: built, terms, sum: terms.reduce(add) }; // ctt-alg-1: ctt-eq-9, ctt-eq-14
}

/** Algorithm 2: Horner's rule, from the oldest state to the most recent.
 *  A step tells what it reads, V(i) + H(i); what it writes, edges included; what it keeps. */
function recursive(cores, states, boundary) {
  const [onto, rule] = onCanvas(cores, states, boundary);
  const steps = [];
  let v = grid(onto[0].height, onto[0].width);
  // ctt-alg-2
  for (let i = cores.length; i >= 1; i--) {
    const read = add(v, onto[i - 1]);
    v = correlate(read, cores[i - 1], rule); // ctt-eq-16
    steps.push({ age: i, read, written: correlate(read, cores[i - 1], "full"), kept: v });
  }
  return { steps, sum: v };
}

/** Every value that zero padding drops although a later core would have read it.
 *  Row and column count from the canvas's first pixel, so they are negative or too large. */
function dropped(cores, steps) {
  return steps.slice(0, -1).flatMap(({ age, written, kept }) => {
    const [down, right] = radius(cores[age - 1]);
    return Array.from(written.data, (value, n) => ({
      level: age - 1, // it belongs to V(level)
      row: Math.floor(n / written.width) - down,
      column: (n % written.width) - right,
      value,
    })).filter((ghost) => ghost.value !== 0 && !inside(kept, ghost.row, ghost.column));
  });
}

/** What dropped values would have brought to one pixel: each returns through K(level).
 *  Their sum is Algorithm 1 minus Algorithm 2 at that pixel. */
function comebacks(ghosts, built, row, column) {
  return ghosts
    .map((ghost) => {
      const kernel = built[ghost.level - 1];
      const [down, right] = radius(kernel);
      const weight = at(kernel, ghost.row - row + down, ghost.column - column + right);
      return { ...ghost, weight, lost: weight * ghost.value };
    })
    .filter((ghost) => ghost.weight !== 0);
}

/** Distance from the nearest edge: 0 for a pixel of the border. A row has no upper edge. */
function depth(g, row, column) {
  const across = Math.min(column, g.width - 1 - column);
  return g.height === 1 ? across : Math.min(across, row, g.height - 1 - row);
}

const TOLERANCE = 1e-10; // above the rounding of these sums, below any value a ring is made of

/** What the difference looks like: how deep it goes, how many pixels, what is left beyond. */
function ring(difference, bound) {
  let width = 0;
  let pixels = 0;
  let residual = 0;
  difference.data.forEach((value, n) => {
    const deep = depth(difference, Math.floor(n / difference.width), n % difference.width);
    if (Math.abs(value) > TOLERANCE) {
      pixels += 1;
      width = Math.max(width, deep + 1);
    }
    if (deep >= bound) residual = Math.max(residual, Math.abs(value));
  });
  return { width, pixels, share: pixels / difference.data.length, residual };
}

/** Multiply-accumulates for one channel: per pixel, and once for building K(2) … K(N). */
function cost(order, kernel, dimension) {
  const taps = (i) => (i * (kernel - 1) + 1) ** dimension; // of K(i)
  const ages = Array.from({ length: order }, (_, n) => n + 1);
  const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);
  return {
    direct: sum(ages.map(taps)), // stlib.cost.direct_macs, one pixel
    building: sum(ages.slice(1).map((i) => taps(i) * taps(1))), // stlib.cost.building_macs
    recursive: order * taps(1), // stlib.cost.recursive_macs, one pixel
  };
}

/** Numbers in [0, 1), the same for the same seed on every machine (mulberry32). */
function randomNumbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Whole numbers from 1 to 9: they fit a cell, and sums of them stay exact. */
function randomState(height, width, seed, age) {
  const next = randomNumbers(1000 * seed + age);
  return grid(height, width, () => 1 + Math.floor(9 * next()));
}

/** Taps of both signs, none near 0, about 1 in all: asymmetric, so that a flip would show. */
function randomCore(height, width, seed, age) {
  const next = randomNumbers(1000 * seed + 500 + age);
  return grid(height, width, () => {
    const size = (1 + next()) / (height * width);
    return (Math.round(1000 * size) / 1000) * (next() < 0.5 ? -1 : 1);
  });
}

/** Everything the figure shows, from cores, states and boundary. */
function compare(cores, states, boundary) {
  const one = direct(cores, states, boundary);
  const two = recursive(cores, states, boundary);
  const difference = subtract(one.sum, two.sum);
  const bound = boundary === "zero" ? ringWidth(cores)[1] : 0;
  return {
    one,
    two,
    difference,
    bound,
    ...ring(difference, bound),
    dropped: boundary === "zero" ? dropped(cores, two.steps) : [],
    cost: cost(cores.length, cores[0].width, cores[0].height === 1 ? 1 : 2),
  };
}

/* ------------------------------------------------------------------ 2. The drawings */

/** At most five characters, for a cell. */
function short(x) {
  const size = Math.abs(x);
  if (size < 1e-12) return "0";
  if (size >= 9999.5) return minus(`${x < 0 ? "-" : ""}${(size / 1000).toFixed(0)}k`);
  if (Number.isInteger(x) || size >= 99.5) return minus(x.toFixed(0));
  if (size < 0.005) return minus(x.toExponential(0));
  return minus(x.toFixed(size < 9.95 ? 2 : 1));
}

/** For a sentence: whole numbers whole, others to four digits. */
function exact(x) {
  if (Math.abs(x) < 1e-12) return "0";
  if (!Number.isInteger(x)) return minus(String(Number(x.toPrecision(4))));
  return minus(Math.abs(x) < 10000 ? x : thousands(x));
}

const percent = (share) => `${(100 * share).toFixed(0)}\u2009%`;
const rowOf = (g) => Array.from(g.data);
const taps = (kernel) => rowOf(kernel).map(short).join(" ");

/** A straight arrow with a head of its own. */
function arrow([x1, y1], [x2, y2], name) {
  const angle = Math.atan2(y2 - y1, x2 - x1);
  const wing = (turn) => `${x2 - 6 * Math.cos(angle + turn)} ${y2 - 6 * Math.sin(angle + turn)}`;
  const head = `M${wing(0.45)}L${x2} ${y2}L${wing(-0.45)}`;
  return svg(
    "g",
    { class: `ns-arrow ${name}` },
    svg("path", { d: `M${x1} ${y1}L${x2} ${y2}` }),
    svg("path", { d: head, class: "ns-head" }),
  );
}

function cross([x, y], size = 4.5) {
  return svg("path", {
    class: "ns-cross",
    d: `M${x - size} ${y - size}l${2 * size} ${2 * size}m0 ${-2 * size}l${-2 * size} ${2 * size}`,
  });
}

/** Where things stand in a lane of rows: pixel columns, and for every step two rows. */
class Places {
  constructor({ pixels, margin, cell, order }) {
    Object.assign(this, { pixels, margin, cell, order });
    this.header = 74; // names of rows
    this.row = 28; // height of a cell
    this.gap = 42; // between what a step reads and what it writes
    this.pause = 26; // between two steps
    this.width = this.header + (pixels + 2 * margin) * cell + 1;
    this.height = 20 + order * (2 * this.row + this.gap) + (order - 1) * this.pause + 8;
  }
  middle(pixel) {
    return this.header + (pixel + this.margin + 0.5) * this.cell;
  }
  read(step) {
    return 20 + step * (2 * this.row + this.gap + this.pause);
  }
  write(step) {
    return this.read(step) + this.row + this.gap;
  }
  drawn(pixel) {
    return pixel >= -this.margin && pixel < this.pixels + this.margin;
  }
  outside(pixel) {
    return pixel < 0 || pixel >= this.pixels;
  }
  all() {
    return Array.from({ length: this.pixels + 2 * this.margin }, (_, n) => n - this.margin);
  }
}

/** The numbers of the pixels above a lane; those outside the canvas are slanted. */
function axis(places, followed) {
  return svg(
    "g",
    {},
    text(0, 12, "pixel", "ns-axis", "start"),
    places.all().map((pixel) => {
      const name = `ns-axis${places.outside(pixel) ? " ns-outside" : ""}${pixel === followed ? " ns-followed" : ""}`;
      return text(places.middle(pixel), 12, minus(String(pixel)), name, "middle");
    }),
  );
}

/** A row of cells. `what(pixel)` answers [value, class], or null for no cell. */
function cells(places, y, what, shown = true) {
  return svg(
    "g",
    {},
    places.all().map((pixel) => {
      const cell = what(pixel);
      if (cell === null) return null;
      const [value, name] = cell;
      const x = places.middle(pixel) - places.cell / 2;
      return svg(
        "g",
        { class: `ns-cell ${name}${value === 0 || !shown ? " ns-nought" : ""}` },
        svg("rect", { x: x + 1, y: y + 1, width: places.cell - 2, height: places.row - 2, rx: 3 }),
        shown
          ? text(places.middle(pixel), y + places.row / 2 + 4.5, short(value), "", "middle")
          : null,
      );
    }),
  );
}

/** Lines from what is read to what is written; a cone where single lines would be a thicket. */
function paths(lines, from, to, places, name, label) {
  const point = ([pixel, y]) => [places.middle(pixel), y];
  if (lines.length > 14) {
    const sources = lines.map((line) => line.source);
    const targets = lines.map((line) => line.target);
    const corners = [
      [Math.min(...sources), from],
      [Math.max(...sources), from],
      [Math.max(...targets), to],
      [Math.min(...targets), to],
    ].map(point);
    return svg("polygon", { class: `ns-cone ${name}`, points: corners.join(" ") });
  }
  return svg(
    "g",
    {},
    lines.map(({ source, target, weight }) => {
      const [tail, head] = [point([source, from]), point([target, to])];
      const middle = (n) => tail[n] + 0.42 * (head[n] - tail[n]);
      return svg(
        "g",
        {},
        arrow(tail, head, name),
        label ? text(middle(0) + 5, middle(1) + 4, `× ${short(weight)}`, "ns-weight", "start") : null,
      );
    }),
  );
}

function rowHeader(y, places, words, name = "ns-name") {
  return text(0, y + places.row / 2 + 4.5, words, name, "start");
}

/** The kernel between two rows: its name, its numbers if there is room, else its width. */
function kernelHeader(y, places, name, kernel) {
  const numbers = `[${taps(kernel)}]`;
  const room = numbers.length <= 11;
  return svg(
    "g",
    {},
    text(0, y + places.gap / 2 - 2, `↓ ${name} ∗`, "ns-kernel", "start"),
    text(0, y + places.gap / 2 + 13, room ? numbers : `${kernel.width} wide`, "ns-taps", "start"),
  );
}

function band(places, step, current) {
  if (!current) return null;
  return svg("rect", {
    class: "ns-current",
    x: -6,
    y: places.read(step) - 5,
    rx: 5,
    width: places.width + 6,
    height: 2 * places.row + places.gap + 10,
  });
}

/** The shape of the lanes' cells: inside the canvas, kept outside it, the followed pixel. */
function cellName(places, pixel, followed) {
  return `${places.outside(pixel) ? "ns-keptout" : ""}${pixel === followed ? " ns-followed" : ""}`;
}

/** Lane 1: H(i), its kernel K(i), and K(i) * H(i), the oldest first. */
function drawDirect({ places, result, boundary, states, followed, done }) {
  const order = states.length;
  const shift = boundary === "full" ? places.margin : 0;
  return Array.from({ length: order }, (_, step) => {
    const age = order - step;
    const shown = step < done;
    const state = states[age - 1];
    const kernel = result.one.kernels[age - 1];
    const half = radius(kernel)[1];
    const term = result.one.terms[age - 1];
    const lines = places
      .all()
      .map((source) => ({
        source,
        target: followed,
        value: at(state, 0, source),
        weight: at(kernel, 0, source - followed + half),
      }))
      .filter((line) => line.value !== 0 && line.weight !== 0);
    const above = places.read(step);
    const below = places.write(step);
    return svg(
      "g",
      { class: shown ? "" : "ns-later" },
      band(places, step, step === done - 1),
      shown ? paths(lines, above + places.row, below, places, "ns-kept", lines.length === 1) : null,
      step > 0 ? text(4, above - places.pause / 2 + 5, "+", "ns-plus", "start") : null,
      rowHeader(above, places, `H(${age})`),
      cells(places, above, (p) => (places.outside(p) ? null : [at(state, 0, p), ""])),
      kernelHeader(above + places.row, places, `K(${age})`, kernel),
      rowHeader(below, places, `K(${age}) ∗ H(${age})`),
      cells(
        places,
        below,
        (p) =>
          inside(term, 0, p + shift)
            ? [at(term, 0, p + shift), cellName(places, p, followed)]
            : null,
        shown,
      ),
    );
  });
}

/** What a step of Algorithm 2 reads and writes at any pixel, outside the canvas as well. */
function stepRows({ read, written, kept }, half, boundary, margin) {
  const first = boundary === "full" ? margin : 0; // where pixel 0 stands in the row
  return {
    reads: (p) => (boundary === "circular" ? wrapped : at)(read, 0, p + first),
    writes: (p) =>
      inside(kept, 0, p + first) ? at(kept, 0, p + first) : at(written, 0, p + first + half),
  };
}

/** The lines of one step into the cone of pixels that the followed one depends on: those that
 *  carry a value, and those along which a dropped value would have come back. */
function stepLines(rows, before, core, age, followed, boundary, places) {
  const half = radius(core)[1];
  const kept = [];
  const lost = [];
  const gone = (p) => boundary === "zero" && places.outside(p) && before && before.writes(p) !== 0;
  for (let target = followed - (age - 1) * half; target <= followed + (age - 1) * half; target++) {
    const away = places.outside(target) && boundary !== "full";
    if (!places.drawn(target) || (away && age === 1)) continue;
    for (let source = target - half; source <= target + half; source++) {
      const weight = at(core, 0, source - target + half);
      if (!places.drawn(source) || weight === 0) continue;
      if (rows.reads(source) !== 0 && !(away && places.outside(source)))
        kept.push({ source, target, weight });
      if (!away && gone(source)) lost.push({ source, target, weight });
    }
  }
  return { kept, lost };
}

/** Words under the cells that a step wrote outside the canvas. */
function ghostTags(rows, half, y, places, boundary) {
  const W = places.pixels;
  const sides = [
    [-1, -1, W - 1], // nearest place outside, direction, where it wraps to
    [W, 1, 0],
  ];
  return sides.map(([nearest, direction, home]) => {
    const there = Array.from({ length: half }, (_, n) => nearest + direction * n).filter(
      (p) => rows.writes(p) !== 0,
    );
    if (!there.length) return null;
    const [x, anchor] =
      direction > 0
        ? [places.width, "end"]
        : [places.header + 0.5 * places.margin * places.cell, "middle"];
    const homes = there
      .map((p) => home + p - nearest)
      .sort((a, b) => a - b)
      .join(", ");
    return boundary === "zero"
      ? text(x, y, "dropped", "ns-tag ns-tag-dropped", anchor)
      : text(x, y, `goes to ${homes}`, "ns-tag", anchor);
  });
}

/** Lane 2: V(i) + H(i), the core G(i), and V(i-1) with what it writes outside. */
function drawNested({ places, result, boundary, cores, followed, done }) {
  const all = result.two.steps.map((step) =>
    stepRows(step, radius(cores[step.age - 1])[1], boundary, places.margin),
  );
  return result.two.steps.map(({ age }, step) => {
    const core = cores[age - 1];
    const half = radius(core)[1];
    const last = age === 1;
    const shown = step < done;
    const rows = all[step];
    const before = all[step - 1];
    const above = places.read(step);
    const below = places.write(step);
    const lines = stepLines(rows, before, core, age, followed, boundary, places);
    const isLost = (p) =>
      boundary === "zero" && before && places.outside(p) && before.writes(p) !== 0;
    const readCell = (p) =>
      !places.outside(p) || boundary === "full"
        ? [rows.reads(p), cellName(places, p)]
        : boundary === "circular"
          ? [rows.reads(p), "ns-copy"]
          : null;
    const writeCell = (p) => {
      if (!places.outside(p) || boundary === "full")
        return [rows.writes(p), cellName(places, p, last ? followed : undefined)];
      if (boundary === "zero" && last) return null; // outside the frame, and nobody reads it again
      return [rows.writes(p), boundary === "zero" ? "ns-dropped" : "ns-wraps"];
    };
    return svg(
      "g",
      { class: shown ? "" : "ns-later" },
      band(places, step, step === done - 1),
      shown ? paths(lines.kept, above + places.row, below, places, "ns-kept", false) : null,
      shown ? paths(lines.lost, above + places.row, below, places, "ns-lost", false) : null,
      rowHeader(above, places, `V(${age}) + H(${age})`),
      cells(places, above, readCell, step <= done),
      step <= done
        ? places
            .all()
            .filter(isLost)
            .map((p) => cross([places.middle(p), above + places.row / 2]))
        : null,
      kernelHeader(above + places.row, places, `G(${age})`, core),
      rowHeader(below, places, `V(${age - 1})${last ? " = Φ" : ""}`),
      cells(places, below, writeCell, shown),
      shown && boundary !== "full" && !(boundary === "zero" && last)
        ? ghostTags(rows, half, below + places.row + 12, places, boundary)
        : null,
    );
  });
}

/** From a size to a strength between 0 and 1; on a logarithmic scale rounding stays blank. */
function scale(largest, log) {
  if (!log) return (size) => size / largest;
  const low = Math.max(TOLERANCE, largest * 1e-4);
  const part = (size) => Math.max(0, Math.log(size / low)) / Math.log(Math.max(largest / low, 2));
  return (size) => (size <= TOLERANCE ? 0 : 0.25 + 0.75 * Math.min(1, part(size)));
}

/** Paint a grid on a canvas element: stronger is larger, a dot marks what is far below 0.
 *
 *  `core` is the size of the canvas proper, `margin` what is painted around it, `first` the place
 *  of the grid's first row and column, `outside` what becomes of values in the margin: "dropped",
 *  "wraps", "kept", or null where there are none. `hide` leaves the values out. */
function paint(canvas, g, colour, options) {
  const { core, margin = 0, first = 0, unit = 5, outside = null, log, hide } = options;
  const whole = (core + 2 * margin) * unit;
  canvas.width = canvas.height = whole;
  const pen = canvas.getContext("2d");
  const place = (n) => (n + margin) * unit;
  const drawn = { pen, place, unit };
  pen.fillStyle = colour("--ns-paper");
  pen.fillRect(0, 0, whole, whole);
  if (!hide) {
    paintValues(drawn, g, { core, first, outside, log }, colour);
    if (outside === "dropped") hatch(pen, whole, core * unit, margin * unit, colour("--ns-paper"));
  }
  outline(drawn, 0, 0, core, core, colour("--ns-frame"), outside ? [8, 5] : []);
  return drawn;
}

function paintValues({ pen, place, unit }, g, { core, first, outside, log }, colour) {
  const [lost, ink, negative, paper] = ["lost", "ink", "negative", "paper"].map((name) =>
    colour(`--ns-${name}`),
  );
  const largest = g.data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const strength = scale(largest, log);
  g.data.forEach((value, n) => {
    const row = Math.floor(n / g.width) + first;
    const column = (n % g.width) + first;
    const away = row < 0 || column < 0 || row >= core || column >= core;
    if (value === 0 || (away && outside === null)) return;
    pen.globalAlpha = strength(Math.abs(value));
    pen.fillStyle = log || (away && outside === "dropped") ? lost : value > 0 ? ink : negative;
    pen.fillRect(place(column), place(row), unit, unit);
    pen.globalAlpha = 1;
    if (log || value >= -largest / 4) return;
    pen.fillStyle = paper;
    pen.fillRect(place(column) + unit / 2 - 1, place(row) + unit / 2 - 1, 2, 2);
  });
}

/** Slanted stripes over everything but the canvas: outside is not colour alone. */
function hatch(pen, whole, core, margin, ink) {
  pen.save();
  pen.beginPath();
  pen.rect(0, 0, whole, whole);
  pen.rect(margin, margin, core, core);
  pen.clip("evenodd");
  pen.strokeStyle = ink;
  pen.lineWidth = 2;
  for (let n = -whole; n < whole; n += 8) {
    pen.beginPath();
    pen.moveTo(n, 0);
    pen.lineTo(n + whole, whole);
    pen.stroke();
  }
  pen.restore();
}

function outline({ pen, place, unit }, row, column, high, wide, ink, dash = []) {
  pen.strokeStyle = ink;
  pen.lineWidth = 2.5;
  pen.setLineDash(dash);
  pen.strokeRect(place(column) - 1, place(row) - 1, wide * unit + 2, high * unit + 2);
  pen.setLineDash([]);
}

function label({ pen, place }, row, column, words, ink) {
  pen.fillStyle = ink;
  pen.font = "22px system-ui, sans-serif";
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(words, place(column), place(row));
}

/* ------------------------------------------------------------------ 3. The element */

const CHOICES = {
  dimension: ["1", "2"],
  kernel: ["3", "5"],
  boundary: ["zero", "circular", "full"],
  weights: ["ones", "random"],
};
const BOUNDARY_WORDS = {
  zero: "Zero boundary: outside the canvas lies nothing, and what is written there is dropped.",
  circular:
    "Circular boundary: opposite edges are joined, and what leaves at one comes in at the other.",
  full: "Full boundary: the canvas grows until nothing can leave it.",
};
const SIDE = 32; // of an image

class NestedSum extends LiveElement {
  static prefix = "ns";
  static arithmetic = {
    add,
    at,
    comebacks,
    compare,
    compose,
    correlate,
    cost,
    direct,
    dropped,
    grid,
    kernels,
    randomCore,
    randomNumbers,
    randomState,
    reach,
    recursive,
    ring,
    ringWidth,
    subtract,
  };

  /* ---- settings */

  /** `state.cores` and `state.states` are the grids in use. */
  read() {
    const dimension = Number(this.choice("dimension", 1, CHOICES.dimension));
    const order = this.whole("order", 1, 6, dimension === 1 ? 2 : 3);
    const [row, column] = this.#place(this.getAttribute("pixel") ?? "0", dimension);
    return {
      dimension,
      order,
      kernel: Number(this.choice("kernel", dimension === 1 ? 3 : 5, CHOICES.kernel)),
      boundary: this.choice("boundary", "zero", CHOICES.boundary),
      weights: this.choice("weights", "ones", CHOICES.weights),
      seed: this.whole("seed", 1, 9999, 1),
      filling: this.getAttribute("states") ?? (dimension === 1 ? "impulse" : "random"),
      step: this.whole("step", 0, order, order),
      row,
      column,
      cursor: [0, 0, 0],
      cores: [],
      states: [],
    };
  }

  /** "3" is a pixel of a row, "3,4" one of an image. */
  #place(words, dimension) {
    const numbers = words.split(",").map(Number);
    if (numbers.some((n) => !Number.isInteger(n)))
      throw new RangeError(`pixel "${words}": must be whole numbers, as in 3 or 3,4`);
    return dimension === 1 ? [0, numbers[0]] : [numbers[0], numbers[1] ?? numbers[0]];
  }

  /** Canvas size: a row that keeps an interior whatever the ring, or 32 x 32. */
  get #size() {
    const { dimension, order, kernel } = this.state;
    return dimension === 1 ? [1, Math.max(7, (order - 1) * (kernel - 1) + 3)] : [SIDE, SIDE];
  }

  /** Where an image stands in its picture: within a margin for what is written outside. */
  get #frame() {
    const { boundary, cores, kernel } = this.state;
    return { core: SIDE, margin: boundary === "full" ? reach(cores)[1] : (kernel - 1) / 2 };
  }

  /** Make cores and states anew from the settings; states set by hand are kept where they fit. */
  #fill() {
    const s = this.state;
    const [height, width] = this.#size;
    const ages = Array.from({ length: s.order }, (_, n) => n + 1);
    const high = s.dimension === 1 ? 1 : s.kernel;
    s.cores = ages.map((age) =>
      s.weights === "ones"
        ? grid(high, s.kernel, () => 1)
        : randomCore(high, s.kernel, s.seed, age),
    );
    const old = s.states;
    if (s.filling === "random")
      s.states = ages.map((age) => randomState(height, width, s.seed, age));
    else if (s.filling === "hand")
      s.states = ages.map((age) =>
        grid(height, width, (r, c) => (old[age - 1] ? at(old[age - 1], r, c) : 0)),
      );
    else {
      s.states = ages.map(() => grid(height, width));
      const list = { impulse: `${s.order}:0`, clear: "" }[s.filling] ?? s.filling;
      for (const item of list.split(/\s+/).filter(Boolean)) this.#impulse(item);
      if (!["impulse", "clear"].includes(s.filling)) s.filling = "hand"; // a list is read once
    }
    s.cursor[0] = Math.min(s.cursor[0], s.order - 1);
  }

  #impulse(item) {
    const s = this.state;
    const [age, where] = item.split(":");
    const [row, column] = this.#place(where ?? "", s.dimension);
    const state = s.states[age - 1];
    if (!state || !inside(state, row, column))
      throw new RangeError(
        `<nested-sum states> has "${item}": must be age:pixel with an age from 1 to ${s.order} and a pixel of the canvas`,
      );
    state.data[row * state.width + column] = 1;
  }

  set(changes) {
    const s = this.state;
    const finished = s.step === s.order;
    Object.assign(s, changes);
    s.step = finished && !("step" in changes) ? s.order : Math.min(s.step, s.order);
    const touched = (...names) => names.some((name) => name in changes);
    if (touched("dimension", "order", "kernel", "weights", "seed", "filling")) this.#fill();
    const looks = Object.keys(changes).every((name) => ["step", "row", "column"].includes(name));
    if (!this.result || !looks) this.compute();
    this.#settle();
    this.show();
  }

  #setValue(age, row, column, value) {
    const state = this.state.states[age - 1];
    state.data[row * state.width + column] = value;
    this.set({ filling: "hand" });
  }

  #preset(dimension) {
    const shared = { dimension, boundary: "zero", weights: "ones", row: 0, column: 0 };
    this.set(
      dimension === 1
        ? { ...shared, order: 2, kernel: 3, filling: "impulse", step: 2 }
        : { ...shared, order: 3, kernel: 5, filling: "random", step: 3 },
    );
  }

  compute() {
    this.result = compare(this.state.cores, this.state.states, this.state.boundary);
  }

  /** Bring the followed pixel back onto the canvas. */
  #settle() {
    const s = this.state;
    const margin = s.boundary === "full" ? reach(s.cores) : [0, 0];
    const [height, width] = this.#size;
    const hold = (n, low, high) => Math.min(Math.max(n, low), high);
    s.row = s.dimension === 1 ? 0 : hold(s.row, -margin[0], height - 1 + margin[0]);
    s.column = hold(s.column, -margin[1], width - 1 + margin[1]);
  }

  /** A grid's value at a pixel of the canvas; under 'full' the grids are larger. */
  #value(g, row = this.state.row, column = this.state.column) {
    const [height, width] = this.#size;
    return at(g, row + (g.height - height) / 2, column + (g.width - width) / 2);
  }

  build() {
    this.#fill();
    const select = (key, label, options) =>
      html(
        "label",
        { class: "ns-field" },
        html("span", { class: "ns-label" }, label),
        html(
          "select",
          {
            "data-control": key,
            onchange: (event) =>
              this.set({ [key]: Number(event.target.value) || event.target.value }),
          },
          Object.entries(options).map(([value, words]) => html("option", { value }, words)),
        ),
      );
    const button = (key, words, act) =>
      this.button(key, words, (event) => {
        if (event.currentTarget.getAttribute("aria-disabled") !== "true") act();
      });
    const number = (key, label, act) =>
      html(
        "label",
        { class: "ns-inline" },
        html("span", { class: "ns-label" }, label),
        html("input", {
          type: "number",
          step: 1,
          "data-control": key,
          onchange: (event) => {
            const value = Math.round(Number(event.target.value));
            if (event.target.value !== "" && Number.isFinite(value)) act(value);
            else this.show();
          },
        }),
      );

    const parts = (this.parts = {
      summary: html("p", { class: "ns-summary", role: "status", "aria-live": "polite" }),
      setting: html("p", { class: "ns-setting" }),
      story: html("p", { class: "ns-story" }),
      slider: html("input", {
        type: "range",
        min: 0,
        step: 1,
        "data-control": "step",
        oninput: (event) => this.set({ step: Number(event.target.value) }),
      }),
      count: html("output", { class: "ns-count" }),
      back: button("back", "‹ Back", () => this.set({ step: this.state.step - 1 })),
      next: button("next", "Next ›", () => this.set({ step: this.state.step + 1 })),
      editor: html("div", { class: "ns-editor" }),
      lanes: html("div", { class: "ns-lanes" }),
      outcome: html("div", { class: "ns-outcome" }),
      stage: html("div", {
        class: "ns-stage",
        role: "group",
        "aria-label": "Canvases of both algorithms",
      }),
      ledger: html("div", { class: "ns-ledger" }),
      facts: html("dl", { class: "ns-facts simple" }),
      row: number("row", "row", (row) => this.set({ row })),
      column: number("column", "pixel", (column) => this.set({ column })),
      hint: html("p", { class: "ns-hint" }),
      cursor: html("p", { class: "ns-hint", "aria-live": "polite" }),
      wide: html(
        "p",
        { class: "ns-hint", hidden: true },
        "Wider than the page: scroll the canvases sideways.",
      ),
      seed: number("seed", "seed", (seed) =>
        this.set({ seed: Math.min(Math.max(seed, 1), 9999) }),
      ),
    });
    const controls = html(
      "div",
      { class: "ns-controls" },
      this.radios("dimension", "Canvas", [[1, "1-D"], [2, "2-D"]]),
      this.radios("boundary", "Boundary", CHOICES.boundary.map((words) => [words, words])),
      select("order", "States, N", Object.fromEntries([1, 2, 3, 4, 5, 6].map((n) => [n, n]))),
      select("kernel", "Width, K", { 3: "3", 5: "5" }),
      select("weights", "Cores", { ones: "ones", random: "random" }),
    );
    const fillings = html(
      "div",
      { class: "ns-tools", role: "group", "aria-label": "Fill the states" },
      button("impulse", "One impulse", () => this.set({ filling: "impulse" })),
      button("random", "Random", () =>
        this.set({
          filling: "random",
          seed: this.state.filling === "random" ? (this.state.seed % 9999) + 1 : this.state.seed,
        }),
      ),
      button("clear", "Clear", () => this.set({ filling: "clear" })),
      parts.seed,
    );
    const stepper = html(
      "div",
      { class: "ns-stepper", role: "group", "aria-label": "Steps" },
      parts.back,
      html(
        "label",
        { class: "ns-slide" },
        html("span", { class: "ns-label" }, "Step"),
        parts.slider,
      ),
      parts.count,
      parts.next,
    );
    const title = (...words) => html("p", { class: "ns-title" }, words);
    parts.stage.append(
      html(
        "section",
        { class: "ns-a" },
        title("The states, oldest first"),
        parts.editor,
        html("div", { class: "ns-held" }, fillings, parts.hint, parts.cursor),
      ),
      html("section", { class: "ns-b ns-held" }, title("One step at a time"), stepper, parts.story),
      parts.lanes,
      html("section", { class: "ns-e" }, title("What comes out"), parts.outcome),
      html(
        "section",
        { class: "ns-f ns-held" },
        html(
          "div",
          { class: "ns-title ns-follow" },
          html("span", {}, "Follow"),
          parts.row,
          parts.column,
        ),
        parts.ledger,
      ),
    );
    this.replaceChildren(
      html(
        "div",
        { class: "ns-root" },
        html(
          "div",
          { class: "ns-presets", role: "group", "aria-label": "Examples" },
          html("span", { class: "ns-label" }, "Show me"),
          button("preset-1", "3 against 2", () => this.#preset(1)),
          button("preset-2", "a 4-pixel ring", () => this.#preset(2)),
        ),
        controls,
        parts.summary,
        parts.wide,
        parts.stage,
        parts.facts,
        parts.setting,
      ),
    );
  }

  /* ---- what is shown */

  show() {
    const s = this.state;
    this.firstChild.classList.toggle("ns-image", s.dimension === 2);
    if (s.dimension === 1) this.parts.cursor.textContent = "";
    this.#showControls();
    const words = this.#summary();
    if (this.parts.summary.textContent !== words.map((w) => w.textContent ?? w).join(""))
      this.parts.summary.replaceChildren(...words);
    this.parts.setting.textContent = this.#setting();
    this.parts.story.textContent = this.#story();
    if (s.dimension === 1) this.#showRow();
    else this.#showImage();
    this.#showLedger();
    this.#showFacts();
    const { stage } = this.parts; // a tab stop only where there is something to scroll
    const wide = stage.scrollWidth > stage.clientWidth;
    if (wide) stage.tabIndex = 0;
    else stage.removeAttribute("tabindex");
    this.parts.wide.hidden = !wide;
  }

  #showControls() {
    const s = this.state;
    const parts = this.parts;
    this.press();
    for (const key of ["order", "kernel", "weights"])
      this.querySelector(`[data-control=${key}]`).value = s[key];
    parts.slider.max = s.order;
    parts.slider.value = s.step;
    parts.slider.setAttribute("aria-valuetext", `step ${s.step} of ${s.order}`);
    parts.count.textContent = `${s.step} of ${s.order}`;
    parts.back.setAttribute("aria-disabled", s.step === 0);
    parts.next.setAttribute("aria-disabled", s.step === s.order);
    const margin = s.boundary === "full" ? reach(s.cores) : [0, 0];
    const [height, width] = this.#size;
    const limit = (label, value, low, high) =>
      Object.assign(label.querySelector("input"), { value, min: low, max: high });
    limit(parts.seed, s.seed, 1, 9999);
    limit(parts.row, s.row, -margin[0], height - 1 + margin[0]);
    limit(parts.column, s.column, -margin[1], width - 1 + margin[1]);
    parts.seed.hidden = s.weights !== "random" && s.filling !== "random";
    parts.row.hidden = s.dimension === 1;
    parts.column.firstChild.textContent = s.dimension === 1 ? "pixel" : "column";
    parts.hint.textContent =
      s.dimension === 1
        ? "Click a cell to place an impulse or take it away. Keys: arrows move, Enter places, digits write."
        : "Click a pixel to place an impulse or take it away. Keys: arrows move, Enter places.";
  }

  /** The followed pixel, in words. */
  get #pixel() {
    const { dimension, row, column } = this.state;
    return minus(
      dimension === 1 ? `${column}` : `(${row}, ${String(column).replace("-", "\u2212")})`,
    );
  }

  #setting() {
    const s = this.state;
    const [height, width] = this.#size;
    const size = s.dimension === 1 ? `a row of ${width} pixels` : `${height} × ${width} pixels`;
    const cores = s.weights === "ones" ? "cores of ones" : `random cores, seed ${s.seed}`;
    const states = {
      random: `random states, seed ${s.seed}`,
      impulse: `one impulse in H(${s.order})`,
      clear: "empty states",
      hand: "states as placed",
    }[s.filling];
    return `N = ${s.order}, K = ${s.kernel}, ${size}, ${cores}, ${states}. ${BOUNDARY_WORDS[s.boundary]}`;
  }

  /** One or two sentences that say what has happened. */
  #summary() {
    const s = this.state;
    const r = this.result;
    const strong = (x) => html("strong", {}, exact(x));
    if (s.step < s.order) {
      const sum = r.one.terms
        .slice(s.order - s.step)
        .reduce((total, term) => total + this.#value(term), 0);
      if (s.step === 0)
        return [
          `Nothing has been applied yet: Algorithm 1 starts from an empty sum, Algorithm 2 from V(${s.order}) = 0. Press Next.`,
        ];
      return [
        `After ${plural(s.step, "step")} of ${s.order}, pixel ${this.#pixel} holds `,
        strong(sum),
        " in the sum of Algorithm 1 and ",
        strong(this.#value(r.two.steps[s.step - 1].kept)),
        ` in V(${s.order - s.step}) of Algorithm 2, which has ${plural(s.order - s.step, "core")} still to go.`,
      ];
    }
    const one = this.#value(r.one.sum);
    const two = this.#value(r.two.sum);
    const gap = this.#value(r.difference);
    if (Math.abs(gap) > TOLERANCE)
      return [
        `Pixel ${this.#pixel} reads `,
        strong(one),
        " by Algorithm 1 and ",
        strong(two),
        " by Algorithm 2. ",
        this.#why(gap),
      ];
    return [`Pixel ${this.#pixel} reads `, strong(one), " by both algorithms. ", this.#whyNot()];
  }

  #why(gap) {
    const lost = this.#comebacks();
    if (lost.length > 1)
      return `The difference, ${exact(gap)}, is what ${lost.length} values would have brought back, had they not been dropped outside the canvas.`;
    const [{ value, level, row, column }] = lost;
    const where = minus(this.state.dimension === 1 ? `${column}` : `(${row}, ${column})`);
    return `The missing ${exact(gap)} is one lost path: V(${level}) had ${exact(value)} at pixel ${where}, outside the canvas, and it was dropped before G(${level}) could read it.`;
  }

  #whyNot() {
    const r = this.result;
    if (this.state.boundary === "circular")
      return "What leaves at one edge comes in at the other: nothing is lost, so there is no ring.";
    if (this.state.boundary === "full")
      return "The canvas is large enough that nothing leaves it: nothing is lost, so there is no ring.";
    if (r.pixels === 0)
      return r.dropped.length
        ? "What was dropped would have cancelled."
        : "No value that counts left the canvas, so the two agree everywhere.";
    return `No dropped value would have come back to it; the two differ only within ${plural(r.width, "pixel")} of the edge.`;
  }

  #comebacks() {
    return comebacks(
      this.result.dropped,
      this.result.one.kernels,
      this.state.row,
      this.state.column,
    );
  }

  /** What the current step does, in both algorithms. */
  #story() {
    const s = this.state;
    const r = this.result;
    if (s.step === 0)
      return `V(${s.order}) = 0. The first step reads the oldest state, H(${s.order}).`;
    const age = s.order - s.step + 1;
    const { written, kept } = r.two.steps[s.step - 1];
    const wide = r.one.kernels[age - 1].width;
    const one =
      age === 1
        ? `Algorithm 1 applies K(1) = G(1) to H(1) and adds.`
        : `Algorithm 1 builds K(${age}), ${wide} wide, applies it to H(${age}) and adds.`;
    const two = `Algorithm 2 applies G(${age}), ${s.kernel} wide, to ${age === s.order ? `H(${age})` : `V(${age}) + H(${age})`}, which gives V(${age - 1})${age === 1 ? " = Φ" : ""}.`;
    const gone = r.dropped.filter((ghost) => ghost.level === age - 1).length;
    if (s.boundary === "zero" && age > 1)
      return `${one} ${two} ${gone ? `${plural(gone, "value")} outside the canvas ${gone === 1 ? "is" : "are"} dropped.` : "Nothing is dropped."}`;
    if (s.boundary === "zero")
      return `${one} ${two} What falls outside now is missed by nobody: no core reads it again.`;
    return `${one} ${two}`;
  }

  /* ---- one dimension */

  #places() {
    const s = this.state;
    const [, pixels] = this.#size;
    const margin = s.boundary === "full" ? reach(s.cores)[1] : (s.kernel - 1) / 2;
    const columns = pixels + 2 * margin,
      room = this.parts.stage.clientWidth - 12; // less its padding
    const widest = Math.max(
      ...[
        ...s.states,
        ...this.result.one.terms,
        ...this.result.two.steps.map((step) => step.written),
      ].flatMap((g) => rowOf(g).map((value) => short(value).length)),
    );
    const least = Math.max(20, 7 + 7 * widest);
    const most = Math.max(34, least);
    const fit = (width) => Math.floor((width - 75) / columns);
    const beside = fit((room - 20) / 2);
    const pair = beside >= least;
    const cell = Math.min(Math.max(pair ? beside : fit(room), least), most);
    this.firstChild.classList.toggle("ns-pair", pair);
    return new Places({ pixels, margin, cell, order: s.order });
  }

  #showRow() {
    const s = this.state;
    const places = this.#places();
    const followed = s.column;
    this.firstChild.style.setProperty("--ns-cell", `${places.cell}px`);
    this.firstChild.style.setProperty("--ns-margin", `${places.margin * places.cell}px`);
    this.firstChild.style.setProperty("--ns-lane", `${places.width}px`);
    this.#showCells();
    const view = {
      places,
      result: this.result,
      boundary: s.boundary,
      cores: s.cores,
      states: s.states,
      followed,
      done: s.step,
    };
    const lane = (title, words, formula, drawing, alt) =>
      html(
        "section",
        { class: "ns-lane" },
        html("p", { class: "ns-title" }, html("span", { class: "ns-chip" }, title), ` ${words}`),
        html("p", { class: "ns-formula" }, formula),
        svg(
          "svg",
          {
            role: "img",
            "aria-label": alt,
            width: places.width + 6,
            height: places.height,
            viewBox: `-6 0 ${places.width + 6} ${places.height}`,
          },
          axis(places, followed),
          drawing,
        ),
      );
    this.parts.lanes.replaceChildren(
      lane("Algorithm 1", "direct", "Φ = Σ K(i) ∗ H(i)", drawDirect(view), this.#directAlt()),
      lane(
        "Algorithm 2",
        "nested",
        "V(i−1) = G(i) ∗ (V(i) + H(i))",
        drawNested(view),
        this.#nestedAlt(),
      ),
    );
    this.#showTable(places);
  }

  #directAlt() {
    const s = this.state;
    const r = this.result;
    const lines = [];
    for (let age = s.order; age > s.order - s.step; age--)
      lines.push(
        `K(${age}) is ${taps(r.one.kernels[age - 1])}; applied to H(${age}) it gives ${taps(r.one.terms[age - 1])}.`,
      );
    return `Algorithm 1 up to step ${s.step} of ${s.order}. ${lines.join(" ")}`;
  }

  #nestedAlt() {
    const s = this.state;
    const r = this.result;
    const lines = r.two.steps.slice(0, s.step).map(({ age, kept }) => {
      const ghosts = r.dropped
        .filter((ghost) => ghost.level === age - 1)
        .map((ghost) => `${exact(ghost.value)} at pixel ${minus(String(ghost.column))}`);
      return `V(${age - 1}) is ${taps(kept)}${ghosts.length ? `; dropped outside: ${ghosts.join(", ")}` : ""}.`;
    });
    return `Algorithm 2 up to step ${s.step} of ${s.order}. ${lines.join(" ")}`;
  }

  /** The states as buttons: one tab stop, arrows move within. Kept while their number stays. */
  #showCells() {
    const s = this.state;
    const [, width] = this.#size;
    const editor = this.parts.editor;
    const shape = `${s.order} ${width}`;
    if (editor.dataset.shape !== shape) {
      editor.dataset.shape = shape;
      const ages = Array.from({ length: s.order }, (_, n) => s.order - n);
      editor.replaceChildren(
        html(
          "div",
          { class: "ns-grid", role: "grid", "aria-label": "States, one row each" },
          ages.map((age) =>
            html(
              "div",
              { role: "row", class: "ns-gridrow" },
              html("span", { role: "rowheader", class: "ns-gridname" }, `H(${age})`),
              Array.from({ length: width }, (_, pixel) =>
                html(
                  "span",
                  { role: "gridcell" },
                  html("button", {
                    type: "button",
                    class: "ns-value",
                    "data-age": age,
                    "data-pixel": pixel,
                    onclick: () => {
                      s.cursor = [age - 1, 0, pixel];
                      this.#setValue(age, 0, pixel, at(s.states[age - 1], 0, pixel) === 0 ? 1 : 0);
                    },
                    onkeydown: (event) => this.#cellKey(event, age, pixel),
                  }),
                ),
              ),
            ),
          ),
        ),
      );
    }
    for (const button of editor.querySelectorAll("button")) {
      const { age, pixel } = button.dataset;
      const value = at(s.states[age - 1], 0, Number(pixel));
      button.textContent = short(value);
      button.classList.toggle("ns-filled", value !== 0);
      button.setAttribute("aria-label", `H(${age}), pixel ${pixel}: ${short(value)}`);
      button.tabIndex =
        Number(age) - 1 === s.cursor[0] && Number(pixel) === Math.min(s.cursor[2], width - 1)
          ? 0
          : -1;
    }
  }

  #cellKey(event, age, pixel) {
    const s = this.state;
    const [, width] = this.#size;
    const moves = {
      ArrowLeft: [0, -1],
      ArrowRight: [0, 1],
      ArrowUp: [1, 0],
      ArrowDown: [-1, 0],
      Home: [0, -width],
      End: [0, width],
    };
    if (/^[0-9]$/.test(event.key)) this.#setValue(age, 0, pixel, Number(event.key));
    else if (event.key === "-") this.#setValue(age, 0, pixel, -at(s.states[age - 1], 0, pixel));
    else if (["Delete", "Backspace"].includes(event.key)) this.#setValue(age, 0, pixel, 0);
    else if (moves[event.key]) {
      const [older, along] = moves[event.key];
      const to = [
        Math.min(Math.max(age + older, 1), s.order),
        Math.min(Math.max(pixel + along, 0), width - 1),
      ];
      s.cursor = [to[0] - 1, 0, to[1]];
      this.#showCells();
      this.parts.editor.querySelector(`[data-age="${to[0]}"][data-pixel="${to[1]}"]`).focus();
    } else return;
    event.preventDefault();
  }

  /** Both results and their difference, pixel under pixel. */
  #showTable(places) {
    const s = this.state;
    const r = this.result;
    const finished = s.step === s.order;
    const shift = s.boundary === "full" ? places.margin : 0;
    const pixels = places.all().filter((p) => inside(r.difference, 0, p + shift));
    const inRing = (p) => s.boundary === "zero" && depth(r.difference, 0, p) < r.bound;
    const line = (title, g, name) =>
      html(
        "tr",
        { class: name },
        html("th", { scope: "row" }, title),
        pixels.map((p) => {
          const value = at(g, 0, p + shift);
          const differs = Math.abs(at(r.difference, 0, p + shift)) > TOLERANCE;
          const names = [
            p === s.column ? "ns-followed" : "",
            finished && differs ? "ns-differs" : "",
            inRing(p) ? "ns-inring" : "",
            places.outside(p) ? "ns-keptout" : "",
            value === 0 || !finished ? "ns-nought" : "",
          ].join(" ");
          return html(
            "td",
            { class: names, onclick: () => this.set({ column: p }) },
            finished ? short(value) : "·",
          );
        }),
      );
    this.parts.outcome.replaceChildren(
      html(
        "table",
        { class: shift ? "ns-wide" : "" },
        html(
          "thead",
          {},
          html(
            "tr",
            {},
            html("th", { scope: "col" }, "pixel"),
            pixels.map((p) =>
              html(
                "th",
                {
                  scope: "col",
                  class: p === s.column ? "ns-followed" : "",
                  onclick: () => this.set({ column: p }),
                },
                minus(String(p)),
              ),
            ),
          ),
        ),
        html(
          "tbody",
          {},
          line("Algorithm 1", r.one.sum, ""),
          line("Algorithm 2", r.two.sum, ""),
          line("Difference", r.difference, "ns-difference"),
        ),
      ),
      html(
        "p",
        { class: "ns-key" },
        !finished
          ? "After the last step: both results and their difference."
          : r.bound
            ? `Striped: the ring, ${plural(r.bound, "pixel")} from each edge, where the two may differ. Click a column to follow its pixel.`
            : "No ring. Click a column to follow its pixel.",
      ),
    );
  }

  /* ---- two dimensions */

  #colour = (name) => getComputedStyle(this.firstChild).getPropertyValue(name).trim();

  #showImage() {
    const s = this.state;
    const r = this.result;
    this.firstChild.classList.remove("ns-pair");
    const frame = this.#frame;
    const { margin } = frame;
    const ages = Array.from({ length: s.order }, (_, n) => s.order - n);
    this.firstChild.style.setProperty("--ns-columns", s.order);
    this.firstChild.style.setProperty(
      "--ns-glyph",
      `${Math.max(20, 2 * r.one.kernels.at(-1).width + 4)}px`,
    );
    this.#showImages();
    const picture = (g, caption, alt, kernel, options) => {
      const canvas = html("canvas", { role: "img", "aria-label": alt });
      const drawn = paint(canvas, g, this.#colour, { ...frame, ...options });
      if (!options.hide) outline(drawn, s.row, s.column, 1, 1, this.#colour("--ns-frame"));
      return html(
        "div",
        { class: `ns-thumb${options.current ? " ns-now" : ""}${options.hide ? " ns-later" : ""}` },
        canvas,
        html("span", { class: "ns-thumbname" }, caption),
        kernel,
      );
    };
    const first = s.boundary === "full" ? -margin : 0;
    const kernelPicture = (name, kernel) => {
      const canvas = html("canvas", {
        class: "ns-glyph",
        role: "img",
        "aria-label": `${name}, ${kernel.height} by ${kernel.width}`,
      });
      paint(canvas, kernel, this.#colour, { core: kernel.width, unit: 4 });
      canvas.style.width = `${kernel.width * 2}px`;
      return html(
        "span",
        { class: "ns-kernelname" },
        canvas,
        `${name}: ${kernel.height} × ${kernel.width}`,
      );
    };
    const one = ages.map((age, n) =>
      picture(
        r.one.terms[age - 1],
        `K(${age}) ∗ H(${age})`,
        `K(${age}) applied to H(${age})`,
        kernelPicture(`K(${age})`, r.one.kernels[age - 1]),
        {
          first,
          hide: n >= s.step,
          current: n === s.step - 1,
          outside: s.boundary === "full" ? "kept" : null,
        },
      ),
    );
    const two = r.two.steps.map(({ age, written, kept }, n) => {
      const last = age === 1;
      const half = (s.kernel - 1) / 2;
      const ghosts = s.boundary === "circular" || (s.boundary === "zero" && !last);
      const whole = ghosts
        ? grid(written.height, written.width, (a, b) =>
            inside(kept, a - half, b - half) ? at(kept, a - half, b - half) : at(written, a, b),
          )
        : kept;
      const lost = r.dropped.filter((ghost) => ghost.level === age - 1).length;
      return picture(
        whole,
        `V(${age - 1})${last ? " = Φ" : ""}`,
        `V(${age - 1})${lost ? `; ${plural(lost, "value")} in a frame around the canvas dropped` : ""}`,
        kernelPicture(`G(${age})`, s.cores[age - 1]),
        {
          first: ghosts ? -half : first,
          hide: n >= s.step,
          current: n === s.step - 1,
          outside: ghosts
            ? s.boundary === "zero"
              ? "dropped"
              : "wraps"
            : s.boundary === "full"
              ? "kept"
              : null,
        },
      );
    });
    const key = {
      zero: "striped frame: dropped",
      circular: "dashed frame: comes in at the opposite edge",
      full: "beyond the dashed line: kept",
    }[s.boundary];
    const lane = (title, words, formula, thumbs) =>
      html(
        "section",
        { class: "ns-lane" },
        html("p", { class: "ns-title" }, html("span", { class: "ns-chip" }, title), ` ${words}`),
        html("p", { class: "ns-formula" }, formula),
        html("div", { class: "ns-thumbs" }, thumbs),
      );
    this.parts.lanes.replaceChildren(
      lane("Algorithm 1", "direct", "Φ = Σ K(i) ∗ H(i)", one),
      lane("Algorithm 2", "nested", `V(i−1) = G(i) ∗ (V(i) + H(i)); ${key}`, two),
    );
    this.#showOutcome(frame, first);
  }

  /** The states as canvases: click a pixel, or move a cursor and press Enter. */
  #showImages() {
    const s = this.state;
    const editor = this.parts.editor;
    const ages = Array.from({ length: s.order }, (_, n) => s.order - n);
    if (editor.dataset.shape !== `image ${s.order}`) {
      editor.dataset.shape = `image ${s.order}`;
      editor.replaceChildren(
        html(
          "div",
          { class: "ns-thumbs" },
          ages.map((age) =>
            html(
              "div",
              { class: "ns-thumb" },
              html("canvas", {
                class: "ns-edit",
                role: "application",
                tabindex: 0,
                "data-age": age,
                onclick: (event) => this.#imageClick(event, age),
                onkeydown: (event) => this.#imageKey(event, age),
                onfocus: () => this.show(),
                onblur: () => this.show(),
              }),
              html("span", { class: "ns-thumbname" }, `H(${age})`),
            ),
          ),
        ),
      );
    }
    for (const canvas of editor.querySelectorAll("canvas")) {
      const age = Number(canvas.dataset.age);
      const [, row, column] = s.cursor;
      const drawn = paint(canvas, s.states[age - 1], this.#colour, this.#frame);
      if (canvas === document.activeElement)
        outline(drawn, row, column, 1, 1, this.#colour("--ns-lost"));
      canvas.setAttribute(
        "aria-label",
        `State H(${age}), ${SIDE} by ${SIDE} pixels. Arrows move a cursor, Enter places or removes an impulse.`,
      );
      if (canvas === document.activeElement)
        this.parts.cursor.textContent = `Cursor in H(${age}): row ${row}, column ${column}, value ${short(at(s.states[age - 1], row, column))}.`;
    }
  }

  #toggle(age, row, column) {
    this.state.cursor = [age - 1, row, column];
    this.#setValue(age, row, column, at(this.state.states[age - 1], row, column) === 0 ? 1 : 0);
  }

  /** The pixel under the pointer on a picture of the canvas and its margin. */
  #pointed(event) {
    const box = event.currentTarget.getBoundingClientRect();
    const { margin } = this.#frame;
    const along = (where, start, length) =>
      Math.floor(((where - start) / length) * (SIDE + 2 * margin)) - margin;
    return [along(event.clientY, box.top, box.height), along(event.clientX, box.left, box.width)];
  }

  #imageClick(event, age) {
    const [row, column] = this.#pointed(event);
    if (inside(this.state.states[age - 1], row, column)) this.#toggle(age, row, column);
  }

  #imageKey(event, age) {
    const [, row, column] = this.state.cursor;
    const last = SIDE - 1;
    const moves = {
      ArrowLeft: [0, -1],
      ArrowRight: [0, 1],
      ArrowUp: [-1, 0],
      ArrowDown: [1, 0],
      Home: [0, -last],
      End: [0, last],
    };
    if (event.key === "Enter" || event.key === " ") this.#toggle(age, row, column);
    else if (moves[event.key]) {
      const hold = (n) => Math.min(Math.max(n, 0), last);
      this.state.cursor = [
        age - 1,
        hold(row + moves[event.key][0]),
        hold(column + moves[event.key][1]),
      ];
      this.#showImages();
    } else return;
    event.preventDefault();
  }

  #showOutcome(frame, first) {
    const s = this.state;
    const r = this.result;
    const finished = s.step === s.order;
    const picture = (g, caption, alt, options) => {
      const canvas = html("canvas", {
        role: "img",
        "aria-label": finished ? alt : "After the last step",
        onclick: (event) => {
          const [row, column] = this.#pointed(event);
          this.set({ row, column });
        },
      });
      const drawn = paint(canvas, g, this.#colour, {
        ...frame,
        first,
        unit: 8,
        hide: !finished,
        outside: s.boundary === "full" ? "kept" : null,
        ...options,
      });
      if (options.log && finished && r.bound)
        outline(
          drawn,
          r.bound,
          r.bound,
          SIDE - 2 * r.bound,
          SIDE - 2 * r.bound,
          this.#colour("--ns-frame"),
          [7, 5],
        );
      if (finished) outline(drawn, s.row, s.column, 1, 1, this.#colour("--ns-frame"));
      if (options.log && finished)
        label(drawn, SIDE / 2, SIDE / 2, "equal", this.#colour("--ns-frame"));
      return html(
        "div",
        { class: "ns-thumb" },
        canvas,
        html("span", { class: "ns-thumbname" }, caption),
      );
    };
    const largest = r.difference.data.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
    const seen =
      largest <= TOLERANCE
        ? "Empty square: no difference anywhere."
        : `Square with a frame ${plural(r.width, "pixel")} wide along the edge and nothing inside: ${r.pixels} pixels differ, by ${exact(largest)} at most.`;
    this.parts.outcome.replaceChildren(
      html(
        "div",
        { class: "ns-thumbs ns-results" },
        picture(r.one.sum, "Φ by Algorithm 1", "Φ by Algorithm 1", {}),
        picture(r.two.sum, "Φ by Algorithm 2", "Φ by Algorithm 2", {}),
        picture(r.difference, "Difference", seen, { log: true }),
      ),
      html(
        "p",
        { class: "ns-key" },
        `Stronger is larger; each picture has its own scale, the difference a logarithmic one${s.weights === "random" ? "; a dot marks what is far below 0" : ""}. ` +
          `${r.bound ? `Dashed: the ring, ${plural(r.bound, "pixel")} wide. ` : ""}Click to follow a pixel.`,
      ),
    );
  }

  /* ---- numbers */

  /** How the followed pixel came by its two values. */
  #showLedger() {
    const s = this.state;
    const r = this.result;
    if (s.step < s.order)
      return this.parts.ledger.replaceChildren(
        html("p", {}, "After the last step: where its two values come from."),
      );
    const ages = Array.from({ length: s.order }, (_, n) => s.order - n);
    const lost = this.#comebacks().sort((a, b) => Math.abs(b.lost) - Math.abs(a.lost));
    const sum = (numbers) => exact(numbers.reduce((a, b) => a + b, 0));
    const place = (ghost) =>
      minus(s.dimension === 1 ? `${ghost.column}` : `(${ghost.row}, ${ghost.column})`);
    const terms = ages.map((age) => this.#value(r.one.terms[age - 1]));
    const shown = lost
      .slice(0, 4)
      .map((ghost) =>
        html(
          "li",
          {},
          `${exact(ghost.lost)} = ${exact(ghost.weight)} × ${exact(ghost.value)}, dropped from V(${ghost.level}) at pixel ${place(ghost)}`,
        ),
      );
    if (lost.length > 4)
      shown.push(
        html(
          "li",
          {},
          `${sum(lost.slice(4).map((ghost) => ghost.lost))} from ${lost.length - 4} more`,
        ),
      );
    const line = (name, value, rest) => [
      html("dt", {}, name),
      html("dd", {}, html("b", {}, value), rest),
    ];
    return this.parts.ledger.replaceChildren(
      html(
        "dl",
        { class: "ns-sums simple" },
        line(
          "Algorithm 1",
          exact(this.#value(r.one.sum)),
          s.order > 1 ? ` = ${terms.map(exact).join(" + ")}, from H(${s.order}) to H(1)` : null,
        ),
        line("Algorithm 2", exact(this.#value(r.two.sum)), this.#lastReading()),
        line(
          "Lost",
          sum(lost.map((ghost) => ghost.lost)),
          shown.length ? html("ul", {}, shown) : null,
        ),
      ),
    );
  }

  /** What the last step of Algorithm 2 read for the followed pixel of a row. */
  #lastReading() {
    const s = this.state;
    const { read } = this.result.two.steps.at(-1);
    const core = s.cores[0];
    const half = radius(core)[1];
    if (s.dimension === 2) return null;
    const shift = (read.width - this.#size[1]) / 2;
    const look = s.boundary === "circular" ? wrapped : at;
    const terms = rowOf(core).map((weight, n) => {
      const pixel = s.column + n - half;
      const gone = s.boundary === "zero" && !inside(read, 0, pixel);
      return `${exact(weight)}·${gone ? "0 (outside)" : exact(look(read, 0, pixel + shift))}`;
    });
    return ` = ${terms.join(" + ")}, through G(1)`;
  }

  #showFacts() {
    const s = this.state;
    const r = this.result;
    const finished = s.step === s.order;
    const fact = (key, name, value, words) =>
      html(
        "div",
        {},
        html("dt", {}, name),
        html("dd", { class: "ns-figure", "data-fact": key }, value),
        html("dd", { class: "ns-because" }, words),
      );
    const later = (value) => (finished ? value : "…");
    const total = r.difference.data.length;
    const c = r.cost;
    const d = s.dimension === 1 ? "" : "²";
    const widths = Array.from({ length: s.order }, (_, n) => `${(n + 1) * (s.kernel - 1) + 1}${d}`);
    const rule =
      s.boundary === "zero"
        ? `(N−1)(K−1)/2 = ${r.bound} at most`
        : `none: the ${s.boundary} boundary loses nothing`;
    this.parts.facts.replaceChildren(
      fact("ring", "Ring width", later(plural(r.width, "pixel")), rule),
      fact(
        "share",
        "Pixels that differ",
        later(percent(r.share)),
        later(`${r.pixels} of ${total}`),
      ),
      fact(
        "residual",
        r.bound ? "Difference beyond the ring" : "Largest difference",
        later(r.residual === 0 ? "0" : minus(r.residual.toExponential(1))),
        r.bound ? "the largest; rounding only" : "anywhere; rounding only",
      ),
      fact(
        "direct",
        "Algorithm 1, multiply-adds per pixel",
        c.direct,
        `${widths.join(" + ")}; and once ${c.building} to build the kernels`,
      ),
      fact(
        "recursive",
        "Algorithm 2, multiply-adds per pixel",
        c.recursive,
        `${s.order} × ${s.kernel}${d}${c.direct > c.recursive ? `: ${(c.direct / c.recursive).toFixed(1)} times fewer` : ": the same"}`,
      ),
    );
  }
}

if (!customElements.get("nested-sum")) customElements.define("nested-sum", NestedSum);
