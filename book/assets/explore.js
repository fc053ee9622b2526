// Draws and wires the figures that stlib.plots.explore() wrote into the page.
//
// Each figure carries all its frames as JSON; this script loads the site's one plotly.js when a
// figure comes near the window, and lets native controls choose among the frames.
(() => {
  "use strict";

  const PLOTLY = new URL("vendor/plotly.min.js", document.currentScript.src).href;
  const CONFIG = { displayModeBar: false, showSendToCloud: false };
  const NEAR = "600px"; // how far below the window a figure starts to load
  const QUIET = 400; // milliseconds without a move before the new state is spoken

  let library;

  function plotly() {
    library ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = PLOTLY;
      script.onload = () => resolve(window.Plotly);
      script.onerror = () => reject(new Error("plotly.js did not load"));
      document.head.append(script);
    });
    return library;
  }

  const theme = () => (document.documentElement.dataset.theme === "dark" ? "dark" : "light");

  const make = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  };

  // --- controls ---------------------------------------------------------------------------

  const label = (field) => field.labels[0].querySelector("span").textContent;

  const value = (field) =>
    field.type === "range"
      ? JSON.parse(field.dataset.values)[Number(field.value)]
      : field.selectedOptions[0].textContent;

  const state = (fields) => fields.map((field) => `${label(field)} ${value(field)}`).join(", ");

  function showValue(field) {
    if (field.type !== "range") return;
    field.setAttribute("aria-valuetext", value(field));
    field.closest(".stlib-control").querySelector(".stlib-value").textContent = value(field);
  }

  // --- the same data as a table -----------------------------------------------------------

  const cell = (entry) => (entry === null || entry === undefined ? "–" : String(entry));

  function row(head, entries) {
    const cells = entries.map((entry) => make("td", {}, cell(entry)));
    return make("tr", {}, make("th", { scope: "row" }, cell(head)), ...cells);
  }

  function table(caption, corner, columns, rows) {
    const heads = [corner, ...columns].map((text) => make("th", { scope: "col" }, cell(text)));
    return make(
      "table",
      {},
      make("caption", {}, caption),
      make("thead", {}, make("tr", {}, ...heads)),
      make("tbody", {}, ...rows),
    );
  }

  function tables(traces, layout) {
    const x = layout.xaxis?.title?.text ?? "x";
    const y = layout.yaxis?.title?.text ?? "y";
    return traces.map((trace, i) => {
      const name = trace.name ?? `Trace ${i + 1}`;
      if (trace.z) {
        const columns = trace.x ?? trace.z[0].map((_, place) => place);
        const rows = trace.z.map((line, place) => row(trace.y?.[place] ?? place, line));
        return table(name, `${y} \\ ${x}`, columns, rows);
      }
      const heights = trace.y ?? [];
      const rows = heights.map((height, place) => row(trace.x?.[place] ?? place, [height]));
      return table(name, x, [y], rows);
    });
  }

  // --- one figure -------------------------------------------------------------------------

  async function start(root) {
    const find = (selector) => root.querySelector(selector);
    const { traces, layouts, frames, themes } = JSON.parse(find("script").textContent);
    const [form, plot, details] = [".stlib-controls", ".stlib-plot", ".stlib-table"].map(find);
    const fields = [...form.elements];
    const Plotly = await plotly();

    const frame = () => {
      const [layout, chosen] = frames[fields.map((field) => field.value).join()];
      // plotly writes into what it is given, and frames share traces.
      return structuredClone({ layout: layouts[layout], traces: chosen.map((i) => traces[i]) });
    };

    const draw = () => {
      const { traces: data, layout } = frame();
      const font = { family: getComputedStyle(root).fontFamily, ...layout.font };
      plot.setAttribute("aria-label", `Plot at ${state(fields)}`);
      const whole = { ...layout, autosize: true, font, template: themes[theme()] };
      return Plotly.react(plot, data, whole, CONFIG);
    };

    const fillTable = () => {
      if (!details.open) return;
      const { traces: data, layout } = frame();
      const box = { class: "stlib-rows", role: "region", "aria-label": "Data", tabindex: "0" };
      details.querySelector(".stlib-rows")?.remove();
      details.append(make("div", box, ...tables(data, layout)));
    };

    let pause;
    form.addEventListener("input", (event) => {
      showValue(event.target);
      draw();
      fillTable();
      clearTimeout(pause);
      pause = setTimeout(() => (find(".stlib-status").textContent = state(fields)), QUIET);
    });
    form.addEventListener("submit", (event) => event.preventDefault());
    details.addEventListener("toggle", fillTable);
    new MutationObserver(draw).observe(document.documentElement, {
      attributeFilter: ["data-theme"],
    });

    // plotly's own `responsive` would forget the layout's height.
    let drawnWidth = 0;
    const fit = () => {
      if (!plot.clientWidth || plot.clientWidth === drawnWidth) return;
      drawnWidth = plot.clientWidth;
      draw();
    };

    fields.forEach(showValue);
    plot.setAttribute("role", "img");
    find(".stlib-fallback").hidden = true; // plotly measures a visible element
    drawnWidth = plot.clientWidth;
    await draw();
    new ResizeObserver(() => requestAnimationFrame(fit)).observe(plot);
    form.hidden = details.hidden = false;
  }

  // The alt text is already in the page: a figure that fails leaves it there and says so.
  const begin = (root) =>
    start(root).catch(() => {
      const fallback = root.querySelector(".stlib-fallback");
      if (!fallback) return;
      fallback.hidden = false;
      fallback.querySelector("em").textContent = "This figure could not be drawn here.";
    });

  function watch() {
    const observer = new IntersectionObserver(
      (entries) => {
        for (const { target } of entries.filter((entry) => entry.isIntersecting)) {
          observer.unobserve(target);
          begin(target);
        }
      },
      { rootMargin: NEAR },
    );
    document.querySelectorAll(".stlib-explore").forEach((root) => observer.observe(root));
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", watch);
  else watch();
})();
