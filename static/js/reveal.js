// Commit, then reveal: the own grade first, then the suggestion, in the place that was kept for it. The passage does not
// move: only the box of the suggestion is exchanged. While the grade is on its way, grade keys wait for the answer.

const IN_SIGHT = ".suggestion[data-suggestion]";

/** Whether the passage on the stage shows its suggestion. */
export const inSight = (stage) => stage.querySelector(IN_SIGHT) !== null;

/** Puts the suggestion of this passage's HTML in its place and says it aloud. Returns whether one is in sight now. */
export function reveal(stage, html, announcer) {
  const fresh = document.createRange().createContextualFragment(html).querySelector(".suggestion");
  const old = stage.querySelector(".suggestion");
  if (!fresh || !old) return false;
  const news = fresh.dataset.said && fresh.dataset.said !== old.dataset.said;
  old.replaceWith(fresh);
  if (news) announcer.textContent = fresh.dataset.said;
  return inSight(stage);
}

/** The own grade is on its way: says so where the suggestion is going to be. */
export function committed(stage) {
  stage.querySelector(".suggestion")?.setAttribute("data-committed", "");
}

/** The grade is taken back: the suggestion goes out of sight with it. */
export function conceal(stage) {
  const box = stage.querySelector(".suggestion");
  if (!box) return;
  delete box.dataset.suggestion;
  delete box.dataset.said;
  box.removeAttribute("data-committed");
  box.removeAttribute("data-awaited");
  const before = box.querySelector("template")?.content.cloneNode(true);
  if (before) box.replaceChildren(before);
}
