// The adjudicator's desk. The server renders every pair; here are its keys, its clock, and what keeps a hurried hand
// from deciding on a passage that nobody has read.

import { Clock } from "./clock.js";
import { listenForKeys } from "./shortcuts.js";

const SETTLE = 350; // ms in which a second click or key still belongs to the passage before
const HURRIED = 2000; // ms; who decides sooner is asked

const $ = (id) => document.getElementById(id);
const clock = new Clock();
let ready = false;
let hurried = null; // seconds of the last decision, when it came too soon

function arrived(focus) {
  const pair = $("desk").dataset.pair ?? "";
  ready = false;
  if (focus) {
    window.scrollTo(0, 0);
    ($("passage-title") ?? $("finished"))?.focus({ preventScroll: true });
  }
  $("entries").querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
  if (hurried !== null && $("quick")) $("quick").textContent = `Decided after ${hurried.toFixed(1)} s. Did you read it? u takes it back.`;
  hurried = null;
  clock.restart();
  setTimeout(() => {
    if (($("desk").dataset.pair ?? "") !== pair) return;
    ready = true;
    $("desk").dataset.ready = pair;
  }, SETTLE);
}

document.addEventListener("submit", (event) => {
  if (!event.target.closest("#desk")) return;
  if (!ready) {
    event.preventDefault();
    event.stopImmediatePropagation();
    return;
  }
  if (event.target.id !== "deciding") return;
  const spent = clock.read();
  for (const [name, ms] of Object.entries(spent)) event.target.elements[name].value = ms;
  const decides = event.submitter?.name === "grade";
  hurried = decides && spent.active_ms < HURRIED ? spent.active_ms / 1000 : null;
}, true);

// Whoever has logged in again in another tab has a new token; the cookie knows it.
document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRFToken"] = /(?:^|; )csrftoken=([^;]+)/.exec(document.cookie)?.[1] ?? "";
});

document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target.id !== "desk" || event.detail.serverResponse.includes('id="desk"')) return;
  if (event.detail.xhr.status >= 400) return;
  event.detail.shouldSwap = false;
  const text = "You are logged out, and nothing was decided. Log in again in another tab, come back, and decide again.";
  document.dispatchEvent(new CustomEvent("toast", { detail: { text, level: "error" } }));
});

document.addEventListener("htmx:afterSettle", (event) => event.detail.target?.id === "desk" && arrived(true));

// A cause that is pressed once more is taken back; `m` writes the note, Esc leaves it.
document.addEventListener("pointerdown", (event) => remember(event.target.closest("label")?.querySelector("[name=reason]")));
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && event.target.id === "note") event.target.blur();
  else remember(document.querySelector(`[name=reason][data-keys="${CSS.escape(event.key.toLowerCase())}"]`));
}, true);
function remember(radio) {
  if (radio) radio.dataset.was = radio.checked;
}
document.addEventListener("click", (event) => {
  if (event.target.id === "note") event.target.focus();
  const radio = event.target.closest("[name=reason]");
  if (radio?.dataset.was === "true") {
    delete radio.dataset.was;
    document.querySelector('[name=reason][value=""]').checked = true;
  }
});

listenForKeys({ first: ".grade-button", allowed: (control) => ready || !control.matches("[type=submit]") });
arrived(false);
