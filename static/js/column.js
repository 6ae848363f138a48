// The column is the model: what the page knows of each passage stands in its line there.

export const idOf = (link) => Number(link.dataset.id);
export const stateOf = (link) => ({ state: link.dataset.state, grade: link.dataset.grade });
export const isOpen = (link) => link.dataset.state === "" || link.dataset.state === "skipped";

export class Column {
  #list;
  #links;
  #byId;

  constructor(list) {
    this.#list = list;
    this.#read();
  }

  #read() {
    this.#links = [...this.#list.querySelectorAll("a")];
    this.#byId = new Map(this.#links.map((link) => [idOf(link), link]));
  }

  get links() {
    return this.#links;
  }

  get(id) {
    return this.#byId.get(id);
  }

  neighbour(id, step) {
    return this.#links[this.#links.indexOf(this.get(id)) + step];
  }

  /** The passages in this state, in the order in which they come: those after this one, then those before it. */
  onwards(from, state) {
    const here = this.#links.indexOf(this.get(from));
    const others = [...this.#links.slice(here + 1), ...this.#links.slice(0, Math.max(here, 0))];
    return others.filter((link) => link.dataset.state === state).map(idOf);
  }

  mark(link, { state, grade }, pending = false, refused = false) {
    link.dataset.state = state;
    link.dataset.grade = grade ?? "";
    link.toggleAttribute("data-pending", pending);
    link.toggleAttribute("data-refused", refused);
    const badge = link.querySelector(".grade");
    badge.dataset.grade = grade ?? "";
    badge.textContent = { graded: grade, skipped: "l", unjudgeable: "x" }[state] ?? "";
    const said = { graded: `grade ${grade}`, skipped: "put off", unjudgeable: "can’t be judged" }[state] ?? "unjudged";
    link.querySelector(".entry-words").textContent = `, ${said}${refused ? ", refused" : pending ? ", not saved yet" : ""}`;
  }

  /** Marks this one as the passage before the eyes, and brings its line into view; null: none is. */
  point(id) {
    for (const each of this.#links) each.removeAttribute("aria-current");
    const link = this.get(id);
    if (!link) return;
    link.setAttribute("aria-current", "true");
    const top = link.offsetTop - this.#list.offsetTop;
    const seen = this.#list.scrollTop;
    if (top < seen || top > seen + this.#list.clientHeight - 60) this.#list.scrollTop = top - this.#list.clientHeight / 2;
  }

  /** A line that was handed out; one that is there stays as it is. */
  add(id, html) {
    if (this.#byId.has(id)) return;
    this.#list.insertAdjacentHTML("beforeend", html);
    this.#read();
    const number = this.get(id).querySelector(".entry-number");
    number.textContent = this.#links.length;
  }

  drop(ids) {
    for (const id of ids) this.get(id)?.closest("li").remove();
    this.#read();
  }

  replace(html) {
    this.#list.innerHTML = html;
    this.#read();
  }
}
