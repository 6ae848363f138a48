// The scores at the foot of the editor, and how they move when nuggets are switched off, or one stands alone.

const strip = document.getElementById("strip");
const off = new Set();
let asked = 0;

const rows = () => [...document.querySelectorAll(".nugget")];
const numberOf = (row) => Number(row.dataset.number);

function show() {
  for (const row of rows()) row.classList.toggle("is-off", off.has(numberOf(row)));
  strip.querySelector("[data-strip=all]").disabled = off.size === 0;
}

async function refresh() {
  show();
  const mine = ++asked;
  const query = new URLSearchParams({ off: [...off].join(" "), assessor: document.getElementById("strip-assessor").value });
  try {
    const response = await fetch(`${strip.dataset.url}?${query}`);
    if (response.ok && mine === asked) document.getElementById("strip-figures").outerHTML = await response.text();
  } catch {
    // the figures stay as they are; the editor's light tells of the connection
  }
}

function change(what) {
  const chosen = document.querySelector(".nugget.is-chosen");
  if (what !== "all" && !chosen) return;
  const number = chosen && numberOf(chosen);
  if (what === "off") off.has(number) ? off.delete(number) : off.add(number);
  else off.clear();
  if (what === "solo") for (const row of rows()) if (row !== chosen) off.add(numberOf(row));
  refresh();
}

if (strip) {
  strip.addEventListener("click", (event) => {
    const button = event.target.closest("[data-strip]");
    if (button) change(button.dataset.strip);
  });
  strip.addEventListener("change", refresh);
  document.addEventListener("list-renewed", refresh);
  show();
}
