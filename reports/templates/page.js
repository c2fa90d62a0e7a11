"use strict";
// Four things, all optional: the theme, sections that unfold for whoever is sent to them, the section that is being
// read, tables that sort. The page works without them.

const root = document.documentElement;

function remembered(name, value) {
  try {
    if (value === undefined) return localStorage.getItem(name);
    localStorage.setItem(name, value);
  } catch {
    // A page opened from a file may have no storage: then the choice lasts as long as the page.
  }
  return null;
}

function addThemeButton() {
  const themes = ["auto", "light", "dark"];
  const button = document.createElement("button");
  button.type = "button";
  button.className = "theme";
  const show = (theme) => {
    if (theme === "auto") delete root.dataset.theme;
    else root.dataset.theme = theme;
    button.textContent = `Theme: ${theme}`;
    button.value = theme;
  };
  button.addEventListener("click", () => {
    const next = themes[(themes.indexOf(button.value) + 1) % themes.length];
    show(next);
    remembered("theme", next);
  });
  const last = remembered("theme");
  show(themes.includes(last) ? last : "auto");
  document.querySelector("nav").append(button);
}

const folds = [...document.querySelectorAll("main details")];

// What an address names may lie in a folded section, or be its heading: it opens.
function unfoldTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const fold = target?.closest("main details");
  if (!fold || fold.open) return;
  fold.open = true;
  target.scrollIntoView({ behavior: "instant" });
}

function addFolds() {
  if (!folds.length) return;
  const button = document.createElement("button");
  button.type = "button";
  const show = () => (button.textContent = folds.every((fold) => fold.open) ? "Fold sections" : "Unfold all sections");
  button.addEventListener("click", () => {
    const opens = !folds.every((fold) => fold.open);
    for (const fold of folds) fold.open = opens;
  });
  for (const fold of folds) fold.addEventListener("toggle", show);
  show();
  document.querySelector("nav").append(button);
  addEventListener("hashchange", unfoldTarget);
  // The same address again is no change of it.
  document.addEventListener("click", (event) => {
    if (event.target.closest?.('a[href^="#"]')) setTimeout(unfoldTarget);
  });
  unfoldTarget();
  // Paper has no buttons: everything is printed, and folded again afterwards.
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = folds.filter((fold) => !fold.open);
    for (const fold of closed) fold.open = true;
  });
  addEventListener("afterprint", () => {
    for (const fold of closed) fold.open = false;
  });
}

function followReading() {
  const links = new Map([...document.querySelectorAll("nav a")].map((link) => [link.hash.slice(1), link]));
  const headings = [...links.keys()].map((id) => document.getElementById(id));
  const update = () => {
    const passed = headings.filter((heading) => heading.getBoundingClientRect().top < 120);
    for (const link of links.values()) link.removeAttribute("aria-current");
    if (passed.length) links.get(passed.at(-1).id).setAttribute("aria-current", "true");
  };
  document.addEventListener("scroll", update, { passive: true });
  update();
}

const SECONDS = { ms: 0.001, s: 1, min: 60, h: 3600, d: 86400 };

// The number that a cell begins with: "34.0 (± 3.3, ± 11.5)" is 34, "<0.001 / 0.02" just under 0.001,
// "2 min 40 s" 160.
// NaN for a dash or an empty cell, null for words.
function numberOf(text) {
  if (text === "" || text === "–") return NaN;
  const match = text.match(/^([<>]?)\s*([+\-−]?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?)/i);
  if (!match) return null;
  const time = [...text.matchAll(/([\d.]+)\s+(ms|s|min|h|d)\b/g)];
  const value = time.length
    ? time.reduce((sum, [, number, unit]) => sum + number * SECONDS[unit], 0)
    : Number(match[2].replaceAll(",", "").replace("−", "-"));
  return match[1] === "<" ? value - Number.EPSILON : value;
}

// A column is one of numbers if no cell of it begins with a word; what has no number comes last in both directions.
function comparison(texts) {
  const numbers = texts.map(numberOf);
  if (numbers.includes(null)) return (a, b, sign) => sign * texts[a].localeCompare(texts[b], "en", { numeric: true });
  return (a, b, sign) => {
    const missing = Number.isNaN(numbers[a]) - Number.isNaN(numbers[b]);
    return missing || (Number.isNaN(numbers[a]) ? 0 : sign * (numbers[a] - numbers[b]));
  };
}

function sortRows(table, column, direction) {
  const body = table.tBodies[0];
  const rows = [...body.rows].sort((a, b) => a.dataset.place - b.dataset.place);
  const movable = rows.filter((row) => !row.classList.contains("foot"));
  if (direction !== "none") {
    const compare = comparison(movable.map((row) => row.cells[column].textContent.trim()));
    const sign = direction === "ascending" ? 1 : -1;
    const order = movable.map((_, place) => place).sort((a, b) => compare(a, b, sign) || a - b);
    body.append(...order.map((place) => movable[place]));
  } else {
    body.append(...movable);
  }
  body.append(...rows.filter((row) => row.classList.contains("foot")));
}

function makeSortable(table) {
  [...table.tBodies[0].rows].forEach((row, place) => (row.dataset.place = place));
  const headings = [...table.tHead.rows[0].cells];
  headings.forEach((heading, column) => {
    if (!heading.textContent.trim()) return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const next = { ascending: "descending", descending: "none" }[heading.ariaSort] ?? "ascending";
      for (const other of headings) other.removeAttribute("aria-sort");
      if (next !== "none") heading.setAttribute("aria-sort", next);
      sortRows(table, column, next);
    });
  });
}

addFolds();
addThemeButton();
followReading();
for (const table of document.querySelectorAll("main table")) {
  if (table.tBodies.length && table.tBodies[0].rows.length > 1) makeSortable(table);
}
// On a narrow screen the list of sections would fill the first screen: it opens on demand there.
if (matchMedia("(max-width: 64rem)").matches) document.querySelector("nav details").open = false;
