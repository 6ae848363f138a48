// Places in the passage: from what the browser shows (paragraphs with marks in them, UTF-16) to the document's text, which
// counts code points, and back. A paragraph begins at data-start; the line ends at data-returns have a carriage return
// before them in the document, which is not shown.

const points = (text) => [...text].length;
const returnsOf = (paragraph) => (paragraph.dataset.returns ?? "").split(" ").filter(Boolean).map(Number);

export const paragraphs = () => [...document.querySelectorAll("#stage .passage-text [data-start]")];

/** The place in the document of what follows this shown beginning of the paragraph. */
function placeAfter(paragraph, beginning) {
  const shown = points(beginning);
  return Number(paragraph.dataset.start) + shown + returnsOf(paragraph).filter((each) => each < shown).length;
}

/** The unit of the paragraph's shown text at which this place of the document stands. */
function unitAt(paragraph, text, place) {
  const local = place - Number(paragraph.dataset.start);
  const shown = local - returnsOf(paragraph).filter((each, nth) => each + nth < local).length;
  return [...text].slice(0, Math.max(shown, 0)).join("").length;
}

/** The part of a DOM range that is text of the passage, trimmed: {start, end, text}; null if it has no words. */
export function spanOf(range) {
  let span = null;
  for (const paragraph of paragraphs()) {
    if (!range.intersectsNode(paragraph)) continue;
    const part = document.createRange();
    part.selectNodeContents(paragraph);
    const before = part.cloneRange();
    if (range.compareBoundaryPoints(Range.START_TO_START, part) > 0) part.setStart(range.startContainer, range.startOffset);
    if (range.compareBoundaryPoints(Range.END_TO_END, part) < 0) part.setEnd(range.endContainer, range.endOffset);
    before.setEnd(part.startContainer, part.startOffset);
    const [lead, said] = [before.toString(), part.toString()];
    const from = lead.length + said.length - said.trimStart().length;
    const next = said.trim() && spanIn(paragraph, from, from + said.trim().length);
    if (next) span = span ? joined(span, next) : next;
  }
  return span;
}

/** The span of a stretch of one paragraph's shown text, in units. */
export function spanIn(paragraph, from, to) {
  const text = paragraph.textContent;
  const [start, end] = [from, to].map((unit) => placeAfter(paragraph, text.slice(0, unit)));
  return { start, end, text: text.slice(from, to) };
}

/** Two spans as one, with the text between them. */
export function joined(one, other) {
  const [start, end] = [Math.min(one.start, other.start), Math.max(one.end, other.end)];
  const words = stretchesOf({ start, end }).map(({ block, from, to }) => block.textContent.slice(from, to));
  return { start, end, text: words.join("\n\n") };
}

/** Where a span is shown: [{block, from, to}], in units of each paragraph's shown text. */
export function stretchesOf({ start, end }) {
  return paragraphs().flatMap((block) => {
    const text = block.textContent;
    const [from, to] = [unitAt(block, text, start), unitAt(block, text, end)];
    return from < to ? [{ block, from, to }] : [];
  });
}

/** The DOM range of a stretch. */
export function rangeOf({ block, from, to }) {
  const range = document.createRange();
  range.selectNodeContents(block);
  const walker = document.createTreeWalker(block, NodeFilter.SHOW_TEXT);
  let passed = 0;
  for (let node; (node = walker.nextNode()); passed += node.length) {
    if (from >= passed && from < passed + node.length) range.setStart(node, from - passed);
    if (to > passed && to <= passed + node.length) {
      range.setEnd(node, to - passed);
      break;
    }
  }
  return range;
}
