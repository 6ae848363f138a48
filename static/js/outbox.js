// Saves on their way to the server. They wait in localStorage, so that neither a reload nor a lost connection loses
// one; each carries an idempotency key, so that sending one twice does no harm. They are sent one by one, in order,
// by one tab at a time.

const FIRST_PAUSE = 800;
const LONGEST_PAUSE = 30_000;
const PATIENCE = 15_000;

/** A random UUID; by hand, because a page without https has no crypto.randomUUID. */
export function newKey() {
  const random = () => crypto.getRandomValues(new Uint8Array(1))[0];
  return "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (c) => (c ^ (random() & (15 >> (c / 4)))).toString(16));
}

export class Outbox {
  #prefix;
  #mine;
  #memory = new Map(); // stands in where storage is forbidden or full
  #busy = false;
  #failures = 0;
  #timer;
  #last = 0;
  loggedOut = false;

  /** All saves of this person are sent, also those that another duty's page left; `duty` marks the new ones. */
  constructor({ user, duty, onChange, onReply, onRefused, onTrouble }) {
    this.#prefix = `assay.outbox.${user}.`;
    this.#mine = `${this.#prefix}${duty}.`;
    Object.assign(this, { onChange, onReply, onRefused, onTrouble });
    window.addEventListener("online", () => this.send());
    window.addEventListener("offline", () => this.onChange());
    window.addEventListener("focus", () => this.#waiting().length && this.send());
    window.addEventListener("storage", (event) => event.key?.startsWith(this.#prefix) && this.onChange());
    // Not on the way to the login page: that is the remedy, and what waits stays in the storage.
    window.addEventListener("beforeunload", (event) => this.#waiting().length && !this.loggedOut && event.preventDefault());
  }

  /** Oldest first: {name, url, item, form, after: {state, grade}, refused?}. */
  entries() {
    const names = new Set(this.#memory.keys());
    try {
      for (let i = 0; i < localStorage.length; i++) names.add(localStorage.key(i));
    } catch {
      // storage is forbidden: the memory has them
    }
    const time = (name) => name.split(".")[4];
    return [...names]
      .filter((name) => name.startsWith(this.#prefix))
      .sort((a, b) => time(a).localeCompare(time(b)))
      .map((name) => this.#read(name))
      .filter(Boolean);
  }

  /** Those of this duty. */
  own() {
    return this.entries().filter((entry) => entry.name.startsWith(this.#mine));
  }

  add(entry) {
    for (const old of this.own()) if (old.refused && old.item === entry.item) this.#remove(old.name);
    this.#last = Math.max(Date.now(), this.#last + 1);
    this.#write({ ...entry, name: `${this.#mine}${String(this.#last).padStart(15, "0")}.${newKey()}` });
    this.onChange();
    this.send();
  }

  discard(name) {
    this.#remove(name);
    this.onChange();
  }

  get state() {
    const waiting = this.#waiting();
    if (this.loggedOut || this.entries().some((entry) => entry.refused)) return "refused";
    if (!waiting.length) return "saved";
    if (!navigator.onLine) return "offline";
    return this.#failures ? "retrying" : "saving";
  }

  async send() {
    if (this.#busy) return;
    this.#busy = true;
    clearTimeout(this.#timer);
    try {
      if (navigator.locks) await navigator.locks.request(this.#prefix, () => this.#drain());
      else await this.#drain();
    } finally {
      this.#busy = false;
    }
    if (this.#waiting().length) {
      const pause = this.#failures && Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (this.#failures - 1));
      this.#timer = setTimeout(() => this.send(), pause * (0.75 + Math.random() / 2));
    }
    this.onChange();
  }

  async #drain() {
    for (let entry; (entry = this.#waiting()[0]); ) {
      this.onChange();
      const outcome = await this.#post(entry);
      this.loggedOut = outcome.login ?? false;
      if (outcome.again || outcome.login) {
        this.#failures += 1;
        this.onTrouble(entry);
        return;
      }
      this.#failures = 0;
      if (outcome.refused) {
        this.#write({ ...entry, refused: outcome.refused });
        this.onRefused(entry, outcome.refused, outcome.told);
      } else {
        this.#remove(entry.name);
        this.onReply(entry, outcome.reply);
      }
    }
  }

  async #post(entry) {
    try {
      const response = await fetch(entry.url, {
        method: "POST",
        headers: { Accept: "application/json", "X-CSRFToken": /(?:^|; )csrftoken=([^;]+)/.exec(document.cookie)?.[1] ?? "" },
        body: new URLSearchParams(entry.form),
        redirect: "manual",
        keepalive: true,
        signal: AbortSignal.timeout(PATIENCE),
      });
      if (response.ok) return { reply: await response.json() };
      if (response.type === "opaqueredirect" || response.status === 401 || response.status === 403) return { login: true };
      if (response.status === 404) return { refused: "This passage is not yours to judge any more. Ask the organizer." };
      if (response.status >= 500 || response.status === 408 || response.status === 429) return { again: true };
      const told = await response.json().catch(() => ({}));
      return { refused: told.error ?? `The server refused it (${response.status}).`, told };
    } catch {
      return { again: true }; // no connection, or no answer in time
    }
  }

  #waiting() {
    return this.entries().filter((entry) => !entry.refused);
  }

  #read(name) {
    try {
      return this.#memory.get(name) ?? JSON.parse(localStorage.getItem(name));
    } catch {
      return null;
    }
  }

  #write(entry) {
    try {
      localStorage.setItem(entry.name, JSON.stringify(entry));
      this.#memory.delete(entry.name);
    } catch {
      this.#memory.set(entry.name, entry);
    }
  }

  #remove(name) {
    this.#memory.delete(name);
    try {
      localStorage.removeItem(name);
    } catch {
      // it was in the memory only
    }
  }
}
