// Marking without a mouse: the arrows move over the sentences of the passage, Enter marks one or takes the mark back.

import { bringIntoView } from "./into_view.js";
import { paint } from "./painting.js";
import { paragraphs, rangeOf, spanIn } from "./passage_text.js";

const TYPING = "textarea, select, input:not([type=radio], [type=checkbox])";
const BY_HAND = /[^.!?。！？…]+[.!?。！？…]*/gu;
const MOVES = { ArrowDown: 1, ArrowRight: 1, j: 1, ArrowUp: -1, ArrowLeft: -1, k: -1 };

const $ = (id) => document.getElementById(id);

/** The sentences of the passage, [{block, from, to}]. A line end inside a paragraph does not end one. */
function sentences() {
  return paragraphs().flatMap((block) => {
    const text = block.textContent.replaceAll("\n", " ");
    const found = Intl.Segmenter
      ? [...new Intl.Segmenter(undefined, { granularity: "sentence" }).segment(text)].map((each) => [each.index, each.segment])
      : [...text.matchAll(BY_HAND)].map((each) => [each.index, each[0]]);
    return found
      .map(([index, said]) => [index + said.length - said.trimStart().length, said.trim().length])
      .filter(([, length]) => length)
      .map(([from, length]) => ({ block, from, to: from + length }));
  });
}

export class SentencePicker {
  #toggle;
  #isMarked;
  #all = [];
  #at = 0;

  /** `toggle(span)` marks or unmarks; `isMarked(span)`. */
  constructor({ toggle, isMarked }) {
    this.#toggle = toggle;
    this.#isMarked = isMarked;
    document.addEventListener("keydown", (event) => this.#press(event), { capture: true });
    $("picking-previous").addEventListener("click", () => this.#move(-1));
    $("picking-next").addEventListener("click", () => this.#move(1));
    $("picking-mark").addEventListener("click", () => this.#mark());
    $("picking-done").addEventListener("click", () => this.stop(true));
  }

  get #on() {
    return !$("picking").hidden;
  }

  turn() {
    if (this.#on) this.stop(true);
    else this.#start();
  }

  #start() {
    this.#all = sentences();
    if (!this.#all.length) return;
    $("picking").hidden = false;
    const seen = document.querySelector(".topic").getBoundingClientRect().bottom;
    this.#at = Math.max(this.#all.findIndex((each) => rangeOf(each).getBoundingClientRect().top >= seen), 0);
    this.#tell();
  }

  /** `aloud`: the person has left, not the passage. */
  stop(aloud = false) {
    if (!this.#on) return;
    const within = $("picking").contains(document.activeElement);
    $("picking").hidden = true;
    this.#all = [];
    paint("picking", []);
    if (within) $("passage-title")?.focus({ preventScroll: true });
    if (aloud) $("announcer").textContent = "Sentences: done.";
  }

  /** After a change of what is marked. */
  draw() {
    if (!this.#on) return;
    paint("picking", [this.#all[this.#at]]);
    const marked = this.#isMarked(this.#span);
    $("picking-words").textContent = `Sentence ${this.#at + 1} of ${this.#all.length}${marked ? ", marked" : ""}`;
    $("picking-mark").setAttribute("aria-pressed", String(marked));
  }

  get #span() {
    const { block, from, to } = this.#all[this.#at];
    return spanIn(block, from, to);
  }

  #move(step) {
    this.#at = Math.min(Math.max(this.#at + step, 0), this.#all.length - 1);
    this.#tell();
  }

  #mark() {
    this.#toggle(this.#span);
    this.draw();
  }

  #tell() {
    this.draw();
    bringIntoView(rangeOf(this.#all[this.#at]));
    $("announcer").textContent = `${$("picking-words").textContent}: ${this.#span.text}`;
  }

  #press(event) {
    const { key, target } = event;
    if (!this.#on || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    // A field in a window that has just been closed keeps the focus for one frame more.
    if (target.closest?.(TYPING)?.checkVisibility() || document.querySelector("[popover]:popover-open, dialog[open]")) return;
    if (key === "Enter" && target.closest?.("#picking")) return;
    if (key in MOVES) this.#move(MOVES[key]);
    else if (key === "Enter") this.#mark();
    else if (key === "Escape" || key === "e") this.stop(true);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
