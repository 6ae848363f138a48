// What the assessor writes beside the grade of a passage: a note, and evidence. Until it is sent it is kept in the browser.
// It goes with the next grade or, when the passage is judged already, by itself.

const PAUSE = 900;
const FIELDS = ["note", "evidence"];

export class Annotations {
  #prefix;
  #send;
  #isJudged;
  #onItsWay;
  #stored = new Map(); // passage → what the server had when it was shown
  #sent = new Map(); // passage → what was sent since
  #memory = new Map(); // stands in where storage is forbidden or full
  #listeners = [];
  #timer;
  current = null;

  /** `send(id, form)` and `onItsWay(id)`, the forms of the passage's unsent saves, are the outbox's; `isJudged(id)`. */
  constructor({ user, duty, send, isJudged, onItsWay }) {
    this.#prefix = `assay.draft.${user}.${duty}.`;
    this.#send = send;
    this.#isJudged = isJudged;
    this.#onItsWay = onItsWay;
    window.addEventListener("pagehide", () => this.flush(true));
  }

  /** Calls back when another passage is shown (with true) and when something is changed. */
  listen(listener) {
    this.#listeners.push(listener);
  }

  /** The passage that the page shows now, with what the server had of it; null: none. */
  show(item) {
    this.flush();
    this.current = item && Number(item.dataset.id);
    if (item) this.#stored.set(this.current, { note: item.dataset.note, evidence: JSON.parse(item.dataset.evidence) });
    this.#tell(true);
    this.flush(); // what another visit left
  }

  /** {note, evidence} as they stand in this browser. */
  of(id) {
    const onItsWay = this.#onItsWay(id).map((form) => fieldsOf(new URLSearchParams(form)));
    return Object.assign({ note: "", evidence: [] }, this.#stored.get(id), ...onItsWay, this.#sent.get(id), this.#draft(id));
  }

  get value() {
    return this.of(this.current);
  }

  /** Whether the current passage has something that no save has taken along. */
  get isDraft() {
    return this.#draft(this.current) !== null;
  }

  change(fields) {
    this.#keep(this.current, { ...this.#draft(this.current), held: undefined, ...fields });
    this.#tell(false);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.flush(), PAUSE);
  }

  /** Sends what was changed of the current passage, if it is judged. While a note is being written it waits. */
  flush(leaving = false) {
    clearTimeout(this.#timer);
    const id = this.current;
    const draft = id && this.#draft(id);
    if (!draft || draft.held || !this.#isJudged(id)) return;
    if (!leaving && document.querySelector("#note-window:popover-open")) return;
    const form = new URLSearchParams();
    this.attach(id, form);
    this.#send(id, form);
  }

  /** Puts what was changed into the form of a save; nothing else of the passage's notes travels. */
  attach(id, form) {
    const draft = this.#draft(id);
    for (const name of FIELDS) {
      form.delete(name);
      if (draft?.[name] !== undefined) form.set(name, name === "note" ? draft.note : JSON.stringify(draft.evidence));
    }
    if (!draft) return;
    delete draft.held;
    this.#sent.set(id, { ...this.#sent.get(id), ...draft });
    this.#forget(id);
    this.#tell(false);
  }

  /** The grade is taken back, and its judgment with it: what was written waits for the next one. */
  keep(id) {
    const { note, evidence } = this.of(id);
    if (note || evidence.length) this.#keep(id, { note, evidence });
  }

  /** The save was refused: what went with it waits until something is changed, or for the next grade. */
  giveBack({ item, form }) {
    const fields = fieldsOf(new URLSearchParams(form));
    if (Object.keys(fields).length) this.#keep(item, { ...fields, ...this.#draft(item), held: true });
    this.#tell(false);
  }

  #tell(shown) {
    if (this.current) this.#markColumn(this.current);
    for (const listener of this.#listeners) listener(shown);
  }

  #markColumn(id) {
    const line = document.querySelector(`#entries [data-id="${id}"]`);
    line?.toggleAttribute("data-noted", this.of(id).note.trim() !== "");
  }

  /** Marks the lines of the passages whose notes wait in this browser. */
  markDrafts() {
    for (const line of document.querySelectorAll("#entries [data-id]")) {
      if (this.#draft(Number(line.dataset.id))?.note?.trim()) line.toggleAttribute("data-noted", true);
    }
  }

  #draft(id) {
    try {
      return this.#memory.get(id) ?? JSON.parse(localStorage.getItem(this.#prefix + id));
    } catch {
      return null;
    }
  }

  #keep(id, draft) {
    try {
      localStorage.setItem(this.#prefix + id, JSON.stringify(draft));
      this.#memory.delete(id);
    } catch {
      this.#memory.set(id, draft);
    }
  }

  #forget(id) {
    this.#memory.delete(id);
    try {
      localStorage.removeItem(this.#prefix + id);
    } catch {
      // it was in the memory only
    }
  }
}

function fieldsOf(form) {
  const fields = {};
  if (form.has("note")) fields.note = form.get("note");
  if (form.has("evidence")) fields.evidence = JSON.parse(form.get("evidence"));
  return fields;
}
