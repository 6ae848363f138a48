// A key presses the control that has it in data-keys. What a control does is its own affair.

const TYPING = "input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable]";
const PRESSED_BY_ENTER = "a, button, summary, input";

/** `first`: a selector of controls that win when two have the same key; `allowed()`: whether keys count right now. */
export function listenForKeys({ first, allowed }) {
  document.addEventListener("keydown", (event) => {
    const { key, target } = event;
    const chord = event.ctrlKey || event.metaKey || event.altKey;
    // Some keyboards have [ and ] on AltGr only, which counts as Ctrl and Alt.
    if (event.defaultPrevented || event.isComposing || (chord && !event.getModifierState("AltGraph"))) return;
    // A field in a window that has just been closed keeps the focus for one frame more.
    if (target.closest?.(TYPING)?.checkVisibility()) return;
    if ((key === "Enter" || key === " ") && target.closest?.(PRESSED_BY_ENTER)) return;
    if (key.startsWith("Arrow") && target.closest?.("input")) return;
    const open = document.querySelector("[popover]:popover-open");
    const name = key === " " ? "Space" : key.length === 1 ? key.toLowerCase() : key;
    const having = [...document.querySelectorAll(`[data-keys~="${CSS.escape(name)}"]`)].filter(usable);
    const control = having.find((each) => each.matches(first)) ?? having[0];
    if (!control || (event.repeat && !("repeats" in control.dataset))) return;
    if (open ? control.getAttribute("popovertarget") !== open.id : !allowed(control)) return;
    event.preventDefault();
    control.click();
  });
}

function usable(control) {
  return !control.matches(":disabled") && !control.hidden && control.closest("[hidden]") === null;
}
