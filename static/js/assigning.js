// The assignment page: one press says of one nugget whether the answer has it, saves it and goes on to the next; after
// the last one comes the next answer, which is already here. What is pressed holds at once on the screen; the outbox
// brings it to the server, whose reply has the last word.

import { AnswerSheet, wordsOf } from "./assign_sheet.js";
import { Clock } from "./clock.js";
import { showLight } from "./light.js";
import { sayUnreachable } from "./notices.js";
import { Outbox, newKey } from "./outbox.js";
import { listenForKeys } from "./shortcuts.js";

const AHEAD = 2;

const $ = (id) => document.getElementById(id);
const [desk, stage, finished, labelling, controls, queue] = ["desk", "stage", "finished", "labelling", "controls", "queue"].map($);
const closed = "closed" in desk.dataset;
const links = [...queue.querySelectorAll("a")];

const cache = new Map(); // answer → its HTML
const asked = new Set(); // answers whose HTML is on its way
const known = new Map(); // item → what the server has said of it, or what was pressed, since its HTML came
const taken = []; // decisions of this visit, for undo
const clock = new Clock();
let sheet = null;
let wanted = null; // the answer that is to be shown
let painted = false;
let poll;

const answerOf = (link) => Number(link.dataset.answer);
const linkOf = (answer) => links.find((link) => answerOf(link) === answer);

// --- what is known of the answers ---

function stands(item, line) {
  const ofAll = `${item.split(".")[0]}.nothing`; // what was open when it was pressed
  const entry = outbox.own().findLast((each) => each.item === item || (each.item === ofAll && !line.dataset.label));
  if (entry) return { ...entry.after, pending: !entry.refused, refused: Boolean(entry.refused) };
  return known.get(item);
}

function setOpen(link, open) {
  link.dataset.open = open;
  link.querySelector(".left").textContent = open ? `${open} open` : "done";
}

function count() {
  if (sheet) setOpen(linkOf(sheet.answer), sheet.open.length);
  const done = links.filter((link) => link.dataset.open === "0").length;
  $("done").textContent = $("progress").value = done;
}

/** The answers with open nuggets that come after this one, and then those before it. */
function upcoming(from) {
  const at = links.findIndex((link) => answerOf(link) === from);
  const onwards = [...links.slice(at + 1), ...links.slice(0, Math.max(at, 0))];
  return onwards.filter((link) => link.dataset.open !== "0").map(answerOf);
}

// --- showing an answer ---

async function load(answer) {
  if (cache.has(answer)) return cache.get(answer);
  asked.add(answer);
  try {
    const response = await fetch(linkOf(answer).href, { headers: { "HX-Request": "true" }, redirect: "manual" });
    if (!response.ok) throw new Error(`${response.status}`);
    cache.set(answer, await response.text());
    return cache.get(answer);
  } finally {
    asked.delete(answer);
  }
}

function keepAhead() {
  for (const answer of upcoming(wanted).slice(0, AHEAD)) {
    if (!cache.has(answer) && !asked.has(answer)) load(answer).catch(() => {});
  }
}

/** `wording`: the nugget to stand at; without one, the first that is open. `skipping`: go on where none is. */
async function show(answer, { wording, skipping = false } = {}) {
  wanted = answer;
  painted = false;
  clearTimeout(poll);
  finished.hidden = true;
  desk.removeAttribute("data-finished");
  desk.removeAttribute("data-ready");
  let html = cache.get(answer);
  if (html === undefined) {
    const slow = setTimeout(() => (stage.dataset.waiting = ""), 200);
    html = await load(answer).catch(() => null);
    clearTimeout(slow);
    delete stage.dataset.waiting;
    if (wanted !== answer) return;
  }
  if (html === null) {
    sheet = null;
    sayUnreachable(stage, outbox.loggedOut);
    poll = setTimeout(() => show(answer, { wording, skipping }), 3000);
    return;
  }
  stage.innerHTML = html;
  opened({ wording, skipping, focus: true });
}

function opened({ wording, skipping = false, focus = false } = {}) {
  sheet = new AnswerSheet(stage.firstElementChild, stands);
  count();
  if (skipping && !sheet.open.length) return goOn(); // labelled here meanwhile
  controls.disabled = closed || !sheet.lines.length;
  for (const link of links) link.removeAttribute("aria-current");
  linkOf(sheet.answer).setAttribute("aria-current", "true");
  labelling.action = `${linkOf(sheet.answer).href}label/`;
  history.replaceState(null, "", linkOf(sheet.answer).href);
  const line = sheet.lines.find((each) => each.dataset.wording === wording);
  if (focus) $("answer-title").focus({ preventScroll: true });
  requestAnimationFrame(() => requestAnimationFrame(() => {
    painted = true;
    point(line ?? sheet?.open[0] ?? sheet?.lines[0]);
  }));
  keepAhead();
}

/** This nugget is the one that keys are about. */
function point(line) {
  if (!line || !sheet) return;
  sheet.point(line);
  $("wording").value = line.dataset.wording;
  press();
  clock.begin(`${desk.dataset.user}.n${sheet.item(line)}`);
  desk.dataset.ready = sheet.item(line);
}

function press() {
  const { label, suggestion } = sheet.current.dataset;
  for (const button of controls.querySelectorAll("[name=label]")) button.setAttribute("aria-pressed", String(button.value === label));
  const accept = $("accept");
  if (!accept) return;
  accept.hidden = closed || !suggestion || Boolean(sheet.nothing);
  $("no-suggestion").hidden = Boolean(suggestion);
  $("suggested-words").textContent = wordsOf(suggestion);
}

function goOn() {
  const following = upcoming(wanted)[0];
  if (following) show(following, { skipping: true });
  else finish();
}

function finish() {
  sheet = null;
  wanted = null;
  stage.replaceChildren();
  controls.disabled = true;
  desk.removeAttribute("data-ready");
  desk.dataset.finished = "";
  finished.hidden = false;
  for (const link of links) link.removeAttribute("aria-current");
  history.replaceState(null, "", queue.dataset.duty);
  finished.focus({ preventScroll: true });
}

// --- deciding ---

function decide(label) {
  const line = sheet.current;
  if (!line || closed) return;
  const revised = !sheet.open.length; // an answer that was done: nobody is sent away from it
  taken.push({ answer: sheet.answer, before: [[line.dataset.wording, sheet.stands(line)]] });
  send(line, { label, sentence: sheet.sentenceFor(line, label) }, clock.end());
  const following = revised ? sheet.neighbour(1) ?? line : sheet.following(line);
  if (following) point(following);
  else goOn();
}

/** An empty answer: one save for all its open nuggets. */
function decideNothing() {
  const answer = sheet.answer;
  const open = sheet.open;
  if (!open.length) return goOn();
  const after = { label: "not_support", sentence: "" };
  taken.push({ answer, before: open.map((line) => [line.dataset.wording, sheet.stands(line)]) });
  const url = stage.firstElementChild.dataset.nothingUrl;
  for (const line of open) sheet.say(line, after, { pending: true });
  outbox.add({ item: `${answer}.nothing`, url, form: [["idempotency_key", newKey()]], after });
  for (const line of open) known.set(sheet.item(line), after);
  count();
  goOn();
}

function send(line, after, times = {}) {
  const item = sheet.item(line);
  const form = new URLSearchParams({ wording: line.dataset.wording, idempotency_key: newKey(), ...after, ...times });
  form.set("shown", "suggestion" in line.dataset ? "1" : "0");
  sheet.settle(line);
  sheet.say(line, after, { pending: true });
  known.set(item, after);
  outbox.add({ item, url: `${linkOf(sheet.answer).href}label/`, form: [...form], after });
  count();
}

async function undo() {
  const last = taken.pop() ?? lastHere();
  if (!last) {
    $("announcer").textContent = "There is nothing to undo here.";
    return;
  }
  const { answer, before } = last;
  if (sheet?.answer !== answer) await show(answer, { wording: before[0][0] });
  if (sheet?.answer !== answer) return void taken.push(last); // it has not arrived: another press tries again
  for (const [wording, stood] of before) {
    const line = sheet.lines.find((each) => each.dataset.wording === wording);
    if (line) send(line, stood);
  }
  if (painted) point(sheet.lines.find((each) => each.dataset.wording === before[0][0]));
}

/** Nothing was labelled in this visit: the label of the nugget before the eyes is taken back. */
function lastHere() {
  const line = sheet?.current;
  return line?.dataset.label && { answer: sheet.answer, before: [[line.dataset.wording, { label: "", sentence: "" }]] };
}

function mark(sentence) {
  const line = sheet?.current;
  if (!line || closed || !sheet.toggle(sentence.dataset.sentence)) return;
  const { label } = line.dataset;
  taken.push({ answer: sheet.answer, before: [[line.dataset.wording, sheet.stands(line)]] });
  send(line, { label, sentence: sheet.sentenceFor(line, label) });
}

// --- what comes back ---

const outbox = new Outbox({
  user: desk.dataset.user,
  duty: desk.dataset.duty,
  onChange: reconcile,
  onTrouble() {},
  onRefused(entry, sentence, told) {
    document.dispatchEvent(new CustomEvent("toast", { detail: { text: sentence, level: "error" } }));
    if (told?.open) renew(entry, told.open);
  },
  onReply(entry, { item }) {
    if (!item || !("label" in item)) return;
    const waits = outbox.own().some((each) => each.item === item.id);
    if (!waits) known.set(item.id, { label: item.label, sentence: item.sentence ?? "" });
  },
});

/** The list has changed under this page: every answer is asked for again, with the nuggets as they stand. */
function renew(entry, open) {
  outbox.discard(entry.name);
  known.delete(entry.item);
  cache.clear();
  for (const link of links) setOpen(link, open[link.dataset.answer] ?? 0);
  if (wanted) show(wanted);
  else if (upcoming(null).length) goOn();
}

/** The light, and in the list what is on its way, also from another tab. */
function reconcile() {
  showLight(outbox);
  sheet?.repaint((item, line) => {
    return stands(item, line) ?? (line.matches("[data-pending], [data-refused]") ? sheet.stands(line) : undefined);
  });
}

// --- hands ---

labelling.addEventListener("submit", (event) => {
  event.preventDefault();
  if (sheet && painted && event.submitter?.name === "label") decide(event.submitter.value);
});
$("accept")?.addEventListener("click", () => painted && decide(sheet.current.dataset.suggestion));
$("undo").addEventListener("click", undo);
$("up").addEventListener("click", () => sheet && point(sheet.neighbour(-1)));
$("down").addEventListener("click", () => sheet && point(sheet.neighbour(1)));
for (const [id, step] of [["previous", -1], ["next", 1]]) {
  $(id).addEventListener("click", () => {
    const link = links[links.findIndex((each) => answerOf(each) === wanted) + step];
    if (link && wanted) show(answerOf(link));
  });
}

stage.addEventListener("click", (event) => {
  const nugget = event.target.closest(".nugget");
  const sentence = event.target.closest(".sentence");
  if (nugget) point(nugget);
  else if (sentence && !String(getSelection())) mark(sentence);
  else if (event.target.closest("#nothing") && painted) decideNothing();
});
stage.addEventListener("keydown", (event) => {
  const sentence = event.target.closest(".sentence");
  if (!sentence || (event.key !== "Enter" && event.key !== " ")) return;
  event.preventDefault();
  mark(sentence);
});
queue.addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  $("answers").hidePopover();
  show(answerOf(link));
});
// What a mouse has pressed keeps no focus: Enter then takes the suggestion over, and presses nothing again. The second
// half of a double click would fall on the next nugget. Keys click too, with a detail of 0.
document.addEventListener("click", (event) => {
  const pressed = event.detail && event.target.closest("#labelling button, .nugget, .sentence");
  if (!pressed) return;
  pressed.blur();
  if (event.detail > 1 && pressed.closest("#controls, .suggested")) {
    event.preventDefault();
    event.stopPropagation();
  }
}, { capture: true });

window.addEventListener("online", keepAhead);
listenForKeys({ first: "#nothing", allowed: (control) => painted || !control.closest("#controls, .suggested, .assign-sheet") });

// --- opening ---

showLight(outbox);
outbox.send();
const here = Number(desk.dataset.answer);
if (here) {
  cache.set(here, stage.innerHTML);
  wanted = here;
  opened({ skipping: false });
}
