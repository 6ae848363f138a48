// What a mouse does on the judging page, beside pressing buttons.

import { idOf } from "./column.js";

/** The second half of a double click would fall on the next passage. Keys click too, with a detail of 0. */
export function refuseSecondClicks(controls) {
  document.addEventListener("click", (event) => {
    if (event.detail > 1 && event.target.closest(controls)) event.preventDefault();
  });
}

/** A link to a passage of the column shows it in its place. */
export function followPassages(column, show) {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("#entries a, #previous, #next");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const target = column.links.find((each) => each.href === link.href);
    if (!target) return;
    event.preventDefault();
    const drawer = document.getElementById("column");
    if (drawer.matches(":popover-open")) drawer.hidePopover();
    show(idOf(target));
  });
}
