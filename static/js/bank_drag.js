// Nuggets moved by the mouse: a row is dropped where it shall stand.

/** `moved(number, place)`: this nugget was dropped so that it comes to this place, from 0. */
export function listenForDrags(moved) {
  let dragged = null;
  const rowAt = (event) => event.target.closest?.(".nugget[draggable]");
  const clear = () => document.querySelectorAll(".is-over").forEach((row) => row.classList.remove("is-over"));

  document.addEventListener("dragstart", (event) => {
    dragged = rowAt(event);
    if (dragged) event.dataTransfer.effectAllowed = "move";
  });
  document.addEventListener("dragover", (event) => {
    const row = dragged && rowAt(event);
    clear();
    if (!row || row === dragged) return;
    event.preventDefault();
    row.classList.add("is-over");
  });
  document.addEventListener("drop", (event) => {
    const row = dragged && rowAt(event);
    clear();
    if (!row || row === dragged) return;
    event.preventDefault();
    const place = [...document.querySelectorAll(".nugget")].indexOf(row);
    moved(Number(dragged.dataset.number), place);
  });
  document.addEventListener("dragend", () => {
    dragged = null;
    clear();
  });
}
