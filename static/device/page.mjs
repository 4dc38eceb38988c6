// What all pages share: theme, size inside the dashboard, state in the address, saving files.

import { Trouble } from "./files.mjs";

/** Where `files.json` lies. */
export const BASE = new URL("./", import.meta.url).href;
export const byId = (id) => document.getElementById(id);

/** The window whose address people see: the dashboard's when this page stands inside it. */
export function outerWindow() {
  try {
    return window.parent !== window && window.parent.location.origin === location.origin
      ? window.parent
      : window;
  } catch {
    return window; // somebody else's page
  }
}

const outer = outerWindow();
export const isInside = window.parent !== window;

/** Called once by every page. */
function setUp() {
  document.documentElement.classList.toggle("inside", isInside);
  const frame = outer !== window && window.frameElement;
  if (frame) {
    wearThemeAround(frame);
    setInterval(() => wearThemeAround(frame), 500); // no event tells of a change
    new ResizeObserver(() => (frame.style.height = `${document.body.scrollHeight + 4}px`)).observe(
      document.body,
    );
  }
  if (!byId("loading")) keepForOffline();
}

/** Light or dark as what stands around this page's frame; the frame's own scheme may be set apart. */
function wearThemeAround(frame) {
  const { colorScheme } = outer.getComputedStyle(frame.parentElement);
  document.documentElement.dataset.theme = colorScheme;
}

/** Where the pages are a folder of their own: keep them in the browser. Called once a page has what
 * it needs, so that nothing is fetched twice at a time. */
export function keepForOffline() {
  const alone = document.documentElement.dataset.alone !== undefined;
  if (!isInside && alone && "serviceWorker" in navigator) {
    navigator.serviceWorker.register("service_worker.js").catch(() => {}); // it works without, too
  }
}

/** A choice that is worth sharing, from the address people see, or this page's own. */
export function fromAddress(name, otherwise) {
  const [seen, own] = [outer, window].map(({ location: { search } }) => new URLSearchParams(search).get(name));
  return seen ?? own ?? otherwise;
}

/** Write choices into the address people see, without loading anything; "" takes one out. */
export function intoAddress(choices) {
  for (const target of new Set([window, outer])) {
    const url = new URL(target.location.href);
    for (const [name, value] of Object.entries(choices)) {
      if (value === "") url.searchParams.delete(name);
      else url.searchParams.set(name, value);
    }
    if (url.href !== target.location.href) target.history.replaceState(target.history.state, "", url);
  }
}

/** The choice of whose word names expressions, hidden where the network knows one alone. `key` and title
 * stand in the address as the dashboard writes them. `changed` hears of another. */
export function offerHeads({ models, named_as: usual }, key, changed = () => {}) {
  const heads = models.expression?.heads ?? {};
  byId("named-as").replaceChildren(...Object.entries(heads).map(([truth, title]) => new Option(title, truth)));
  const asked = Object.keys(heads).find((truth) => heads[truth] === fromAddress(key));
  byId("named-as").value = asked ?? usual;
  byId("named-as").onchange = ({ target: { value } }) => {
    intoAddress({ [key]: value === usual ? "" : heads[value] });
    changed();
  };
  byId("named-as-choice").hidden = Object.keys(heads).length < 2;
}

/** Let the browser save something made here. */
export function save(content, name, type) {
  const blob = content instanceof Blob ? content : new Blob([content], { type });
  const link = Object.assign(document.createElement("a"), {
    href: URL.createObjectURL(blob),
    download: name,
  });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** A line about what went wrong, until the next `say("")`. */
export function say(text) {
  const place = byId("trouble");
  place.textContent = text;
  place.hidden = !text;
}

/** Take a line back where no other one stands in its place. */
export function unsay(text) {
  if (byId("trouble").textContent === text) say("");
}

/** Nobody can follow names that are told faster. */
const CALM_MS = 3000;
let toldMs = -Infinity;

/** Tell those who hear the page what is named now, where it is another name than before; "" is no name. */
export function tell(name) {
  const nowMs = performance.now();
  if (byId("told").textContent === name || (name && nowMs - toldMs < CALM_MS)) return;
  byId("told").textContent = name;
  toldMs = nowMs;
}

/** What to say of an error: ours are lines already. */
export function lineOf(error) {
  if (error instanceof Trouble) return error.message;
  console.error(error);
  return `Something went wrong (${error.message ?? error}). Reload the page.`;
}

/** How far loading is, in a line. */
export function showProgress(bytes, of) {
  const place = byId("loading");
  if (place) place.textContent = `Loading what reads faces: ${(bytes / 1e6).toFixed(1)} of ${(of / 1e6).toFixed(1)} MB`;
}

/** A bar for every expression, each with its name and value. */
export function drawBars(place, labels, values, colours, format = (value) => value.toFixed(2)) {
  const highest = Math.max(...values);
  place.innerHTML = labels
    .map(
      (name, i) =>
        `<div class="bar${values[i] === highest ? " first" : ""}"><span></span>` +
        `<svg aria-hidden="true"><rect width="${(100 * values[i]).toFixed(1)}%" height="100%" rx="3" ` +
        `fill="${colours[name]}"/></svg><span>${format(values[i])}</span></div>`,
    )
    .join("");
  labels.forEach((name, i) => (place.children[i].firstChild.textContent = name)); // a visitor's may hold markup
}

export const count = (n, word) => `${n} ${word}${n === 1 ? "" : "s"}`;

setUp();
