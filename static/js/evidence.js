// Evidence: what the assessor marks in the passage as the ground of the grade, with a selection or sentence by sentence.

import { bringIntoView } from "./into_view.js";
import { paint } from "./painting.js";
import { joined, paragraphs, rangeOf, spanOf, stretchesOf } from "./passage_text.js";
import { SentencePicker } from "./sentences.js";

const GAP = 8;
const MARGIN = 8;
const SHORT = 90;

const $ = (id) => document.getElementById(id);
const say = (words) => ($("announcer").textContent = words);
const short = (words) => (words.length > SHORT ? `${words.slice(0, SHORT - 1).trimEnd()}…` : words);
const overlap = (one, other) => one.start < other.end && other.start < one.end;

export function evidence(annotations) {
  const [list, float, button] = ["evidence-list", "evidence-float", "evidence-button"].map($);
  const picker = new SentencePicker({ toggle, isMarked: (span) => marked().some((each) => covers(each, span)) });

  const marked = () => annotations.value.evidence;
  const covers = (one, other) => one.start <= other.start && other.end <= one.end;
  const store = (spans) => annotations.change({ evidence: spans.sort((a, b) => a.start - b.start) });

  /** Adds the span; what it overlaps becomes one with it. */
  function add(span) {
    const all = marked();
    const touching = all.filter((each) => overlap(each, span));
    const whole = touching.reduce(joined, span);
    store([...all.filter((each) => !touching.includes(each)), whole]);
    say(`Marked as evidence: ${short(whole.text)}`);
  }

  function remove(span) {
    store(marked().filter((each) => each.start !== span.start || each.end !== span.end));
    say(`No longer evidence: ${short(span.text)}`);
  }

  function toggle(span) {
    const there = marked().find((each) => each.start === span.start && each.end === span.end);
    if (there) remove(there);
    else add(span);
  }

  /** What is selected in the passage: {span, range}, or null. */
  function selected() {
    const selection = getSelection();
    if (!selection.rangeCount || selection.isCollapsed) return null;
    const range = selection.getRangeAt(0);
    const span = document.querySelector("#stage .passage-text")?.contains(range.commonAncestorContainer) ? spanOf(range) : null;
    return span && { span, range };
  }

  function take() {
    const found = selected();
    if (!found) return false;
    getSelection().removeAllRanges();
    add(found.span);
    return true;
  }

  /** The button beside the selection: under its end, or over it where there is no room. */
  function place() {
    const found = selected();
    float.hidden = !found || button.disabled;
    if (float.hidden) return;
    const boxes = [...found.range.getClientRects()];
    const last = boxes[boxes.length - 1] ?? found.range.getBoundingClientRect();
    const { width, height } = float.getBoundingClientRect();
    const under = last.bottom + GAP;
    const foot = $("grading").closest(".panel").getBoundingClientRect();
    const floor = foot.top > last.top && foot.left < last.left ? foot.top : innerHeight;
    const top = under + height + MARGIN < floor ? under : boxes[0].top - GAP - height;
    const left = Math.min(Math.max(last.right - width / 2, MARGIN), document.documentElement.clientWidth - width - MARGIN);
    float.style.setProperty("top", `${Math.max(top, MARGIN)}px`);
    float.style.setProperty("left", `${left}px`);
  }

  function draw() {
    const spans = annotations.current ? marked() : [];
    paint("evidence", spans.flatMap(stretchesOf));
    list.replaceChildren(...spans.map(line));
    button.setAttribute("aria-pressed", String(spans.length > 0));
    $("evidence-count").textContent = spans.length || "";
    $("findings").hidden = !spans.length && !annotations.value.note.trim();
    picker.draw();
  }

  function line(span) {
    const item = $("evidence-line").content.firstElementChild.cloneNode(true);
    const [quote, away] = item.querySelectorAll("button");
    quote.querySelector("q").textContent = short(span.text);
    quote.addEventListener("click", () => reach(span));
    away.setAttribute("aria-label", `Remove: ${short(span.text)}`);
    away.addEventListener("click", () => {
      const nth = [...list.children].indexOf(item);
      remove(span);
      (list.children[Math.min(nth, list.children.length - 1)]?.querySelectorAll("button")[1] ?? button).focus();
    });
    return item;
  }

  function reach(span) {
    const [first] = stretchesOf(span);
    if (first) bringIntoView(rangeOf(first));
  }

  for (const each of [button, float]) {
    each.addEventListener("pointerdown", (event) => event.preventDefault()); // the selection stays
    each.addEventListener("click", () => take() || picker.turn());
  }
  let frame;
  const later = () => {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(place);
  };
  document.addEventListener("selectionchange", later);
  window.addEventListener("scroll", later, { passive: true });
  window.addEventListener("resize", later);
  annotations.listen((shown) => {
    if (shown) picker.stop();
    button.disabled = "closed" in button.dataset || paragraphs().length === 0;
    draw();
  });
}
