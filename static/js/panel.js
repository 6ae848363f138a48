// The panel: the buttons of the passage before the eyes.

const $ = (id) => document.getElementById(id);

/** Which of the buttons is the passage's own grade. */
export function press({ state, grade }) {
  for (const button of $("controls").querySelectorAll("[name=grade]")) {
    button.setAttribute("aria-pressed", String(state === "graded" && button.value === grade));
  }
  $("controls").querySelector("[value=skipped]").setAttribute("aria-pressed", String(state === "skipped"));
  $("cannot-button").setAttribute("aria-pressed", String(state === "unjudgeable"));
}

/** Grades are those of this passage (its line of the column); the arrows lead to its neighbours. */
export function aim(link, previous, next) {
  $("grading").action = `${link.href}judgment/`;
  $("undo").formAction = `${link.href}undo/`;
  for (const [name, other] of Object.entries({ previous, next })) {
    $(name).href = other?.href ?? "";
    $(name).hidden = !other;
  }
  $("controls").disabled = "closed" in $("desk").dataset;
}

/** No passage is before the eyes. */
export function rest() {
  $("controls").disabled = true;
  press({});
}
