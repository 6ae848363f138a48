// The judging page: one press grades, saves and shows the next passage, which is already here.
// What is pressed holds at once on the screen; the outbox brings it to the server, whose reply has the last word.

import { Clock } from "./clock.js";
import { showLight } from "./light.js";
import { listenForKeys } from "./shortcuts.js";
import { Outbox, newKey } from "./outbox.js";
import { committed, conceal, inSight, reveal } from "./reveal.js";

const AHEAD = 2;
const POLL_PAUSES = [2000, 3000, 5000, 8000, 15_000];

const $ = (id) => document.getElementById(id);
const [desk, stage, finished, grading, controls] = ["desk", "stage", "finished", "grading", "controls"].map($);
const passages = [...$("entries").querySelectorAll("a")];
const byId = new Map(passages.map((link) => [Number(link.dataset.id), link]));
const revealsLater = desk.dataset.reveal === "commit_then_reveal";

const cache = new Map(); // passage → its HTML
const asked = new Set(); // passages whose HTML is on its way
const taken = []; // decisions of this visit, for undo
const clock = new Clock();
let current = Number(desk.dataset.item) || null;
let painted = false;
let poll;

// --- what the screen knows of each passage: the column is the model ---

const idOf = (link) => Number(link.dataset.id);
const isOpen = (link) => link.dataset.state === "" || link.dataset.state === "skipped";
const stateOf = (link) => ({ state: link.dataset.state, grade: link.dataset.grade });

function mark(link, { state, grade }, pending = false, refused = false) {
  link.dataset.state = state;
  link.dataset.grade = grade ?? "";
  link.toggleAttribute("data-pending", pending);
  link.toggleAttribute("data-refused", refused);
  const badge = link.querySelector(".grade");
  badge.dataset.grade = grade ?? "";
  badge.textContent = { graded: grade, skipped: "l", unjudgeable: "x" }[state] ?? "";
  const said = { graded: `grade ${grade}`, skipped: "put off", unjudgeable: "can’t be judged" }[state] ?? "unjudged";
  link.querySelector(".entry-words").textContent = `, ${said}${refused ? ", refused" : pending ? ", not saved yet" : ""}`;
  if (idOf(link) === current) press(stateOf(link));
}

function count(progress) {
  const done = progress?.done ?? passages.filter((link) => !isOpen(link)).length;
  $("done").textContent = $("progress").value = done;
  $("total").textContent = $("finished-total").textContent = $("progress").max = progress?.total ?? passages.length;
  $("open").textContent = passages.filter(isOpen).length;
}

/** Open passages in the order in which they come: unjudged after this one, unjudged before it, then the put-off ones. */
function upcoming(from) {
  const here = passages.indexOf(byId.get(from));
  const onwards = [...passages.slice(here + 1), ...passages.slice(0, Math.max(here, 0))];
  const put = (state) => onwards.filter((link) => link.dataset.state === state);
  return [...put(""), ...put("skipped")].map(idOf);
}

const neighbour = (step) => passages[passages.indexOf(byId.get(current)) + step];

// --- showing a passage ---

async function load(id) {
  if (cache.has(id)) return cache.get(id);
  asked.add(id);
  try {
    const response = await fetch(byId.get(id).href, { headers: { "HX-Request": "true" }, redirect: "manual" });
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
    const mayReveal = revealsLater && byId.get(id)?.dataset.state === "graded";
    if (id && !cache.has(id) && !asked.has(id) && !mayReveal) load(id).catch(() => {});
  }
}

async function show(id, { focus = true } = {}) {
  current = id;
  painted = false;
  clearTimeout(poll);
  finished.hidden = true;
  delete desk.dataset.finished;
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
    const note = Object.assign(document.createElement("p"), { className: "note note-warn unreachable" });
    note.textContent = `This passage has not arrived: ${outbox.loggedOut ? "you are logged out" : "there is no connection"}. It comes as soon as that changes; what you graded is kept.`;
    stage.replaceChildren(note);
    poll = setTimeout(() => show(id), 3000);
    return;
  }
  stage.innerHTML = html;
  opened(focus);
}

/** The passage stands in the page: keys count once it has been painted. */
function opened(focus) {
  press(stateOf(byId.get(current)));
  if (focus) {
    window.scrollTo(0, 0);
    $("passage-title").focus({ preventScroll: true });
  }
  whenPainted(() => clock.restart());
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
  const following = upcoming(current)[0]; // no label to wait for
  return following ? show(following) : finish();
}

function address() {
  const link = byId.get(current);
  for (const each of passages) each.toggleAttribute("aria-current", each === link);
  link.setAttribute("aria-current", "true");
  const list = $("entries");
  const top = link.offsetTop - list.offsetTop;
  if (top < list.scrollTop || top > list.scrollTop + list.clientHeight - 60) list.scrollTop = top - list.clientHeight / 2;
  grading.action = `${link.href}judgment/`;
  $("undo").formAction = `${link.href}undo/`;
  for (const [name, step] of [["previous", -1], ["next", 1]]) {
    const other = neighbour(step);
    $(name).href = other?.href ?? "";
    $(name).hidden = !other;
  }
  controls.disabled = false;
  history.replaceState(null, "", link.href);
  desk.removeAttribute("data-ready");
}

/** Which of the buttons is the passage's own grade. */
function press({ state, grade }) {
  for (const button of controls.querySelectorAll("[name=grade]")) {
    button.setAttribute("aria-pressed", String(state === "graded" && button.value === grade));
  }
  controls.querySelector("[value=skipped]").setAttribute("aria-pressed", String(state === "skipped"));
  $("cannot-button").setAttribute("aria-pressed", String(state === "unjudgeable"));
}

function finish() {
  current = null;
  clearTimeout(poll);
  stage.replaceChildren();
  desk.dataset.finished = "";
  controls.disabled = true;
  finished.hidden = false;
  press({});
  for (const each of passages) each.removeAttribute("aria-current");
  history.replaceState(null, "", $("entries").dataset.duty);
  window.scrollTo(0, 0);
  finished.focus({ preventScroll: true });
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
  const link = byId.get(id);
  const before = stateOf(link);
  const grade = form.get("accepted") ?? form.get("grade");
  const after = { state: form.get("state") ?? "graded", grade: grade ?? "" };
  const stay = revealsLater && after.state === "graded" && !inSight(stage);
  taken.push({ id, before });
  mark(link, after, true);
  const following = upcoming(id)[0] ?? (isOpen(link) ? id : undefined);
  // The reply brings the passage that is missing furthest ahead; when a suggestion is revealed now, this one again.
  const want = stay ? id : upcoming(following ?? id).find((each) => each !== id && !cache.has(each) && !asked.has(each));
  if (want) asked.add(want);
  if (stay) cache.delete(id);
  for (const [name, ms] of Object.entries(clock.read())) form.set(name, ms);
  form.set("want", want ?? "");
  send(link, "judgment/", form, after);
  count();
  if (stay) {
    painted = false;
    desk.removeAttribute("data-ready");
    committed(stage);
    clock.restart();
  } else if (following) show(following);
  else finish();
}

function undo() {
  const last = taken.pop() ?? (current && byId.get(current).dataset.state && { id: current });
  if (!last) {
    $("announcer").textContent = "There is nothing to undo here.";
    return;
  }
  const link = byId.get(last.id);
  const after = last.before ?? { state: "", grade: "" };
  mark(link, after, true);
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
    if (entry.item === current) painted = true;
    document.dispatchEvent(new CustomEvent("toast", { detail: { text: sentence, level: "error" } }));
  },
  onReply(entry, { item, progress, wanted }) {
    this.onTrouble(entry);
    const link = byId.get(item.id);
    const own = outbox.own();
    if (link && !own.some((each) => each.item === item.id)) mark(link, item);
    if (link && !own.length) count(progress);
    if (!wanted || !byId.has(wanted.id)) return;
    cache.set(wanted.id, wanted.html);
    if (wanted.id === current && revealsLater) revealed(entry, wanted.html);
  },
});

/** The light, and in the column what is on its way, also from another tab. */
function reconcile() {
  showLight(outbox);
  const entries = new Map(outbox.own().map((entry) => [entry.item, entry]));
  for (const link of passages) {
    const entry = entries.get(idOf(link));
    if (entry) mark(link, entry.after, !entry.refused, Boolean(entry.refused));
    else if (link.matches("[data-pending], [data-refused]")) mark(link, stateOf(link));
  }
}

// --- hands ---

// The second half of a double click would fall on the next passage. Keys click too, with a detail of 0.
document.addEventListener("click", (event) => {
  if (event.detail > 1 && event.target.closest("#controls [type=submit], .suggestion [type=submit]")) event.preventDefault();
});

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

document.addEventListener("click", (event) => {
  const link = event.target.closest("#entries a, #previous, #next");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const target = passages.find((each) => each.href === link.href);
  if (!target) return;
  event.preventDefault();
  if ($("column").matches(":popover-open")) $("column").hidePopover();
  show(idOf(target));
});

window.addEventListener("online", keepAhead);
listenForKeys({ first: ".grade-button", allowed: (control) => painted || !control.closest("#controls, .suggestion") });

// --- opening ---

count();
reconcile();
outbox.send();
if (current) {
  cache.set(current, stage.innerHTML);
  address();
  opened(false);
}
