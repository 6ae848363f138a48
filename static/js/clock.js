// Time before one passage, in ms: active while the page is in sight and has the focus, otherwise away.

export class Clock {
  #spent = { active: 0, away: 0 };
  #since = performance.now();
  #kind = Clock.#now();

  constructor() {
    const turn = () => this.#turn();
    document.addEventListener("visibilitychange", turn);
    window.addEventListener("blur", turn);
    window.addEventListener("focus", turn);
  }

  static #now() {
    return document.visibilityState === "visible" && document.hasFocus() ? "active" : "away";
  }

  #turn() {
    const now = performance.now();
    this.#spent[this.#kind] += now - this.#since;
    this.#since = now;
    this.#kind = Clock.#now();
  }

  /** A new passage is on the screen. */
  restart() {
    this.#turn();
    this.#spent = { active: 0, away: 0 };
  }

  read() {
    this.#turn();
    return { active_ms: Math.round(this.#spent.active), away_ms: Math.round(this.#spent.away) };
  }
}
