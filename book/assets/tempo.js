/* Tempo: what a change of tempo does to the features of a small trained network, and what atoms
   farther apart or closer together do about it.

   <tempo-figure></tempo-figure> computes three joint layers on two clips of one event: the clip at
   the tempo and the dilation of training, and the clip that the reader sets.

   Attributes, all optional:
     tempo     0.5, 1, 1.5 or 2: moments from one frame to the next; 1 is that of training
     dilation  1, 2 or 4: frames from one tap of the temporal atoms to the next
     clip      the action shown, from 0           feature  which of the last layer's, from 0
     mark      plain, or parity to tell even moments from odd ones
     data      address of the folder with weights and clips; else beside the book's own scripts

   Weights and clips come from benchmarks/tempo_figure.py, in a script that is loaded when the
   figure comes near. A moment is the time from one frame of training to the next.

   The file has three parts: the arithmetic, the drawings, the element. The first part knows
   nothing of the page and equals stlib.networks.ActionNet, as a test checks. */

const { LiveElement, html, load, minus, plural, svg, text } = globalThis.live;

/* ------------------------------------------------------------------ 1. The arithmetic

   Maps are { channels, frames, side, data }, data in the order channel, frame, row, column. */

const maps = (channels, frames, side) => ({
  channels,
  frames,
  side,
  data: new Float64Array(channels * frames * side * side),
});

/** Every frame of every channel through each of m spatial atoms; zeros lie around a frame. */
function spatially({ channels, frames, side, data }, { spatial, m }) {
  const width = Math.sqrt(spatial.length / m);
  const half = (width - 1) / 2;
  const out = maps(channels * m, frames, side);
  for (let map = 0; map < channels * m; map++) {
    const [channel, atom] = [Math.floor(map / m), map % m];
    for (let tap = 0; tap < width * width; tap++) {
      const weight = spatial[atom * width * width + tap];
      const [down, right] = [Math.floor(tap / width) - half, (tap % width) - half];
      const [top, bottom] = [Math.max(0, -down), Math.min(side, side - down)];
      const [left, end] = [Math.max(0, -right), Math.min(side, side - right)];
      for (let frame = 0; frame < frames; frame++) {
        const from = (channel * frames + frame) * side * side + down * side + right;
        const to = (map * frames + frame) * side * side;
        for (let row = top; row < bottom; row++)
          for (let place = row * side + left; place < row * side + end; place++)
            out.data[to + place] += weight * data[from + place];
      }
    }
  }
  return out;
}

/** Every map through each of n temporal atoms, their taps `dilation` frames apart. */
function temporally({ channels, frames, side, data }, { temporal, n }, dilation) {
  const length = temporal.length / n;
  const half = (length - 1) / 2;
  const out = maps(channels * n, frames, side);
  const size = side * side;
  for (let map = 0; map < channels * n; map++)
    for (let tap = 0; tap < length; tap++) {
      const weight = temporal[(map % n) * length + tap];
      const away = (tap - half) * dilation;
      for (let frame = Math.max(0, -away); frame < Math.min(frames, frames - away); frame++) {
        const from = (Math.floor(map / n) * frames + frame + away) * size;
        const to = (map * frames + frame) * size;
        for (let place = 0; place < size; place++)
          out.data[to + place] += weight * data[from + place];
      }
    }
  return out;
}

/** The coefficients, the batch norm folded into scale and shift, and what is below 0 cut off. */
function mixed({ channels, frames, side, data }, { coefficients, scale, shift, outputs }) {
  const out = maps(outputs, frames, side);
  const size = frames * side * side;
  for (let output = 0; output < outputs; output++) {
    const to = output * size;
    for (let channel = 0; channel < channels; channel++) {
      const weight = coefficients[output * channels + channel];
      for (let place = 0; place < size; place++)
        out.data[to + place] += weight * data[channel * size + place];
    }
    for (let place = to; place < to + size; place++)
      out.data[place] = Math.max(0, scale[output] * out.data[place] + shift[output]);
  }
  return out;
}

/** The largest of each square of `width` pixels. */
function pooled({ channels, frames, side, data }, width) {
  if (width === 1) return { channels, frames, side, data };
  const small = Math.floor(side / width);
  const out = maps(channels, frames, small);
  out.data.fill(-Infinity);
  for (let map = 0; map < channels * frames; map++)
    for (let row = 0; row < small * width; row++)
      for (let column = 0; column < small * width; column++) {
        const to = (map * small + Math.floor(row / width)) * small + Math.floor(column / width);
        out.data[to] = Math.max(out.data[to], data[(map * side + row) * side + column]);
      }
  return out;
}

/** What the last layer says of a clip. */
function features(network, clip, dilation) {
  return network.layers.reduce((now, layer) => {
    const filtered = temporally(spatially(now, layer), layer, dilation); // stdcf-eq-1
    return pooled(mixed(filtered, layer), layer.pool);
  }, clip);
}

/** The mean over a frame of each feature: curves[channel][frame]. The head reads their means. */
function curvesOf({ channels, frames, side, data }) {
  const size = side * side;
  const mean = (map) =>
    data.subarray(map * size, (map + 1) * size).reduce((sum, value) => sum + value, 0) / size;
  return Array.from({ length: channels }, (_, channel) =>
    Array.from({ length: frames }, (_, frame) => mean(channel * frames + frame)),
  );
}

/** One number a class, from the frames that count. */
function logitsOf({ head, classes }, curves, counts = () => true) {
  const means = curves.map((curve) => {
    const chosen = curve.filter((_, frame) => counts(frame));
    return chosen.reduce((sum, value) => sum + value, 0) / chosen.length;
  });
  return classes.map((_, label) =>
    means.reduce(
      (sum, mean, channel) => sum + head.weight[label * means.length + channel] * mean,
      head.bias[label],
    ),
  );
}

/** The frames that a clip of some tempo has of an event; stored are those of tempo 1/2. */
function clipAt({ clips, frames, side }, label, tempo) {
  const stored = Uint8Array.from(atob(clips[label]), (letter) => letter.charCodeAt(0));
  const every = 2 * tempo;
  const size = side * side;
  const out = maps(1, Math.ceil((2 * frames) / every), side);
  for (let frame = 0; frame < out.frames; frame++)
    for (let place = 0; place < size; place++)
      out.data[frame * size + place] = stored[frame * every * size + place] / 255;
  return out;
}

/** What a network says of one clip read in one way. */
function say(network, label, tempo, dilation) {
  const clip = clipAt(network, label, tempo);
  const said = features(network, clip, dilation);
  const curves = curvesOf(said);
  return { tempo, dilation, clip, said, curves, logits: logitsOf(network, curves) };
}

/** Moments at which both clips have a frame, with its place in each: [moment, place, place]. */
function shared(one, other) {
  const places = Array.from({ length: one.clip.frames }, (_, place) => place);
  return places.flatMap((place) => {
    const moment = place * one.tempo;
    const beside = moment / other.tempo;
    return Number.isInteger(beside) && beside < other.clip.frames ? [[moment, place, beside]] : [];
  });
}

/** The farthest apart that any feature is at any pixel of two frames. */
function apart(one, other, place, beside) {
  const size = one.side * one.side;
  let most = 0;
  for (let channel = 0; channel < one.channels; channel++) {
    const [a, b] = [(channel * one.frames + place) * size, (channel * other.frames + beside) * size];
    for (let pixel = 0; pixel < size; pixel++)
      most = Math.max(most, Math.abs(one.data[a + pixel] - other.data[b + pixel]));
  }
  return most;
}

/** Everything the figure shows of two ways of reading one event. */
function compare(network, trained, shown) {
  const residuals = shared(trained, shown).map(([moment, place, beside]) => ({
    moment,
    place,
    beside,
    residual: apart(trained.said, shown.said, place, beside),
  }));
  return {
    trained,
    shown,
    residuals,
    residual: Math.max(...residuals.map((one) => one.residual)),
    largest: trained.said.data.reduce((most, value) => Math.max(most, value), 0),
    halves: [0, 1].map((odd) => logitsOf(network, trained.curves, (frame) => frame % 2 === odd)),
    logitGap: Math.max(...trained.logits.map((value, n) => Math.abs(value - shown.logits[n]))),
  };
}

/** The dilation whose taps are as far apart as in training; no whole number where there is none. */
const fitting = (network, tempo) => network.dilation / tempo;

/* ------------------------------------------------------------------ 2. The drawings */

const TEMPOS = [0.5, 1, 1.5, 2];
const DILATIONS = [1, 2, 4];
const tempoName = (tempo) => (tempo === 0.5 ? "½" : String(tempo));
const PARITY = ["even", "odd"];

/** Two digits behind the point; what is small but not 0 says so. */
const short = (x) => (x === 0 ? "0" : Math.abs(x) < 0.005 ? minus(x.toExponential(0)) : minus(x.toFixed(2)));

/** Whether a moment is even, odd, or neither. */
const parity = (moment) => (Number.isInteger(moment) ? PARITY[moment % 2] : "between");

/** A frame as the address of a picture. */
function pictureOf({ side, data }, frame) {
  const canvas = html("canvas", { width: side, height: side });
  const pen = canvas.getContext("2d");
  const image = pen.createImageData(side, side);
  data.subarray(frame * side * side, (frame + 1) * side * side).forEach((value, n) => {
    const grey = Math.round(255 * value);
    image.data.set([grey, grey, grey, 255], 4 * n);
  });
  pen.putImageData(image, 0, 0);
  return canvas.toDataURL();
}

/** Where things stand: moments across, on one axis for all rows. */
class Places {
  constructor(width, moments) {
    Object.assign(this, { width, left: 30, right: 14 });
    this.unit = (width - this.left - this.right) / moments;
    this.picture = Math.min(Math.max(this.unit - 2, 26), 44);
  }
  x(moment) {
    return this.left + (moment + 0.5) * this.unit;
  }
}

/** Frames of a clip, as many as there is room for; below, a mark for every frame. */
function strip(places, { clip, tempo }, top, marked) {
  const { picture, unit } = places;
  const skip = Math.ceil((picture + 1) / (unit * tempo));
  const frames = Array.from({ length: clip.frames }, (_, frame) => frame);
  return frames.map((frame) => {
    const moment = frame * tempo;
    const [x, y] = [places.x(moment), top];
    const kind = marked ? ` tp-${parity(moment)}` : "";
    return [
      frame % skip === 0
        ? [
            svg("image", {
              href: pictureOf(clip, frame),
              x: x - picture / 2,
              y,
              width: picture,
              height: picture,
            }),
            svg("rect", {
              class: `tp-frame${kind}`,
              x: x - picture / 2,
              y,
              width: picture,
              height: picture,
            }),
          ]
        : [],
      svg("path", { class: `tp-tick${kind}`, d: `M${x} ${y + picture + 3}v5` }),
    ];
  });
}

/** The three taps that one frame of the first layer reads. */
function taps(places, moment, { tempo, dilation }, top, name) {
  const away = tempo * dilation;
  const x = (n) => places.x(moment + n * away);
  const ends = [-1, 0, 1];
  return [
    svg("path", { class: `tp-reach ${name}`, d: `M${x(-1)} ${top}H${x(1)}` }),
    ends.map((n) => mark(x(n), top, name)),
  ];
}

/** A full circle for the trained way, an open square for what is set. */
function mark(x, y, name, size = 3.6) {
  return name.includes("tp-trained")
    ? svg("circle", { class: `tp-mark ${name}`, cx: x, cy: y, r: size })
    : svg("rect", {
        class: `tp-mark ${name}`,
        x: x - size,
        y: y - size,
        width: 2 * size,
        height: 2 * size,
      });
}

/** A curve through the frames of one clip; with parity marked, one through each kind of moment. */
function curve(places, y, values, tempo, name, marked) {
  const points = values.map((value, frame) => [frame * tempo, value]);
  const kinds = marked ? [...PARITY, "between"] : [""];
  return kinds.flatMap((kind) => {
    const own = points.filter(([moment]) => !kind || parity(moment) === kind);
    const line = own.map(([moment, value]) => `${places.x(moment)},${y(value)}`).join(" ");
    const also = kind ? ` tp-${kind}` : "";
    return [
      svg("polyline", { class: `tp-curve ${name}${also}`, points: line }),
      own.map(([moment, value]) => mark(places.x(moment), y(value), `${name}${also}`, 3)),
    ];
  });
}

const CHART = 118; // height of the curves
const REST = 46; // height of the residuals

/** Two strips, the taps, one feature and the residual, all on one axis of moments. */
function drawTime(places, network, result, { feature, mark: marking }) {
  const { trained, shown, residuals, largest } = result;
  const marked = marking === "parity";
  const high = places.picture;
  const strips = [18, 18 + high + 42];
  const chart = strips[1] + high + 46;
  const rest = chart + CHART + 30;
  const axis = rest + REST + 2;
  const values = [trained, shown].map((one) => one.curves[feature]);
  const most = Math.max(...values.flat(), 1e-9);
  const y = (value) => chart + CHART - (value / most) * (CHART - 8);
  const down = (value) => (Math.min(value / Math.max(largest, 1e-9), 1) * (REST - 16));
  const middle = residuals.reduce((best, one) =>
    Math.abs(one.moment - network.frames / 2) < Math.abs(best.moment - network.frames / 2) ? one : best,
  ).moment;
  const [left, right] = [places.left, places.width - places.right];
  const rule = (at) => svg("path", { class: "tp-rule", d: `M${left} ${at}H${right}` });
  const name = (at, words) => text(0, at, words, "tp-name", "start");
  const height = axis + 34;
  const drawn = [
    name(12, `● Training: tempo 1, dilation ${network.dilation}`),
    strip(places, trained, strips[0], marked),
    taps(places, middle, trained, strips[0] + high + 14, "tp-trained"),
    name(strips[1] - 6, `□ Set: tempo ${tempoName(shown.tempo)}, dilation ${shown.dilation}`),
    strip(places, shown, strips[1], marked),
    taps(places, middle, shown, strips[1] + high + 14, "tp-shown"),
    name(chart - 6, `Feature ${feature}, mean over the frame`),
    [0, most].map((value) => [rule(y(value)), text(left - 4, y(value) + 4, value ? value.toFixed(value < 1 ? 2 : 1) : "0", "tp-axis", "end")]),
    curve(places, y, values[0], 1, "tp-trained", marked),
    curve(places, y, values[1], shown.tempo, "tp-shown", marked),
    name(rest - 6, "Residual, where both have a frame"),
    rule(rest + REST),
    residuals.map(({ moment, residual }) => {
      const [x, tall] = [places.x(moment), down(residual)];
      return [
        svg("rect", { class: "tp-bar", x: x - 5, y: rest + REST - tall, width: 10, height: tall }),
        residual === 0 ? text(x, rest + REST - 5, "0", "tp-nought") : null,
      ];
    }),
    Array.from({ length: network.frames }, (_, moment) =>
      moment % (places.unit < 20 ? 2 : 1) ? null : text(places.x(moment), axis + 13, moment, "tp-axis"),
    ),
    text((left + right) / 2, axis + 29, "moment", "tp-axis"),
  ];
  return { height, drawn };
}

/** The kinds of logits that are told: key, mark, words. */
const kindsOf = (marked) => [
  ["trained", "●", "training"],
  ["shown", "□", "set"],
  ...(marked ? [["even", "▲", "even half"], ["odd", "▽", "odd half"]] : []),
];

function logitsTold({ trained, shown, halves }) {
  return { trained: trained.logits, shown: shown.logits, even: halves[0], odd: halves[1] };
}

const ROW = 22;

/** A row for each class: where each way of reading puts its logit. */
function drawLogits(width, { classes }, result, marked, clip) {
  const told = logitsTold(result);
  const kinds = kindsOf(marked).map(([key]) => key);
  const all = kinds.flatMap((key) => told[key]);
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const [left, right] = [98, 16];
  const x = (value) => left + ((value - low) / (high - low || 1)) * (width - left - right);
  const triangle = (at, y, way) =>
    svg("path", {
      class: `tp-mark tp-${way > 0 ? "odd" : "even"}`,
      d: `M${at - 5} ${y - 4 * way}h10l-5 ${8 * way}z`,
    });
  const rows = classes.map((name, label) => {
    const y = 14 + label * ROW;
    return [
      svg("path", { class: "tp-rule", d: `M${left} ${y}H${width - right}` }),
      text(0, y + 4, name, `tp-class${label === clip ? " tp-right" : ""}`, "start"),
      marked ? [triangle(x(told.even[label]), y, -1), triangle(x(told.odd[label]), y, 1)] : null,
      mark(x(told.trained[label]), y, "tp-trained", 4.5),
      mark(x(told.shown[label]), y, "tp-shown", 5),
    ];
  });
  const base = 14 + classes.length * ROW;
  const ends = [low, high].map((value, n) =>
    text(x(value), base + 4, minus(value.toFixed(1)), "tp-axis", n ? "end" : "start"),
  );
  return { height: base + 10, drawn: [rows, ends] };
}

/** A table of words or ready cells, the first of each row its head. */
function table(head, rows) {
  const cell = (words) => (words instanceof Node ? words : html("td", {}, words));
  return html(
    "table",
    {},
    html("thead", {}, html("tr", {}, head.map((words) => html("th", { scope: "col" }, words)))),
    html(
      "tbody",
      {},
      rows.map(([first, ...cells]) =>
        html("tr", {}, html("th", { scope: "row" }, first), cells.map(cell)),
      ),
    ),
  );
}

/* ------------------------------------------------------------------ 3. The element */

const MARKS = { plain: "plain", parity: "even and odd" };
const EXAMPLES = {
  misaligned: ["misaligned", { tempo: 2, dilation: 2 }],
  swapped: ["swapped", { tempo: 2, dilation: 1 }],
  slower: ["slower", { tempo: 0.5, dilation: 4 }],
  between: ["no dilation fits", { tempo: 1.5, dilation: 1 }],
};
const best = (logits) => logits.indexOf(Math.max(...logits));

class TempoFigure extends LiveElement {
  static prefix = "tp";
  static folder = "tempo";
  static arithmetic = { clipAt, compare, say };

  /** Weights and clips, once they are there. */
  network = null;
  #said = new Map(); // what it said before

  read() {
    return {
      tempo: this.choice("tempo", 2, TEMPOS),
      dilation: this.choice("dilation", 2, DILATIONS),
      mark: this.choice("mark", "plain", Object.keys(MARKS)),
      clip: this.whole("clip", 0, 99, 0),
      feature: this.hasAttribute("feature") ? this.whole("feature", 0, 999, 0) : null,
    };
  }

  build() {
    const select = (key, words) =>
      html(
        "label",
        { class: "tp-field" },
        html("span", { class: "tp-label" }, words),
        html("select", {
          "data-control": key,
          onchange: (event) => this.set({ [key]: Number(event.target.value) }),
        }),
      );
    const part = (name) => html("div", { class: name });
    this.parts = {
      summary: html("p", { class: "tp-summary", role: "status" }, "Weights and clips are on their way."),
      clip: select("clip", "Clip"),
      feature: select("feature", "Feature"),
      time: svg("svg", { role: "img", "aria-label": "Clips and features" }),
      logits: svg("svg", { role: "img", "aria-label": "Logits" }),
      key: html("p", { class: "tp-key" }),
      facts: html("dl", { class: "tp-facts simple" }),
      accuracy: part("tp-accuracy"),
      tables: part("tp-tables"),
      setting: html("p", { class: "tp-setting" }),
    };
    const examples = Object.entries(EXAMPLES).map(([key, [words, state]]) =>
      this.button(key, words, () => this.set(state)),
    );
    const root = html(
      "div",
      { class: "tp-root" },
      html(
        "div",
        { class: "tp-presets", role: "group", "aria-label": "Examples" },
        html("span", { class: "tp-label" }, "Show me"),
        examples,
      ),
      html(
        "div",
        { class: "tp-controls" },
        this.radios("tempo", "Tempo", TEMPOS.map((n) => [n, tempoName(n)])),
        this.radios("dilation", "Dilation", DILATIONS.map((n) => [n, String(n)])),
        this.radios("mark", "Moments", Object.entries(MARKS)),
        this.parts.clip,
        this.parts.feature,
      ),
      this.parts.summary,
      this.parts.time,
      html("p", { class: "tp-title" }, "Logits, each a mean over all frames of its clip"),
      this.parts.logits,
      this.parts.key,
      this.parts.facts,
      this.parts.accuracy,
      html("details", { class: "tp-details" }, html("summary", {}, "Data as a table"), this.parts.tables),
      this.parts.setting,
    );
    this.replaceChildren(root);
    this.whenNear(() => this.#load());
  }

  async #load() {
    try {
      const read = () => globalThis.tempoFigure;
      const network = await load(this.file("network.js"), read, "weights and clips");
      this.#fill(network);
      this.network = network;
      this.set({});
    } catch (error) {
      this.parts.summary.textContent = `Nothing to show: ${error.message}.`;
    }
  }

  /** Offer what there is to choose. */
  #fill(network) {
    const { clip, feature } = this.parts;
    const last = network.layers.at(-1).outputs - 1;
    this.whole("clip", 0, network.classes.length - 1, 0);
    this.whole("feature", 0, last, 0);
    const option = (words, value) => html("option", { value }, words);
    clip.lastChild.append(...network.classes.map(option));
    feature.lastChild.append(...Array.from({ length: last + 1 }, (_, n) => option(String(n), n)));
  }

  compute() {
    const { network, state } = this;
    if (!network) return;
    const said = (...way) => {
      if (!this.#said.has(`${way}`)) this.#said.set(`${way}`, say(network, ...way));
      return this.#said.get(`${way}`);
    };
    const trained = said(state.clip, 1, network.dilation);
    this.result = compare(network, trained, said(state.clip, state.tempo, state.dilation));
    this.state.feature ??= this.#liveliest();
  }

  /** The feature that changes most from frame to frame, as the clip was trained on. */
  #liveliest() {
    const spread = this.result.trained.curves.map((curve) => Math.max(...curve) - Math.min(...curve));
    return best(spread);
  }

  show() {
    this.press();
    if (!this.result) return;
    const { state, parts, network, result } = this;
    const marked = state.mark === "parity";
    for (const key of ["clip", "feature"]) parts[key].lastChild.value = state[key];
    parts.summary.replaceChildren(...this.#summary());
    const width = Math.min(Math.max(parts.time.parentNode.clientWidth - 26, 220), 720);
    const places = new Places(width, network.frames);
    const put = (drawing, { height, drawn }, alt) => {
      for (const [key, value] of Object.entries({ width, height })) drawing.setAttribute(key, value);
      drawing.setAttribute("aria-label", alt);
      drawing.replaceChildren(svg("g", {}, drawn));
    };
    put(parts.time, drawTime(places, network, result, state), this.#timeAlt());
    put(parts.logits, drawLogits(width, network, result, marked, state.clip), this.#logitsAlt());
    parts.key.textContent = `● training, □ set${marked ? "; ▲ even and ▽ odd moments of the training clip alone" : ""}. Three joined marks: taps of one layer. Bold: the right answer.`;
    parts.facts.replaceChildren(...this.#facts());
    parts.accuracy.replaceChildren(...this.#accuracy());
    parts.tables.replaceChildren(...this.#tables());
    parts.setting.textContent = `Tempo ${tempoName(state.tempo)}, dilation ${state.dilation}, clip ${network.classes[state.clip]}, feature ${state.feature}.`;
  }

  /* ---- words */

  get #exact() {
    return this.result.residual === 0;
  }

  #summary() {
    const { network, result } = this;
    const { tempo, dilation } = this.state;
    const strong = (words) => html("strong", {}, words);
    const fits = fitting(network, tempo);
    const away = `Taps stand ${plural(tempo * dilation, "moment")} apart, ${network.dilation} in training: `;
    if (tempo === 1 && dilation === network.dilation)
      return ["This is the clip and the dilation of training: ", strong("both ways are one.")];
    if (this.#exact)
      return [
        away,
        strong(`on ${result.residuals.length} shared frames all features are identical.`),
        ` Logits still differ, by up to ${short(result.logitGap)}: each clip averages all its frames, and `,
        tempo > 1 ? "this one has only the even moments." : "this one has moments between as well.",
      ];
    const gap = ` On shared frames features differ by up to ${short(result.residual)}.`;
    if (Number.isInteger(fits)) return [away, strong("misaligned."), gap];
    const fraction = `${2 * network.dilation}/${2 * tempo}`;
    return [away, strong(`no dilation fits: ${fraction} is no whole number.`), gap];
  }

  #facts() {
    const { network, result, state } = this;
    const fact = (key, name, figure, because) =>
      html(
        "div",
        {},
        html("dt", {}, name),
        html("dd", { class: "tp-figure", "data-fact": key }, figure),
        html("dd", { class: "tp-because" }, because),
      );
    const fits = fitting(network, state.tempo);
    const says = (logits) => network.classes[best(logits)];
    return [
      fact("apart", "Taps apart", plural(state.tempo * state.dilation, "moment"), `tempo × dilation; ${network.dilation} in training`),
      fact("fits", "Dilation that fits", Number.isInteger(fits) ? String(fits) : "none", `${network.dilation} / tempo`),
      fact("residual", "Residual", short(result.residual), `largest of ${result.residuals.length} shared frames; features reach ${short(result.largest)}`),
      fact("logits", "Logits differ by", short(result.logitGap), "at most"),
      fact("training", "Training way says", says(result.trained.logits), `of ${network.classes[state.clip]}`),
      fact("set", "Set way says", says(result.shown.logits), `of ${plural(result.shown.clip.frames, "frame")}`),
    ];
  }

  #timeAlt() {
    const { network, result, state } = this;
    const { trained, shown, residuals } = result;
    const tell = (one) => one.curves[state.feature].map((value, n) => `${n * one.tempo}: ${short(value)}`).join(", ");
    const left = this.#exact ? "0 at every shared frame" : residuals.map(({ moment, residual }) => `${moment}: ${short(residual)}`).join(", ");
    return `Stick figure, ${network.classes[state.clip]}, in ${trained.clip.frames} frames at tempo 1 and in ${shown.clip.frames} at tempo ${tempoName(state.tempo)}. Feature ${state.feature} by moment, training: ${tell(trained)}. As set: ${tell(shown)}. Residual: ${left}.`;
  }

  #logitsAlt() {
    const told = logitsTold(this.result);
    const rows = this.network.classes.map((name, label) => {
      const numbers = kindsOf(this.state.mark === "parity").map(([key, , words]) => `${words} ${short(told[key][label])}`);
      return `${name}: ${numbers.join(", ")}`;
    });
    return `Logits. ${rows.join("; ")}.`;
  }

  /** How many test clips the network names rightly at each tempo and dilation. */
  #accuracy() {
    const { network, state } = this;
    const { clips, shares } = network.accuracy;
    const cell = (share, tempo, dilation) => {
      const set = tempo === state.tempo && dilation === state.dilation;
      const fits = tempo * dilation === network.dilation;
      const name = `${set ? "tp-set" : ""}${fits ? " tp-fits" : ""}`;
      return html("td", { class: name }, `${(100 * share).toFixed(0)}%${fits ? "*" : ""}`);
    };
    const rows = DILATIONS.map((dilation, row) => [
      String(dilation),
      ...TEMPOS.map((tempo, column) => cell(shares[row][column], tempo, dilation)),
    ]);
    const words = `Named rightly, of ${clips} test clips. Framed: as set. *: taps as far apart as in training.`;
    return [
      html("p", { class: "tp-title" }, words),
      table(["dilation", ...TEMPOS.map((tempo) => `tempo ${tempoName(tempo)}`)], rows),
    ];
  }

  /** Feature and residual by moment; logits by class. */
  #tables() {
    const { network, result, state } = this;
    const told = logitsTold(result);
    const [one, other] = [result.trained, result.shown].map(({ curves }) => curves[state.feature]);
    const byMoment = result.residuals.map(({ moment, place, beside, residual }) => [
      `${moment}, ${parity(moment)}`,
      short(one[place]),
      short(other[beside]),
      short(residual),
    ]);
    const kinds = kindsOf(true);
    const byClass = network.classes.map((name, label) => [name, ...kinds.map(([key]) => short(told[key][label]))]);
    return [
      table(["Shared moment", "training", "set", "residual"], byMoment),
      table(["Logit", ...kinds.map(([, , words]) => words)], byClass),
    ];
  }
}

if (!customElements.get("tempo-figure")) customElements.define("tempo-figure", TempoFigure);
