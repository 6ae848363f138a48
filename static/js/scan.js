// Scan terms: words that the assessor has marked in every passage of the topic. A term is a word, a "quoted phrase", or the
// beginning of a word with a star at its end; case and accents do not count.

import { bringIntoView } from "./into_view.js";
import { paint } from "./painting.js";
import { rangeOf } from "./passage_text.js";

const TERM = /["“”„«»]([^"“”„«»]*)["“”„«»]?|([^\s"“”„«»]+)/gu;
const ACCENTS = /(?=\p{M})(?:\p{Script=Inherited}|\p{Script=Hebrew}|\p{Script=Arabic})|\u0640/gu;
const WORD = "[\\p{L}\\p{N}\\p{M}_]";
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

const $ = (id) => document.getElementById(id);

/** The terms as the server reads them, too. */
export function termsOf(words) {
  const found = [...words.matchAll(TERM)].map(([, phrase, word]) => (phrase ?? word).trim().replace(/\s+/gu, " "));
  return [...new Set(found)].filter((term) => term.replace(/\*+$/u, ""));
}

/** A text without case and accents, and of each of its units the unit of the text that it came from. */
function folded(text) {
  const [units, from] = [[], []];
  let at = 0;
  for (const character of text) {
    const plain = character.normalize("NFKD").replace(ACCENTS, "").toLowerCase().replaceAll("ß", "ss").replaceAll("ς", "σ");
    for (let i = 0; i < plain.length; i++) from.push(at);
    units.push(plain);
    at += character.length;
  }
  return { plain: units.join(""), from: [...from, at] };
}

/** What matches any of the terms in a folded text, longest terms first; null without terms. */
function pattern(terms) {
  const ways = terms
    .map((term) => [folded(term.replace(/\*+$/u, "")).plain, term.endsWith("*")])
    .filter(([plain]) => plain)
    .sort(([one], [other]) => other.length - one.length)
    .map(([plain, open]) => {
      const words = plain.split(" ").map((word) => word.replace(/[\\^$.*+?()[\]{}|/]/gu, "\\$&"));
      const [first, last] = [[...plain][0], [...plain].at(-1)];
      // Where a script has no spaces between words, a term is found inside of them.
      const begin = UNSPACED.test(first) ? "" : `(?<!${WORD})`;
      const end = open ? `${WORD}*` : UNSPACED.test(last) ? "" : `(?!${WORD})`;
      return begin + words.join("\\s+") + end;
    });
  return ways.length ? new RegExp(ways.join("|"), "gu") : null;
}

/** Where the terms stand in these elements: [{block, from, to}]. */
export function hitsIn(blocks, terms) {
  const wanted = pattern(terms);
  if (!wanted) return [];
  return blocks.flatMap((block) => {
    const { plain, from } = folded(block.textContent);
    return [...plain.matchAll(wanted)].map(({ index, 0: said }) => ({
      block,
      from: from[index],
      to: from[index + said.length],
    }));
  });
}

const blocks = () => [...document.querySelectorAll("#passage-title:not(:has(> .visually-hidden)), #stage [data-start]")];

/** `key`: under which what the server has not got yet is kept. */
export function scan(annotations, key) {
  const [form, field, count, tools] = ["scan-form", "scan-terms", "scan-count", "scan-tools"].map($);
  let terms = [];
  let hits = [];
  let at = -1;

  function look() {
    hits = annotations.current ? hitsIn(blocks(), terms) : [];
    at = -1;
    paint("scan", hits);
    draw();
  }

  function draw() {
    paint("scan-here", hits[at] ? [hits[at]] : []);
    tools.hidden = !terms.length;
    count.textContent = at < 0 ? `${hits.length} here` : `${at + 1} of ${hits.length}`;
    for (const each of tools.querySelectorAll("button[data-step]")) each.disabled = !hits.length;
    $("scan-button").setAttribute("aria-pressed", String(terms.length > 0));
    $("scan-button").title = terms.join(", ");
  }

  function step(by) {
    if (!hits.length) return;
    at = at < 0 ? (by > 0 ? 0 : hits.length - 1) : (at + by + hits.length) % hits.length;
    draw();
    bringIntoView(rangeOf(hits[at]));
    const { block, from, to } = hits[at];
    $("announcer").textContent = `${at + 1} of ${hits.length}: ${block.textContent.slice(Math.max(from - 40, 0), to + 40)}`;
  }

  function read() {
    terms = termsOf(field.value);
    look();
  }

  async function store(words) {
    keep(words);
    const token = /(?:^|; )csrftoken=([^;]+)/.exec(document.cookie)?.[1] ?? "";
    const headers = { Accept: "application/json", "X-CSRFToken": token };
    const body = new URLSearchParams({ terms: words });
    try {
      const response = await fetch(form.action, { method: "POST", headers, body, redirect: "manual", keepalive: true });
      const reply = await response.json();
      if (response.status === 409) toast(reply.error);
      if ((response.ok || response.status === 409) && kept() === words) keep(null);
    } catch {
      // no connection, or a login page: it is kept, and sent when the page is opened or the connection comes back
    }
  }

  function keep(words) {
    try {
      if (words === null) localStorage.removeItem(key);
      else localStorage.setItem(key, words);
    } catch {
      // storage is forbidden: it holds for this page
    }
  }

  function kept() {
    try {
      return localStorage.getItem(key);
    } catch {
      return null;
    }
  }

  function sendKept() {
    const words = kept();
    if (words === null) return;
    field.value = words;
    read();
    store(words);
  }

  let stored = field.value;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    $("scan-window").hidePopover();
  });
  field.addEventListener("input", read);
  $("scan-window").addEventListener("beforetoggle", (event) => {
    if (event.newState === "open") field.addEventListener("focus", () => field.select(), { once: true });
  });
  $("scan-window").addEventListener("toggle", (event) => {
    if (event.newState === "closed" && field.value !== stored) store((stored = field.value));
  });
  for (const each of tools.querySelectorAll("button[data-step]")) {
    each.addEventListener("pointerdown", (event) => event.preventDefault());
    each.addEventListener("click", () => step(Number(each.dataset.step)));
  }
  annotations.listen((shown) => shown && look());
  window.addEventListener("online", sendKept);
  terms = termsOf(field.value);
  draw();
  sendKept();
}

function toast(text) {
  document.dispatchEvent(new CustomEvent("toast", { detail: { text, level: "error" } }));
}
