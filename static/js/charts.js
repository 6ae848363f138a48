// Draws every <figure data-chart="SPECIFICATION"> with Vega-Lite under a strict Content-Security-Policy: expressions
// are interpreted, colours and type are the page's CSS variables, nothing is injected.
import { expressionInterpreter } from "../vendor/vega/vega-interpreter.js";

const { vega, vegaLite } = globalThis;
const views = new Map();
const darkMode = matchMedia("(prefers-color-scheme: dark)");

// The looks of charts, shared with assessment/chart_files.py: a text that begins with -- is a CSS variable.
const looks = await (await fetch(new URL("chart_theme.json", import.meta.url))).json();

function theme(element) {
  const css = getComputedStyle(element);
  const filled = (value) => {
    if (Array.isArray(value)) return value.map(filled);
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, filled(inner)]));
    }
    return typeof value === "string" && value.startsWith("--") ? css.getPropertyValue(value).trim() : value;
  };
  return filled(looks);
}

function tooltip() {
  let box = document.getElementById("chart-tooltip");
  if (!box) {
    box = document.createElement("div");
    box.id = "chart-tooltip";
    box.className = "chart-tooltip";
    box.hidden = true;
    document.body.append(box);
  }
  return box;
}

function showTooltip(_handler, event, _item, value) {
  const box = tooltip();
  if (value === null || value === undefined || value === "" || typeof value !== "object") {
    box.hidden = true;
    return;
  }
  const list = document.createElement("dl");
  for (const [name, shown] of Object.entries(value)) {
    const term = document.createElement("dt");
    const meaning = document.createElement("dd");
    term.textContent = name;
    meaning.textContent = shown;
    list.append(term, meaning);
  }
  box.replaceChildren(list);
  box.hidden = false;
  const left = Math.min(event.clientX + 14, innerWidth - box.offsetWidth - 8);
  const below = event.clientY + 14 + box.offsetHeight < innerHeight;
  box.style.left = `${Math.max(left, 8)}px`;
  box.style.top = `${below ? event.clientY + 14 : event.clientY - box.offsetHeight - 14}px`;
}

function parsed(figure, themeOf) {
  const spec = JSON.parse(figure.dataset.chart);
  const compiled = vegaLite.compile(spec, { config: theme(themeOf) }).spec;
  return vega.parse(compiled, null, { ast: true });
}

async function draw(figure) {
  const plot = figure.querySelector(".chart-plot");
  const summary = plot.getAttribute("aria-label");
  views.get(figure)?.finalize();
  figure.querySelector(".chart-bind")?.replaceChildren();
  const view = new vega.View(parsed(figure, figure), {
    expr: expressionInterpreter,
    container: plot,
    bind: figure.querySelector(".chart-bind") ?? undefined,
    renderer: figure.dataset.renderer ?? "svg",
    hover: true,
    tooltip: showTooltip,
  });
  views.set(figure, view);
  plot.setAttribute("role", "img"); // Vega has put a label of its own in the place of the summary
  plot.setAttribute("aria-label", summary);
  plot.removeAttribute("aria-roledescription");
  await view.runAsync();
  // Vega calls the groups of marks images, without a name; the marks in them have theirs.
  for (const group of plot.querySelectorAll('g[role="graphics-symbol"]:not([aria-label])')) group.removeAttribute("role");
  figure.dataset.drawn = "";
}

// A downloaded figure is for a paper: light colours on white, at the size it has on the page.
async function download(figure, format) {
  const paper = document.createElement("span");
  paper.className = "chart-paper";
  figure.append(paper);
  const view = new vega.View(parsed(figure, paper), { expr: expressionInterpreter, renderer: "none" });
  paper.remove();
  const shown = views.get(figure);
  view.width(shown.width()).height(shown.height()).background("white");
  await view.runAsync();
  const url = await view.toImageURL(format, format === "png" ? 3 : 1);
  view.finalize();
  const link = document.createElement("a");
  link.href = url;
  link.download = `${figure.dataset.file}.${format}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

function drawAll(wanted = () => true) {
  for (const figure of views.keys()) {
    if (!figure.isConnected) {
      views.get(figure).finalize();
      views.delete(figure);
    }
  }
  tooltip().hidden = true;
  for (const figure of document.querySelectorAll("[data-chart]")) {
    if (!wanted(figure)) continue;
    draw(figure).catch((error) => {
      console.error(error);
      figure.querySelector(".chart-plot").textContent = "This chart could not be drawn; its table is below.";
    });
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-download]");
  if (button) download(button.closest("[data-chart]"), button.dataset.download);
});
document.addEventListener("htmx:load", () => drawAll((figure) => !views.has(figure)));
darkMode.addEventListener("change", () => drawAll());
new MutationObserver(() => drawAll()).observe(document.documentElement, { attributeFilter: ["data-theme"] });
drawAll();
