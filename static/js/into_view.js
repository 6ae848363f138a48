// Scrolls to a place in the passage, which must not end up under what sticks to the window.

const STUCK = [".bar", ".topic", ".panel", ".suggestion", "#picking"];

/** Scrolls, where it has to, so that the DOM range stands between what sticks above it and what sticks below. */
export function bringIntoView(range) {
  const box = range.getBoundingClientRect();
  let [top, floor] = [0, innerHeight];
  for (const each of document.querySelectorAll(STUCK.join())) {
    if (!["sticky", "fixed"].includes(getComputedStyle(each).position)) continue;
    const other = each.getBoundingClientRect();
    if (!other.height || other.right <= box.left || other.left >= box.right) continue;
    if (other.top < innerHeight / 2) top = Math.max(top, other.bottom);
    else floor = Math.min(floor, other.top);
  }
  if (box.top < top || box.bottom > floor) window.scrollBy({ top: box.top - top - (floor - top) / 3 });
}
