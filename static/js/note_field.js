// The note of a passage: a field that opens by its key, and its words beside the passage.

const $ = (id) => document.getElementById(id);

export function noteField(annotations) {
  const [pane, field, words, button] = ["note-window", "note", "note-words", "note-button"].map($);

  function tell() {
    const { note } = annotations.value;
    words.textContent = note.trim();
    words.hidden = !note.trim();
    button.setAttribute("aria-pressed", String(note.trim() !== ""));
    $("note-state").textContent = annotations.isDraft ? field.dataset.kept : field.dataset.saved;
  }

  annotations.listen((shown) => {
    if (shown) field.value = annotations.value.note;
    tell();
  });
  field.addEventListener("input", () => annotations.change({ note: field.value }));
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) pane.hidePopover();
  });
  pane.addEventListener("beforetoggle", (event) => {
    const toEnd = () => field.setSelectionRange(field.value.length, field.value.length);
    if (event.newState === "open") field.addEventListener("focus", toEnd, { once: true });
  });
  pane.addEventListener("toggle", (event) => event.newState === "closed" && annotations.flush());
}
