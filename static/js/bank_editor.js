// The editor of a list of nuggets. The server holds the list: each edit is sent with the revision that was seen, and what
// comes back is the list as it is then, also with what others did. A text that is being written stays until it is saved.

import { listenForDrags } from "./bank_drag.js";
import { newKey } from "./outbox.js";
import { spanOf } from "./passage_text.js";
import "./score_strip.js";
import { listenForKeys } from "./shortcuts.js";

const LOOK = 4_000;
const PAUSE = 250; // between key presses, before the words are looked up in the answers

const $ = (id) => document.getElementById(id);
const editor = $("editor");
const desk = $("desk");
const field = $("desk-text");
const marked = new Set();
let current = null; // the number of the chosen nugget
let writing = null; // {kind, numbers, seen, source, lines}: what the desk is open for
let sending = Promise.resolve(); // edits go one after the other
let underWay = 0;
let lookup; // timer of the impact

const list = () => $("list");
const revision = () => Number(list().dataset.revision);
const rows = () => [...document.querySelectorAll(".nugget")];
const numberOf = (row) => Number(row.dataset.number);
const rowOf = (number) => $(`nugget-${number}`);
const textOf = (number) => rowOf(number)?.querySelector(".nugget-text").textContent ?? "";
const toast = (text, level = "error") => document.dispatchEvent(new CustomEvent("toast", { detail: { text, level } }));

// --- the list on the screen ---

function choose(number, focus = true) {
  current = number;
  for (const row of rows()) {
    const chosen = numberOf(row) === number;
    row.classList.toggle("is-chosen", chosen);
    row.querySelector(".nugget-text").toggleAttribute("aria-current", chosen);
    if (chosen && focus) row.querySelector(".nugget-text").focus({ preventScroll: true });
    if (chosen) row.scrollIntoView({ block: "nearest" });
  }
  for (const button of document.querySelectorAll("#dock [data-one]")) button.disabled = !rowOf(number);
}

function mark(number, whether = !marked.has(number)) {
  if (whether) marked.add(number);
  else marked.delete(number);
  showMarks();
}

function showMarks() {
  for (const number of marked) if (!rowOf(number)) marked.delete(number);
  for (const row of rows()) {
    const mark = row.querySelector(".nugget-mark");
    if (mark) mark.checked = marked.has(numberOf(row));
    row.classList.toggle("is-marked", marked.has(numberOf(row)));
  }
  const merge = document.querySelector("[data-do=merge]");
  if (merge) merge.disabled = marked.size < 2;
  if (merge) $("marked-count").textContent = marked.size ? `${marked.size}` : "";
}

/** The list as the server has it now. `wanted`: the nugget to choose; else the same one, or the one in its place. */
function renew({ html, revision: now }, wanted) {
  if (now < revision()) return; // an answer that came late
  const before = rows().map(numberOf);
  const place = before.indexOf(current);
  const open = [...list().querySelectorAll("details[open]")].map((each) => each.closest("[id]").id + each.className);
  const focused = list().contains(document.activeElement) || document.activeElement === document.body;
  const fresh = new DOMParser().parseFromString(html, "text/html").getElementById("list");
  list().replaceWith(fresh);
  for (const each of list().querySelectorAll("details")) {
    if (open.includes(each.closest("[id]").id + each.className)) each.open = true;
  }
  const after = rows().map(numberOf);
  const added = after.filter((number) => !before.includes(number));
  const next = wanted === "new" && added.length ? added[0] : after.includes(current) ? current : after[Math.min(place, after.length - 1)];
  choose(next ?? null, focused && !writing);
  showMarks();
  $("editor-count").textContent = `${after.length} nugget${after.length === 1 ? "" : "s"}`;
  if ($("freeze-seen")) $("freeze-seen").value = now;
  document.dispatchEvent(new Event("list-renewed"));
}

// --- to the server and back ---

function say(state, words) {
  const light = $("editor-light");
  light.dataset.state = state;
  if (light.textContent !== words) light.textContent = words;
}

/** One edit; resolves to whether it was made. `refused(why)`: it was not, and nothing was stored. */
function send(fields, { wanted, refused = toast, seen } = {}) {
  underWay += 1;
  say("saving", "saving");
  sending = sending.then(async () => {
    const before = revision();
    const body = new URLSearchParams({ key: newKey(), seen: seen?.() ?? before, ...fields });
    const { status, reply } = await post(editor.dataset.edit, body);
    underWay -= 1;
    say(status === 0 ? "lost" : underWay ? "saving" : "saved", status === 0 ? "not saved" : underWay ? "saving" : "saved");
    if (reply?.html) {
      // What was written meanwhile was written before one's own edit, which is no surprise.
      if (status === 200 && writing && writing.seen === before && reply.revision === before + 1) writing.seen = reply.revision;
      renew(reply, status === 200 ? wanted : undefined);
    }
    if (status === 200) return true;
    refused(reply?.error ?? "Not saved: the server cannot be reached. Your text is still here; save it again.");
    return false;
  });
  return sending;
}

async function post(url, body) {
  const token = /(?:^|; )csrftoken=([^;]+)/.exec(document.cookie)?.[1] ?? "";
  try {
    const headers = { Accept: "application/json", "X-CSRFToken": token };
    const response = await fetch(url, { method: "POST", headers, body, redirect: "manual" });
    if (response.type === "opaqueredirect") return { status: 401, reply: { error: "You are logged out: log in in another tab, then save again." } };
    const isJson = response.headers.get("Content-Type")?.startsWith("application/json");
    const reply = isJson ? await response.json() : { error: "The server could not do that. Try again." };
    return { status: response.status, reply };
  } catch {
    return { status: 0, reply: null };
  }
}

/** What others did meanwhile; while something is written here, it waits. */
async function look() {
  if (document.hidden || writing || underWay) return;
  try {
    const response = await fetch(`${editor.dataset.live}?seen=${revision()}`, { headers: { Accept: "application/json" }, redirect: "manual" });
    if (response.status !== 200 || writing || underWay) return;
    renew(await response.json());
  } catch {
    // no connection: the next look tells more
  }
}

// --- the desk, where texts are written ---

const LABELS = {
  add: () => "New nugget",
  reword: (numbers) => `Reword nugget ${numbers}`,
  merge: (numbers) => `Merge nuggets ${numbers.join(", ")} into one`,
  split: (numbers) => `Split nugget ${numbers}: one fact a line`,
  sub_narrative: (numbers) => `Sub-narrative of nugget ${numbers}`,
  note: (numbers) => `Note on nugget ${numbers}`,
};
const WORDED = ["add", "reword", "merge"]; // their text is looked up in the answers

function write(kind, numbers, text, source = null) {
  writing = { kind, numbers, seen: revision(), source, lines: kind === "split" || kind === "note" };
  $("desk-label").textContent = LABELS[kind](numbers);
  $("desk-choices").hidden = kind !== "sub_narrative";
  $("desk-source").textContent = source ? `Source: ${source.docid}${source.text ? `, “${source.text.slice(0, 160)}”` : ""}` : "";
  $("desk-save-key").textContent = writing.lines ? "Ctrl ↵" : "↵";
  $("desk-impact").replaceChildren();
  trouble("");
  field.value = text;
  desk.hidden = false;
  field.focus();
  field.setSelectionRange(text.length, text.length);
  desk.scrollIntoView({ block: "nearest" });
  lookUp();
}

function trouble(words) {
  $("desk-error").hidden = !words;
  $("desk-error").textContent = words;
}

function leave() {
  writing = null;
  desk.hidden = true;
  choose(current);
  look();
}

async function save() {
  const mine = writing;
  if (!mine || mine.busy) return;
  mine.busy = true;
  trouble("");
  const fields = { kind: mine.kind, numbers: mine.numbers.join(" "), text: field.value, ...spanFields(mine.source) };
  const made = await send(fields, {
    wanted: mine.kind === "reword" ? undefined : "new",
    seen: () => mine.seen,
    refused(why) {
      trouble(why);
      mine.seen = revision(); // it has been read: whoever saves again means it
    },
  });
  mine.busy = false;
  if (!made || writing !== mine) return;
  if (mine.kind === "merge") marked.clear();
  showMarks();
  leave();
}

function lookUp() {
  clearTimeout(lookup);
  if (!WORDED.includes(writing?.kind)) return;
  lookup = setTimeout(async () => {
    const mine = writing;
    const text = field.value.trim();
    if (!mine || !text) return $("desk-impact").replaceChildren();
    const number = mine.kind === "reword" ? mine.numbers[0] : "";
    try {
      const response = await fetch(`${editor.dataset.impact}?${new URLSearchParams({ text, number })}`);
      if (response.ok && writing === mine && field.value.trim() === text) $("desk-impact").innerHTML = await response.text();
    } catch {
      $("desk-impact").replaceChildren();
    }
  }, PAUSE);
}

const spanFields = (source) =>
  source ? { docid: source.docid, ...(source.text ? { start: source.start, end: source.end } : {}) } : {};

/** What is selected in the passage, if anything is; `whole`: else the passage as such. */
function sourceHere(whole) {
  const passage = $("passage");
  if (!passage) return null;
  const selection = getSelection();
  const span = selection.rangeCount && !selection.isCollapsed ? spanOf(selection.getRangeAt(0)) : null;
  return span ? { docid: passage.dataset.docid, ...span } : whole ? { docid: passage.dataset.docid } : null;
}

// --- what can be done ---

const one = (kind, more = {}) => send({ kind, numbers: current, ...more });
const place = () => rows().findIndex((row) => numberOf(row) === current);
const ACTIONS = {
  add() {
    const source = sourceHere(false);
    write("add", [], source?.text ?? "", source);
  },
  reword: () => write("reword", [current], textOf(current)),
  mark: () => mark(current),
  merge: () => write("merge", [...marked], [...marked].map(textOf).join(" ")),
  split: () => write("split", [current], textOf(current)),
  retire: () => one("retire"),
  importance: () => one("importance", { text: rowOf(current).dataset.importance === "vital" ? "okay" : "vital" }),
  sub_narrative: () => write("sub_narrative", [current], rowOf(current).querySelector(".nugget-sub-whole")?.textContent ?? ""),
  note: () => write("note", [current], rowOf(current).querySelector(".nugget-note")?.innerText ?? ""),
  up: () => one("reorder", { place: Math.max(0, place() - 1) }),
  down: () => one("reorder", { place: place() + 1 }),
  passage: () => one("passage", spanFields(sourceHere(true))),
  undo: () => send({ kind: "undo" }),
  redo: () => send({ kind: "redo" }),
};

function walk(step) {
  const all = rows();
  const at = place();
  const next = all[at < 0 ? 0 : Math.min(Math.max(at + step, 0), all.length - 1)];
  if (next) choose(numberOf(next));
}

async function turnPage(step) {
  const passage = $("passage");
  const next = Number(passage?.dataset.n) + step;
  if (!(next >= 0 && next < Number(passage.dataset.count))) return;
  const response = await fetch(`${editor.dataset.passage}?n=${next}`);
  if (!response.ok) return toast("That passage cannot be shown now. Reload the page.");
  $("stage").innerHTML = await response.text();
  $("stage").scrollTop = 0;
}

document.addEventListener("click", (event) => {
  const at = (selector) => event.target.closest(selector);
  const row = at(".nugget");
  if (at("[data-do]")) return ACTIONS[at("[data-do]").dataset.do]();
  if (at("[data-walk]")) return walk(Number(at("[data-walk]").dataset.walk));
  if (at("#previous-passage")) return turnPage(-1);
  if (at("#next-passage")) return turnPage(1);
  if (at("#desk-cancel")) return leave();
  if (at("[data-choice]")) return ((field.value = at("[data-choice]").dataset.choice), field.focus());
  if (at("[data-restore]")) return send({ kind: "restore", numbers: at("[data-restore]").dataset.restore }, { wanted: "new" });
  if (at("[data-mark-pair]")) return at("[data-mark-pair]").dataset.markPair.split(" ").forEach((each) => mark(Number(each), true));
  if (at("#show-keys")) return $("keys").showModal();
  if (at("#show-history")) return history();
  if (!row || at("summary, details")) return;
  if (at(".nugget-mark")) return mark(numberOf(row), at(".nugget-mark").checked);
  choose(numberOf(row));
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-unlink]");
  if (button) send({ kind: "passage", numbers: numberOf(button.closest(".nugget")), place: button.dataset.unlink });
});

async function history() {
  $("history-body").textContent = "…";
  $("history").showModal();
  const response = await fetch(editor.dataset.history);
  if (response.ok) $("history-body").innerHTML = await response.text();
}

if (desk) {
  document.addEventListener("dblclick", (event) => event.target.closest(".nugget-text") && ACTIONS.reword());
  desk.addEventListener("submit", (event) => {
    event.preventDefault();
    save();
  });
  field.addEventListener("input", lookUp);
  field.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Escape") leave();
    else if (event.key !== "Enter" || event.shiftKey || (writing.lines && !event.ctrlKey && !event.metaKey)) return;
    else save();
    event.preventDefault();
  });
  // Buttons of the dock take the focus, not the selection in the passage that they are about.
  for (const button of document.querySelectorAll("#dock button")) button.addEventListener("mousedown", (event) => event.preventDefault());
  listenForDrags((number, to) => {
    choose(number);
    send({ kind: "reorder", numbers: number, place: to });
  });
  window.addEventListener("beforeunload", (event) => (underWay || (writing && field.value.trim() && field.value !== textOf(current))) && event.preventDefault());
}

const modal = () => document.querySelector("dialog[open]");
listenForKeys({ first: "#dock button", allowed: () => !writing && !modal() });
setInterval(look, LOOK);
document.addEventListener("visibilitychange", look);
choose(rows()[0] ? numberOf(rows()[0]) : null, false);
editor.dataset.ready = "";
