// The judging page: one press grades, saves and shows the next passage, which is already here.
// What is pressed holds at once on the screen; the outbox brings it to the server, whose reply has the last word.

import { Clock } from "./clock.js";
import { Column, idOf, isOpen, stateOf } from "./column.js";
import { Desk } from "./desk.js";
import { followPassages, refuseSecondClicks } from "./hands.js";
import { showLight } from "./light.js";
import { sayLate, sayUnreachable } from "./notices.js";
import { aim, press, rest } from "./panel.js";
import { listenForKeys } from "./shortcuts.js";
import { Outbox, newKey } from "./outbox.js";
import { readingTools } from "./reading_tools.js";
import { committed, conceal, inSight, reveal } from "./reveal.js";

const AHEAD = 2;
const LOOK_AGAIN = 15_000;
const POLL_PAUSES = [2000, 3000, 5000, 8000, 15_000];

const $ = (id) => document.getElementById(id);
const [desk, stage, finished, grading, controls] = ["desk", "stage", "finished", "grading", "controls"].map($);
const column = new Column($("entries"));
const served = "served" in desk.dataset; // the server hands the passages out, one ahead
const revealsLater = desk.dataset.reveal === "commit_then_reveal";

const cache = new Map(); // passage → its HTML
const asked = new Set(); // passages whose HTML is on its way
const taken = []; // decisions of this visit, for undo
const clock = new Clock();
let current = Number(desk.dataset.item) || null;
let painted = false;
let waiting = false; // for the server to hand out the next passage
let poll;

// --- what is known of the passages ---

function mark(link, stands, pending = false, refused = false) {
  column.mark(link, stands, pending, refused);
  if (idOf(link) === current) press(stateOf(link));
}

function count(progress) {
  const done = progress?.done ?? column.links.filter((link) => !isOpen(link)).length;
  const total = progress?.total ?? (served ? Math.max($("progress").max, done) : column.links.length);
  $("done").textContent = $("progress").value = done;
  $("total").textContent = $("progress").max = total;
  $("finished-total").textContent = served ? done : total;
  $("open").textContent = column.links.filter(isOpen).length;
}

/** The passages that come after this one: what is unjudged, then what was put off; that is served when its time comes. */
const upcoming = (from) => [...column.onwards(from, ""), ...(served ? [] : column.onwards(from, "skipped"))];

const neighbour = (step) => column.neighbour(current, step);

// --- showing a passage ---

async function load(id) {
  if (cache.has(id)) return cache.get(id);
  asked.add(id);
  try {
    const response = await fetch(column.get(id).href, { headers: { "HX-Request": "true" }, redirect: "manual" });
    if (response.status === 404 && served) gone([id]);
    if (!response.ok) throw new Error(`${response.status}`);
    cache.set(id, await response.text());
    return cache.get(id);
  } finally {
    asked.delete(id);
  }
}

function keepAhead() {
  const near = [...(current ? upcoming(current).slice(0, AHEAD) : []), neighbour(-1) && idOf(neighbour(-1))];
  for (const id of near) {
    // A label that comes with a passage counts as seen: it is asked for when the passage is.
    const mayReveal = revealsLater && column.get(id)?.dataset.state === "graded";
    if (id && !cache.has(id) && !asked.has(id) && !mayReveal) load(id).catch(() => {});
  }
}

async function show(id, { focus = true } = {}) {
  current = id;
  painted = waiting = false;
  clearTimeout(poll);
  finished.hidden = true;
  delete desk.dataset.finished;
  delete desk.dataset.ready;
  address();
  let html = cache.get(id);
  if (html === undefined) {
    const slow = setTimeout(() => (stage.dataset.waiting = ""), 200);
    html = await load(id).catch(() => null);
    clearTimeout(slow);
    delete stage.dataset.waiting;
    if (current !== id) return;
  }
  if (html === null) {
    if (!column.get(id)) return goOn(null);
    sayUnreachable(stage, outbox.loggedOut);
    poll = setTimeout(() => show(id), 3000);
    return;
  }
  stage.innerHTML = html;
  opened(focus);
}

/** The passage stands in the page: keys count once it has been painted. */
function opened(focus) {
  press(stateOf(column.get(current)));
  stage.querySelector(".passage-meta .num").textContent = column.links.indexOf(column.get(current)) + 1;
  if (focus) {
    window.scrollTo(0, 0);
    $("passage-title").focus({ preventScroll: true });
  }
  whenPainted(() => clock.begin(`${desk.dataset.user}.${current}`));
  awaitSuggestion(0);
  keepAhead();
}

function whenPainted(then) {
  requestAnimationFrame(() => requestAnimationFrame(() => {
    painted = true;
    desk.dataset.ready = current;
    then?.();
  }));
}

/** The reply to a grade or to an undo has brought this passage again, with its suggestion if it may be seen now. */
function revealed({ url, after }, html) {
  const shown = reveal(stage, html, $("announcer"));
  const waited = !painted && url.endsWith("judgment/") && after.state === "graded";
  if (shown || !waited) return whenPainted();
  goOn(current); // no label to wait for
}

function address() {
  const link = column.get(current);
  column.point(current);
  aim(link, neighbour(-1), neighbour(1));
  history.replaceState(null, "", link.href);
}

/** From this passage to the next one that is here, or that the server hands out. */
function goOn(from) {
  const following = upcoming(from)[0];
  if (following) show(following);
  else if (served) awaitNext();
  else finish(0);
}

/** Nothing more is here: the reply to the last save brings the next passage, or it is asked for. */
function awaitNext() {
  leave();
  waiting = true;
  finished.hidden = true;
  poll = setTimeout(() => waiting && sayUnreachable(stage, outbox.loggedOut), 3000);
  if (!outbox.own().some((entry) => !entry.refused)) place.tell({ next: 1 });
}

function leave() {
  current = null;
  clearTimeout(poll);
  stage.replaceChildren();
  desk.removeAttribute("data-ready");
  rest();
}

/** `elsewhere`: so many passages are on other people's desks, and some of them may come back. */
function finish(elsewhere) {
  leave();
  waiting = false;
  desk.dataset.finished = "";
  finished.hidden = false;
  finished.toggleAttribute("data-elsewhere", elsewhere > 0);
  for (const many of finished.querySelectorAll(".elsewhere-count")) many.textContent = elsewhere;
  lookAgain();
  column.point(null);
  history.replaceState(null, "", $("entries").dataset.duty);
  window.scrollTo(0, 0);
  finished.focus({ preventScroll: true });
}

function lookAgain() {
  if (!finished.matches("[data-elsewhere]")) return;
  poll = setTimeout(() => (document.hidden ? lookAgain() : place.tell({ next: 1 })), LOOK_AGAIN);
}

/** What the server has handed out, after a save or when it was asked. */
function handedOut({ next, elsewhere }) {
  for (const { id, html, entry } of next) {
    column.add(id, entry);
    cache.set(id, html);
  }
  count();
  if (current) return address();
  // What was put off is not upcoming: it comes when the server says so. Some of it may be judged here, and on its way.
  const following = upcoming(null)[0] ?? next.map(({ id }) => id).find((id) => isOpen(column.get(id)));
  if (following) return show(following);
  if (waiting && outbox.own().some((entry) => !entry.refused)) return; // one of those has it
  if (waiting || !finished.hidden) finish(elsewhere);
}

/** These are on somebody else's desk now. */
function gone(ids) {
  column.drop(ids);
  for (const id of ids) cache.delete(id);
  count();
}

/** While the judge is still at work: asks for the suggestion of this one passage, less and less often. */
function awaitSuggestion(round) {
  if (!stage.querySelector("[data-awaited]")) return;
  const id = current;
  poll = setTimeout(async () => {
    if (!document.hidden) {
      cache.delete(id);
      const html = await load(id).catch(() => null);
      if (current !== id) return;
      if (html) reveal(stage, html, $("announcer"));
    }
    awaitSuggestion(round + 1);
  }, POLL_PAUSES[Math.min(round, POLL_PAUSES.length - 1)]);
}

// --- deciding ---

function decide(form) {
  const id = current;
  const link = column.get(id);
  const before = stateOf(link);
  const grade = form.get("accepted") ?? form.get("grade");
  const after = { state: form.get("state") ?? "graded", grade: grade ?? "" };
  const stay = revealsLater && after.state === "graded" && !inSight(stage);
  taken.push({ id, before });
  mark(link, after, true);
  const following = upcoming(id)[0] ?? (isOpen(link) && !served ? id : undefined);
  // The reply brings the passage that is missing furthest ahead; when a suggestion is revealed now, this one again.
  const missing = (each) => each !== id && !cache.has(each) && !asked.has(each);
  const want = stay ? id : !served && upcoming(following ?? id).find(missing);
  if (want) asked.add(want);
  if (stay) cache.delete(id);
  for (const [name, ms] of Object.entries(clock.end())) form.set(name, ms);
  form.set("want", want || "");
  if (served) {
    form.set("tab", place.tab);
    form.set("ahead", column.onwards(id, "").join(" "));
  }
  annotations.attach(id, form);
  send(link, "judgment/", form, after);
  count();
  if (stay) {
    painted = false;
    desk.removeAttribute("data-ready");
    committed(stage);
    clock.begin(`${desk.dataset.user}.${id}`);
  } else if (following) show(following);
  else goOn(id);
}

function undo() {
  const last = taken.pop() ?? (current && column.get(current).dataset.state && { id: current });
  if (!last) {
    $("announcer").textContent = "There is nothing to undo here.";
    return;
  }
  const link = column.get(last.id);
  const after = last.before ?? { state: "", grade: "" };
  mark(link, after, true);
  if (!after.state) annotations.keep(last.id);
  count();
  const form = new URLSearchParams();
  if (revealsLater) {
    cache.delete(last.id);
    form.set("want", last.id);
  }
  send(link, "undo/", form, after);
  if (revealsLater && last.id === current) conceal(stage);
  else show(last.id);
}

function send(link, path, form, after) {
  form.set("idempotency_key", newKey());
  form.delete("csrfmiddlewaretoken");
  outbox.add({ item: idOf(link), url: `${link.href}${path}`, form: [...form], after });
}

// --- what comes back ---

const outbox = new Outbox({
  user: desk.dataset.user,
  duty: desk.dataset.duty,
  onChange: reconcile,
  onTrouble: (entry) => asked.delete(Number(new URLSearchParams(entry.form).get("want"))),
  onRefused(entry, sentence) {
    this.onTrouble(entry);
    annotations.giveBack(entry);
    if (entry.item === current) painted = true;
    document.dispatchEvent(new CustomEvent("toast", { detail: { text: sentence, level: "error" } }));
    if (waiting) awaitNext();
  },
  onReply(entry, { item, progress, wanted, next, elsewhere }) {
    this.onTrouble(entry);
    const link = column.get(item.id);
    const own = outbox.own();
    if (link && !own.some((each) => each.item === item.id)) mark(link, item);
    if (link && !own.length) count(progress);
    if (next) handedOut({ next, elsewhere });
    if (!wanted || !column.get(wanted.id)) return;
    cache.set(wanted.id, wanted.html);
    if (wanted.id === current && revealsLater) revealed(entry, wanted.html);
  },
});

/** The light, and in the column what is on its way, also from another tab. */
function reconcile() {
  showLight(outbox);
  const entries = new Map(outbox.own().map((entry) => [entry.item, entry]));
  for (const link of column.links) {
    const entry = entries.get(idOf(link));
    if (entry) mark(link, entry.after, !entry.refused, Boolean(entry.refused));
    else if (link.matches("[data-pending], [data-refused]")) mark(link, stateOf(link));
  }
}

// --- one passage open, in one tab ---

const place = new Desk({
  url: desk.dataset.lease,
  user: desk.dataset.user,
  where: () => ({ item: current, ahead: served ? column.onwards(current, "") : [] }),
  onReply({ late, gone: lost, column: lines, progress, next, elsewhere }) {
    if (lines !== undefined) standAnew(lines, progress);
    if (lost?.length) gone(lost.filter((id) => id !== current));
    if (late) sayLate(stage);
    if (next) handedOut({ next, elsewhere });
  },
  onElsewhere(whether) {
    clock.read(); // from here on the time is away
    if (whether) $("elsewhere").showModal();
    else $("elsewhere").close();
    clock.read();
  },
});

/** The person comes back from another tab: the server tells how all passages stand. */
function standAnew(lines, progress) {
  column.replace(lines);
  if (revealsLater) cache.clear(); // what was graded there has its suggestion in sight
  reconcile();
  count(progress);
  const link = column.get(current);
  if (!link) return current && goOn(null);
  address();
  press(stateOf(link));
  if (!isOpen(link)) goOn(current);
}

$("judge-here").addEventListener("click", () => place.take());
$("elsewhere").addEventListener("cancel", (event) => event.preventDefault());
$("look-again").addEventListener("click", () => awaitNext());

// --- notes, evidence, scan terms ---

const annotations = readingTools({ desk, stage, column, outbox, send });

// --- hands ---

refuseSecondClicks("#controls [type=submit], .suggestion [type=submit]");
followPassages(column, show);

grading.addEventListener("submit", (event) => {
  event.preventDefault();
  if (event.submitter.id === "undo") return undo();
  if (!current || !painted) return;
  $("cannot").hidePopover();
  const form = new FormData(grading, event.submitter);
  if (form.get("state") === "unjudgeable" && !form.get("reason").trim()) {
    $("cannot").showPopover();
    $("reason").focus();
    return;
  }
  if (form.get("state") !== "unjudgeable") form.delete("reason");
  $("reason").value = "";
  decide(form);
});

const mayPress = (control) => !place.elsewhere && (painted || !control.closest("#controls, .suggestion"));
window.addEventListener("online", () => (waiting ? awaitNext() : keepAhead()));
listenForKeys({ first: ".grade-button", allowed: mayPress });

// --- opening ---

count();
reconcile();
outbox.send();
if (current) {
  cache.set(current, stage.innerHTML);
  address();
  opened(false);
} else lookAgain();
