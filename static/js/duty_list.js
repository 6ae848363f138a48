// The list of a topic's passages with their suggestions: corrected row by row from the keyboard, or many accepted at
// once. What is pressed holds at once on the screen; the outbox brings it to the server, whose reply has the last word.

import { Clock } from "./clock.js";
import { choose, current, idOf, isOpen, mark, neighbour, openByGrade, rowOf, rows, stateOf, toggleText } from "./duty_rows.js";
import { showLight } from "./light.js";
import { listenForKeys } from "./shortcuts.js";
import { Outbox, newKey } from "./outbox.js";

const $ = (id) => document.getElementById(id);
const page = $("list");
const DONE = ["graded", "unjudgeable"];
const clock = new Clock();
const taken = []; // what was done in this visit, for undo: {id, before} or {acceptance, ids}
let done = 0; // as the server has counted, and what is on its way

const say = (words) => ($("announcer").textContent = words);
const toast = (text, level) => document.dispatchEvent(new CustomEvent("toast", { detail: { text, level } }));
const unjudged = { state: "", grade: "" };

// --- what the screen says ---

function count(change = 0, progress) {
  done = progress?.done ?? done + change;
  $("done").textContent = $("progress").value = done;
  if (progress) $("total").textContent = $("progress").max = progress.total;
  const counts = openByGrade();
  const open = [...counts.values()].reduce((sum, each) => sum + each, 0);
  if (!$("accept-shown")) return; // the filter cannot be read: nothing is shown
  $("open-count").textContent = $("accept-count").textContent = open;
  for (const each of document.querySelectorAll("#acceptance [data-open]")) each.textContent = open;
  for (const line of document.querySelectorAll("#acceptance [data-of]")) {
    line.querySelector("strong").textContent = counts.get(line.dataset.of) ?? 0;
    line.hidden = !counts.has(line.dataset.of);
  }
  $("accept-shown").disabled = open === 0 || "closed" in $("dock").dataset;
}

/** Marks the row as it is going to be, and counts it. */
function expectRow(row, after) {
  const change = DONE.includes(after.state) - DONE.includes(row.dataset.state);
  mark(row, after, { pending: true });
  count(change);
  dress();
}

/** What the controls say of the row at hand. */
function dress() {
  const row = current();
  const { state, grade } = row ? stateOf(row) : unjudged;
  for (const button of document.querySelectorAll("#controls .grade-button")) {
    button.setAttribute("aria-pressed", String(state === "graded" && button.dataset.value === grade));
  }
  $("take-grade").textContent = row?.dataset.suggestion ?? "";
  $("take").disabled = !row?.dataset.suggestion;
  $("clear").disabled = !state;
  if (row) $("one-by-one").href = row.querySelector("h2 a").href;
}

function go(row, options) {
  if (!row) return;
  choose(row, options);
  clock.restart();
  dress();
}

// --- deciding ---

function decide(row, name, grade) {
  const next = neighbour(row, 1);
  taken.push({ id: idOf(row), before: stateOf(row) });
  expectRow(row, { state: "graded", grade });
  send(idOf(row), "judgment/", { [name]: grade, shown: row.dataset.suggestion ? 1 : 0, ...clock.read() }, { state: "graded", grade });
  if (next) return go(next);
  go(row);
  say("That was the last row shown.");
}

/** Takes back what was last said of a row of which this visit knows `before`, or does not. */
function takeBack(row, before = unjudged) {
  expectRow(row, before);
  send(idOf(row), "undo/", {}, before);
}

function undo() {
  const last = taken.pop();
  if (last?.acceptance) return takeAcceptanceBack(last);
  if (!last) return clearRow(current());
  const row = rowOf(last.id);
  if (row) {
    takeBack(row, last.before);
    go(row);
  } else send(last.id, "undo/", {}, last.before); // the filter has taken the row away
}

function clearRow(row) {
  if (!row?.dataset.state) return say("There is nothing to take back on this row.");
  const place = taken.findLastIndex((each) => each.id === idOf(row));
  const [known] = place < 0 ? [] : taken.splice(place, 1);
  takeBack(row, known?.before);
  go(row);
}

function send(id, path, form, after) {
  const url = new URL(`../items/${id}/${path}`, new URL($("filter").action)).href;
  outbox.add({ item: id, url, form: Object.entries({ ...form, idempotency_key: newKey() }), after });
}

// --- many at once ---

function accept(form) {
  const open = rows().filter(isOpen);
  const labels = Object.fromEntries(open.map((row) => [row.dataset.id, row.dataset.suggestion]));
  const acceptance = newKey();
  taken.push({ acceptance, ids: Object.keys(labels) });
  $("acceptance").hidePopover();
  outbox.add({
    item: 0,
    url: form.action,
    form: Object.entries({
      labels: Object.entries(labels).map((pair) => pair.join(":")).join(" "),
      reason: form.elements.reason.value,
      idempotency_key: acceptance,
    }),
    after: unjudged,
    rows: Object.fromEntries(Object.entries(labels).map(([id, grade]) => [id, { state: "graded", grade }])),
  });
  for (const row of open) mark(row, { state: "graded", grade: row.dataset.suggestion }, { pending: true });
  count(open.length);
  form.reset();
  go(current() ?? rows()[0]);
  say(`${open.length} suggestions accepted. Press u to take all of them back.`);
}

function takeAcceptanceBack({ acceptance, ids }) {
  const listed = ids.map(rowOf).filter(Boolean);
  outbox.add({
    item: 0,
    url: new URL("undo/", $("filter").action).href,
    form: Object.entries({ acceptance, idempotency_key: newKey() }),
    after: unjudged,
    rows: Object.fromEntries(ids.map((id) => [id, unjudged])),
  });
  for (const row of listed) mark(row, unjudged, { pending: true });
  count(-listed.length);
  go(current() ?? rows()[0]);
  say(`${ids.length} accepted suggestions are taken back.`);
}

// --- what comes back ---

const outbox = new Outbox({
  user: page.dataset.user,
  duty: page.dataset.duty,
  onChange: reconcile,
  onTrouble() {},
  onRefused(entry, sentence) {
    toast(sentence, "error");
    if (entry.rows) refresh(); // the server knows what stands
  },
  onReply(entry, reply) {
    const settled = !outbox.own().length;
    const row = reply.item.id && rowOf(reply.item.id);
    if (row && !outbox.own().some((each) => each.item === reply.item.id)) mark(row, reply.item);
    if (settled) count(0, reply.progress);
    if (reply.told) toast(reply.told, (reply.changed ?? reply.kept).length ? "warning" : "success");
    if ((reply.changed ?? reply.kept ?? []).length && settled) refresh();
  },
});

/** The light, and in the rows what is on its way, also from another tab or another page. */
function reconcile() {
  showLight(outbox);
  const pending = new Map();
  for (const entry of outbox.own()) {
    const refused = Boolean(entry.refused);
    if (entry.item) pending.set(String(entry.item), { after: entry.after, how: { pending: !refused, refused } });
    else if (!refused) for (const [id, after] of Object.entries(entry.rows)) pending.set(id, { after, how: { pending: true } });
  }
  for (const row of rows()) {
    const known = pending.get(row.dataset.id);
    if (known) mark(row, known.after, known.how);
    else if (row.matches("[data-pending], [data-refused]")) mark(row, stateOf(row));
  }
  dress();
}

const refresh = () => window.htmx.ajax("GET", location.href, { target: "#listed", swap: "outerHTML" });

/** The rows are new: the same one is at hand if it is still there, and what is on its way is marked again. */
function listed(focus) {
  const fresh = $("listed").dataset;
  const before = new Map(rows().map((row) => [row, row.dataset.state]));
  if (fresh.done !== undefined) count(0, { done: Number(fresh.done), total: Number(fresh.total) });
  reconcile();
  const changes = [...before].map(([row, state]) => DONE.includes(row.dataset.state) - DONE.includes(state));
  count(changes.reduce((sum, each) => sum + each, 0));
  go(current() ?? rows().find((row) => row.dataset.state === "") ?? rows()[0], { focus });
}

// --- hands ---

document.addEventListener("click", (event) => {
  const button = event.target.closest("#controls .grade-button, #dock button");
  const row = current();
  if (button && (row || button.id === "undo")) {
    if (button.matches(".grade-button")) decide(row, "grade", button.dataset.value);
    else if (button.id === "take") decide(row, "accepted", row.dataset.suggestion);
    else if (button.id === "undo") undo();
    else if (button.id === "clear") clearRow(row);
    else if (button.id === "whole") toggleText(row);
    else go(neighbour(row, button.id === "next" ? 1 : -1) ?? row);
    return;
  }
  const clicked = event.target.closest("#rows > li");
  if (clicked && !event.target.closest("a") && !String(getSelection())) go(clicked);
});

document.addEventListener("dblclick", (event) => {
  const row = event.target.closest("#rows > li");
  if (row && !event.target.closest("a")) toggleText(row);
});

document.addEventListener("submit", (event) => {
  if (event.target.id !== "acceptance-form") return;
  event.preventDefault();
  const reason = event.target.elements.reason;
  reason.setCustomValidity(reason.value.trim() ? "" : "Say it in a few words.");
  if (event.target.reportValidity()) accept(event.target);
});

document.addEventListener("input", (event) => event.target.id === "acceptance-reason" && event.target.setCustomValidity(""));

$("filter").addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  event.preventDefault();
  go(current() ?? rows()[0]);
});

document.addEventListener("htmx:afterSwap", ({ target }) => {
  if (target.id === "listed") listed(!document.activeElement?.closest("#filter"));
});

listenForKeys({ first: ".grade-button", allowed: () => true });

// --- opening ---

listed(true);
outbox.send();
