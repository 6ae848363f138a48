// The rows of the list: which one is at hand, what each says, and its whole text. The rows in the page are the model.

const $ = (id) => document.getElementById(id);
const WORDS = { skipped: "put off", unjudgeable: "can’t be judged" };
const texts = new Map(); // passage → its text, as the judging page shows it

export const rows = () => [...document.querySelectorAll("#rows > li")];
export const rowOf = (id) => $(`row-${id}`);
export const idOf = (row) => Number(row.dataset.id);
export const stateOf = (row) => ({ state: row.dataset.state, grade: row.dataset.grade });
export const isOpen = (row) => row.dataset.state === "" && row.dataset.suggestion !== "";

let currentId = null;
export const current = () => rowOf(currentId);
export const neighbour = (row, step) => (step > 0 ? row?.nextElementSibling : row?.previousElementSibling);

/** Makes this row the one at hand. The focus goes with it, and it comes into sight between what is sticky. */
export function choose(row, { focus = true } = {}) {
  current()?.removeAttribute("aria-current");
  currentId = row ? idOf(row) : null;
  if (!row) return;
  row.setAttribute("aria-current", "true");
  if (focus) row.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

export function mark(row, { state, grade }, { pending = false, refused = false } = {}) {
  row.dataset.state = state;
  row.dataset.grade = grade ?? "";
  row.toggleAttribute("data-pending", pending);
  row.toggleAttribute("data-refused", refused);
  const badge = row.querySelector(".list-own .grade");
  badge.dataset.grade = grade ?? "";
  badge.textContent = { graded: grade, skipped: "l", unjudgeable: "x" }[state] ?? "";
  const said = state === "graded" ? `yours ${grade}` : WORDS[state] ?? "unjudged";
  row.querySelector(".entry-words").textContent = said + (refused ? ", refused" : pending ? ", not saved yet" : "");
}

/** How many rows have which suggestion and can be accepted: grade → number. */
export function openByGrade() {
  const counts = new Map();
  for (const row of rows().filter(isOpen)) {
    counts.set(row.dataset.suggestion, (counts.get(row.dataset.suggestion) ?? 0) + 1);
  }
  return counts;
}

/** The whole text below the row's title, or its first lines again. */
export async function toggleText(row) {
  const body = row.querySelector(".list-body");
  const shown = body.querySelector(".list-text");
  if (shown) {
    shown.remove();
    row.removeAttribute("data-whole");
    row.scrollIntoView({ block: "nearest" });
    return;
  }
  const place = Object.assign(document.createElement("div"), { className: "list-text" });
  place.textContent = "…";
  body.append(place);
  row.setAttribute("data-whole", "");
  try {
    const link = row.querySelector("h2 a").href;
    if (!texts.has(link)) texts.set(link, await passage(link));
    place.replaceChildren(texts.get(link).cloneNode(true));
  } catch {
    place.replaceChildren("The text has not arrived: there is no connection, or you are logged out. Close it and try again.");
  }
  row.scrollIntoView({ block: "nearest" });
}

async function passage(link) {
  const response = await fetch(link, { headers: { "HX-Request": "true" }, redirect: "manual" });
  if (!response.ok) throw new Error(`${response.status}`);
  const page = document.createRange().createContextualFragment(await response.text());
  return page.querySelector(".passage-text") ?? page.querySelector(".passage .note");
}
