// Time before one passage, in ms: active while the page is in sight, has the focus, and is where the person judges,
// otherwise away. What was spent on a passage that is left without a grade is kept in the browser for the next visit.

const PREFIX = "assay.time.";

export class Clock {
  #spent = { active: 0, away: 0 };
  #since = performance.now();
  #kind = Clock.#now();
  #key = null;

  constructor() {
    const turn = () => this.#turn();
    document.addEventListener("visibilitychange", turn);
    window.addEventListener("blur", turn);
    window.addEventListener("focus", turn);
    window.addEventListener("pagehide", () => this.#keep());
  }

  static #now() {
    return document.visibilityState === "visible" && document.hasFocus() && !document.querySelector("dialog[open]") ? "active" : "away";
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

  /** The passage with this key is on the screen: goes on from what was kept for it. */
  begin(key) {
    this.#keep();
    this.restart();
    this.#key = key;
    try {
      const kept = JSON.parse(localStorage.getItem(PREFIX + key));
      if (kept) this.#spent = kept;
    } catch {
      // storage is forbidden: it begins anew
    }
  }

  /** It is judged: what was spent on it, and nothing is kept. */
  end() {
    const spent = this.read();
    try {
      localStorage.removeItem(PREFIX + this.#key);
    } catch {
      // nothing was kept
    }
    this.#key = null;
    this.restart();
    return spent;
  }

  #keep() {
    if (this.#key === null) return;
    this.#turn();
    try {
      localStorage.setItem(PREFIX + this.#key, JSON.stringify(this.#spent));
    } catch {
      // storage is forbidden or full: that visit is not counted
    }
  }

  read() {
    this.#turn();
    return { active_ms: Math.round(this.#spent.active), away_ms: Math.round(this.#spent.away) };
  }
}
