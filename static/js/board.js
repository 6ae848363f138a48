// The organizer's board: looks every few seconds whether something has changed, and changes only that, so that focus,
// scroll and an open menu stay. A cell's menu opens in a dialog; arrow keys walk over the cells.

const $ = (id) => document.getElementById(id);
const live = $("board-live");
const dialog = $("board-dialog");
const light = $("board-light");
const PIECES = "[data-live]";
let opener; // the id of what opened the menu
let returning = ""; // the same, from the menu's end until focus has come back to it

document.documentElement.classList.add("has-script");

// --- staying fresh ---

function say(state, words) {
  if (light.textContent !== words) light.textContent = words;
  light.dataset.state = state;
}

function look() {
  htmx.trigger(live, "board-look");
}

/** Makes `old` look like `fresh` without being replaced. */
function renew(old, fresh) {
  const open = [...old.querySelectorAll("details[open]")].map((each) => each.id);
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  if (old.innerHTML === fresh.innerHTML) return;
  const focused = old !== document.activeElement && old.contains(document.activeElement) && document.activeElement.id;
  old.replaceChildren(...fresh.cloneNode(true).childNodes);
  for (const id of open) if (id) old.querySelector(`#${CSS.escape(id)}`)?.setAttribute("open", "");
  htmx.process(old);
  if (focused) $(focused)?.focus({ preventScroll: true });
}

/** The matrix has other rows or columns than before: all of it is new, and looked at from where it was. */
function rebuild(fresh) {
  const matrix = $("board-matrix");
  const { scrollTop = 0, scrollLeft = 0 } = $("board-scroll") ?? {};
  const focused = matrix.contains(document.activeElement) && document.activeElement.id;
  matrix.replaceChildren(...fresh.cloneNode(true).childNodes);
  $("board-scroll")?.scrollTo({ top: scrollTop, left: scrollLeft, behavior: "instant" });
  if (focused) $(focused)?.focus({ preventScroll: true });
}

function merge(html) {
  const fresh = new DOMParser().parseFromString(html, "text/html").getElementById("board-live");
  if (!fresh) return location.reload(); // logged out
  const ids = (root) => [...root.querySelectorAll(`#board-matrix ${PIECES}`)].map((each) => each.id).join();
  if (ids(live) !== ids(fresh)) rebuild(fresh.querySelector("#board-matrix"));
  for (const piece of fresh.querySelectorAll(PIECES)) {
    const old = $(piece.id);
    if (old && !old.isEqualNode(piece)) renew(old, piece);
  }
  if (returning && document.activeElement === document.body) giveBack();
}

if (live) {
  live.addEventListener("htmx:beforeRequest", (event) => {
    if (event.target === live && document.hidden) event.preventDefault();
  });
  live.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.elt !== live && event.target !== live) return;
    event.detail.shouldSwap = false;
    if (event.detail.xhr.status === 200) merge(event.detail.serverResponse);
  });
  live.addEventListener("htmx:afterRequest", (event) => {
    if (event.target === live && event.detail.successful) say("live", "live");
  });
  // The light says it: a message every few seconds would not help.
  for (const name of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
    live.addEventListener(name, (event) => {
      if (event.target !== live) return;
      event.stopPropagation();
      say("lost", "connection lost; trying again");
    });
  }
  document.addEventListener("visibilitychange", () => document.hidden || look());
  $("board-filter").addEventListener("change", () => $("board-filter").requestSubmit());
  document.addEventListener("DOMContentLoaded", look); // by then htmx listens
}

// --- the menu ---

async function openMenu(link) {
  opener = link.id;
  $("board-dialog-body").replaceChildren();
  dialog.showModal();
  await htmx.ajax("GET", link.href, { target: "#board-dialog-body", swap: "innerHTML" });
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-close-dialog]")) return dialog.close();
  const link = event.target.closest("a.cell, a[data-dialog]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  openMenu(link);
});

// Focus enters the menu once htmx listens to it: a choice made before that by a quick hand would change nothing.
dialog.addEventListener("htmx:afterSettle", () => {
  for (const close of dialog.querySelectorAll("[data-close-dialog]")) close.hidden = false;
  const wrong = dialog.querySelector(".errorlist, [role=alert]");
  if (!dialog.contains(document.activeElement) || document.activeElement === dialog || wrong) $("duty-menu-title")?.focus();
});
dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
/** Focus returns to what opened the menu, also where that was replaced while the menu closed. */
function giveBack() {
  $(returning)?.focus({ preventScroll: true });
}
dialog.addEventListener("close", () => {
  returning = opener ?? "";
  if (returning) giveBack();
});
document.addEventListener("keydown", () => (returning = ""));
document.addEventListener("pointerdown", () => (returning = ""));
document.addEventListener("board-changed", () => {
  dialog.close();
  look();
});

// --- walking over the cells ---

const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

document.addEventListener("keydown", (event) => {
  const cell = event.target.closest?.("a.cell");
  const step = STEPS[event.key];
  if (!cell || !step || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  const rows = [...cell.closest("tbody").rows];
  const across = getComputedStyle(cell).direction === "rtl" ? -step[1] : step[1];
  let row = rows.indexOf(cell.closest("tr"));
  let column = cell.closest("td").cellIndex;
  let next;
  do {
    row += step[0];
    column += across;
    next = rows[row]?.cells[column];
  } while (next && !next.querySelector("a.cell"));
  next?.querySelector("a.cell")?.focus();
});
