// The answer before the eyes: its nuggets with what is said of them, and which sentence supports which.

const WORDS = { support: "support", partial_support: "partial support", not_support: "not supported" };

export class AnswerSheet {
  #root;
  #drafts = new Map(); // wording → a sentence that was marked before the label came

  /** `root`: the fragment of the answer. `known(item, line)`: {label, sentence, pending, refused}, or nothing. */
  constructor(root, known) {
    this.#root = root;
    this.answer = Number(root.dataset.answer);
    this.lines = [...root.querySelectorAll(".nugget")];
    this.sentences = [...root.querySelectorAll(".sentence")];
    this.nothing = root.querySelector("#nothing");
    this.repaint(known);
  }

  item(line) {
    return `${this.answer}.${line.dataset.wording}`;
  }

  get open() {
    return this.lines.filter((line) => !line.dataset.label);
  }

  /** The next line without a label, from this one on and then from the top. */
  following(line) {
    const from = this.lines.indexOf(line);
    const isOpen = (each) => !each.dataset.label;
    return this.lines.slice(from + 1).find(isOpen) ?? this.lines.slice(0, from + 1).find(isOpen);
  }

  neighbour(step) {
    return this.lines[this.lines.indexOf(this.current) + step];
  }

  point(line) {
    this.current = line;
    for (const each of this.lines) {
      if (each === line) each.setAttribute("aria-current", "true");
      else each.removeAttribute("aria-current");
    }
    line?.scrollIntoView({ block: "nearest" });
    this.#paintSentences();
  }

  repaint(known) {
    for (const line of this.lines) {
      const stands = known(this.item(line), line);
      if (stands) this.say(line, stands, stands);
    }
    for (const line of this.lines) this.#paint(line);
    this.#paintSentences();
  }

  /** What is said of a nugget now; `pending`: not yet stored. */
  say(line, { label, sentence }, { pending = false, refused = false } = {}) {
    line.dataset.label = label ?? "";
    line.dataset.sentence = sentence ?? "";
    line.toggleAttribute("data-pending", pending);
    line.toggleAttribute("data-refused", refused);
    this.#paint(line);
    this.#paintSentences();
  }

  stands(line) {
    const { label, sentence } = line.dataset;
    return { label, sentence };
  }

  /** The sentence that goes with a label, or an empty string: what is not there is in no sentence. */
  sentenceFor(line, label) {
    if (label === "not_support" || !label) return "";
    return this.#drafts.get(line.dataset.wording) ?? line.dataset.sentence;
  }

  /** A sentence is marked for the current nugget, or the mark is taken back. Whether a stored label changes by it. */
  toggle(place) {
    const line = this.current;
    if (!line) return false;
    const marked = this.#marked(line) === place ? "" : place;
    this.#drafts.set(line.dataset.wording, marked);
    this.#paintSentences();
    return Boolean(line.dataset.label) && line.dataset.label !== "not_support";
  }

  settle(line) {
    this.#drafts.delete(line.dataset.wording);
  }

  #marked(line) {
    return this.#drafts.get(line.dataset.wording) ?? line.dataset.sentence;
  }

  #paint(line) {
    const { label } = line.dataset;
    line.querySelector(".label-mark").dataset.label = label;
    line.querySelector(".state").textContent = label ? `: ${WORDS[label]}` : ": open";
    this.#root.querySelector("#labelled").textContent = this.lines.length - this.open.length;
  }

  #paintSentences() {
    const marked = this.current && this.#marked(this.current);
    for (const each of this.sentences) {
      const place = each.dataset.sentence;
      each.setAttribute("aria-pressed", String(place === marked));
      const used = this.lines.filter((line) => line !== this.current && line.dataset.sentence === place);
      const numbers = used.map((line) => line.querySelector(".nugget-number").textContent);
      each.toggleAttribute("data-used", used.length > 0);
      each.title = used.length ? `marked for nugget ${numbers.join(", ")}` : "";
    }
  }
}

export const wordsOf = (label) => WORDS[label] ?? "";
