// A person has one passage open, in one tab. While somebody is here, the page tells the server now and then, which keeps
// the passage on this desk; and it hears when the person has gone on in another tab, or in another browser. Then it asks
// until that is over: the word of a tab that closes may reach this one before it reaches the server, or never.

import { newKey } from "./outbox.js";

const PAUSE = 30_000;
const WAITING = 2_000; // while another tab, or another browser, is where the person judges
const IDLE = 300_000; // whoever has not moved for so long is not here
const HANDS = ["keydown", "pointermove", "pointerdown", "wheel", "scroll"];

export class Desk {
  tab = newKey();
  elsewhere = false;
  #url;
  #where;
  #onReply;
  #onElsewhere;
  #channel;
  #taken = false;
  #moved = Date.now();
  #told = 0;

  /** `where()`: {item, ahead}, the passage before the eyes and those behind it; `onElsewhere(whether)`. */
  constructor({ url, user, where, onReply, onElsewhere }) {
    this.#url = url;
    this.#where = where;
    this.#onReply = onReply;
    this.#onElsewhere = onElsewhere;
    this.#channel = new BroadcastChannel(`assay.desk.${user}`);
    this.#channel.onmessage = ({ data }) => this.#hear(data);
    for (const name of HANDS) window.addEventListener(name, () => this.#move(), { passive: true, capture: true });
    document.addEventListener("visibilitychange", () => document.hidden || this.#arrive());
    window.addEventListener("pageshow", (event) => event.persisted && this.#arrive());
    window.addEventListener("pagehide", () => this.#leave());
    setInterval(() => this.#isHere() && this.tell(), PAUSE);
    setInterval(() => this.elsewhere && !document.hidden && this.tell(), WAITING);
    if (!document.hidden) this.#arrive();
  }

  /** A sign of life; `more` are questions that go with it: {next, column}. Never two at once for nothing. */
  async tell(more = {}) {
    if (this.elsewhere && !more.take) more.column = 1; // in case the other tab has gone
    const reply = await this.#post({ ...this.#where(), ...more });
    if (!reply) return;
    if (reply.judging_elsewhere) return this.#block(true);
    if (more.take) {
      this.#taken = true;
      this.#channel.postMessage({ tab: this.tab });
    }
    this.#block(false);
    this.#onReply(reply);
  }

  /** From now on this is where the person judges. */
  take() {
    return this.tell({ take: 1, column: 1 });
  }

  #arrive() {
    return this.#taken ? this.tell() : this.tell({ take: 1 });
  }

  #isHere() {
    return !document.hidden && !this.elsewhere && Date.now() - this.#moved < IDLE;
  }

  #move() {
    this.#moved = Date.now();
    if (this.#isHere() && this.#moved - this.#told > PAUSE * 2) this.tell();
  }

  #hear({ tab, left }) {
    if (tab === this.tab) return;
    if (!left && this.#taken) this.#block(true);
    else if (left && this.elsewhere && !document.hidden) this.tell();
  }

  #block(elsewhere) {
    if (elsewhere === this.elsewhere) return;
    this.elsewhere = elsewhere;
    this.#onElsewhere(elsewhere);
  }

  #leave() {
    this.#channel.postMessage({ tab: this.tab, left: true });
    if (!this.elsewhere) this.#post({ left: 1 }, { keepalive: true });
  }

  async #post(fields, options = {}) {
    this.#told = Date.now();
    const body = new URLSearchParams({ tab: this.tab });
    for (const [name, value] of Object.entries(fields)) if (value) body.set(name, Array.isArray(value) ? value.join(" ") : value);
    const token = /(?:^|; )csrftoken=([^;]+)/.exec(document.cookie)?.[1] ?? "";
    try {
      const headers = { Accept: "application/json", "X-CSRFToken": token };
      const response = await fetch(this.#url, { method: "POST", headers, body, redirect: "manual", ...options });
      return response.ok && response.status !== 204 ? await response.json() : null;
    } catch {
      return null; // no connection: the next sign of life tells more
    }
  }
}
