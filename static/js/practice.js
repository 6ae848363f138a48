// The practice topic has the keys of the judging page. Each press is a form that the server answers.

import { listenForKeys } from "./shortcuts.js";

listenForKeys({ first: ".grade-button", allowed: () => true });

// What the new piece of the page says stands at its top: without this, a long passage would stay scrolled.
document.addEventListener("htmx:afterSwap", ({ target }) => {
  if (target.id === "practice" && !target.querySelector(".verdict")) window.scrollTo(0, 0);
});
