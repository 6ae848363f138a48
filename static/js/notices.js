// What the page says on the stage when it cannot show a passage, or when there is something to know of it.

const WHY = { true: "you are logged out", false: "there is no connection" };

function note(text, className) {
  return Object.assign(document.createElement("p"), { className, textContent: text });
}

export function sayUnreachable(stage, loggedOut) {
  const text = `This passage has not arrived: ${WHY[loggedOut]}. It comes as soon as that changes; what you graded is kept.`;
  stage.replaceChildren(note(text, "note note-warn unreachable"));
}

/** Its time on this desk had run out, and somebody else has taken it. */
export function sayLate(stage) {
  if (stage.querySelector(".late")) return;
  const text = "While you were away this passage went to somebody else. You may still grade it: your grade counts, too.";
  stage.querySelector(".passage")?.prepend(note(text, "note late"));
}
