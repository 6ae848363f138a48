// Paints stretches of the passage: with the CSS Custom Highlight API, which leaves the page's elements as they are, or,
// where a browser lacks it, with <mark>. How a paint looks stands in reading_tools.css under the paint's name.

import { rangeOf } from "./passage_text.js";

const LAYERS = ["evidence", "scan", "scan-here", "picking"]; // what lies over what
const native = "highlights" in CSS;

/** Paints these stretches, [{block, from, to}], and nothing else, with the paint of this name. */
export function paint(name, stretches) {
  if (native) {
    const highlight = new Highlight(...stretches.map(rangeOf));
    highlight.priority = LAYERS.indexOf(name);
    CSS.highlights.set(name, highlight);
    return;
  }
  for (const mark of document.querySelectorAll(`#stage mark[data-paint="${name}"]`)) {
    const { parentNode } = mark;
    mark.replaceWith(...mark.childNodes);
    parentNode.normalize();
  }
  for (const stretch of stretches) for (const piece of pieces(stretch)) wrap(rangeOf(piece), name);
}

/** The stretch cut where elements begin or end, so that a mark can be put around each piece. */
function pieces({ block, from, to }) {
  const found = [];
  const walker = document.createTreeWalker(block, NodeFilter.SHOW_TEXT);
  let passed = 0;
  for (let node; (node = walker.nextNode()); passed += node.length) {
    const piece = { block, from: Math.max(from, passed), to: Math.min(to, passed + node.length) };
    if (piece.from < piece.to) found.push(piece);
  }
  return found;
}

function wrap(range, name) {
  const mark = document.createElement("mark");
  mark.dataset.paint = name;
  range.surroundContents(mark);
}
