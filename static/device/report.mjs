// What is left of a group's session: a page of HTML and a table, made on this device
// (`report/group.py`, `reading/group.py`).

import { isTurnedAway, isUncertain } from "./quality.mjs";
import { clock, escaped, percent, streamgraph } from "./streamgraph.mjs";

const STYLE = `
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;width:100%}td{padding:.2rem .6rem .2rem 0}td.wide{width:60%}
.stream{width:100%;height:auto}.axis{display:flex;justify-content:space-between;opacity:.75}
.legend{display:flex;flex-wrap:wrap;gap:.2em 1em}small{opacity:.75}`;

/** The session as a self-contained page: timeline, markers, totals; nothing about one person. */
export function groupReport(summary, colours, notice) {
  const { labels, totals, markers } = summary;
  const bar = (name, share) =>
    `<tr><td>${name}</td><td class="wide"><svg width="100%" height="12" role="img" ` +
    `aria-label="${percent(share)}"><rect width="${(100 * share).toFixed(1)}%" height="12" rx="3" ` +
    `fill="${colours[name]}"/></svg></td><td>${percent(share)}</td></tr>`;
  const sums = totals
    ? `<table>${labels.map((name, i) => bar(name, totals[i])).join("")}</table>`
    : `<p>${nothingCounted(summary)}</p>`;
  const set = markers.map(
    ({ timeS, text }, i) =>
      `<tr><td>${i + 1}</td><td>${clock(timeS)}</td><td class="wide">${escaped(text)}</td></tr>`,
  );
  return (
    '<!doctype html><html lang="en"><head><meta charset="utf-8">' +
    '<meta name="viewport" content="width=device-width,initial-scale=1">' +
    `<title>Group session</title><style>${STYLE}</style></head><body><h1>Group session</h1>` +
    `<p>${clock(summary.durationS)} (minutes:seconds), ${summary.facesMean.toFixed(1)} faces on ` +
    `average; seconds with fewer than ${summary.fewest} faces are left out.</p>` +
    `<h2>Share of each expression</h2>${streamgraph(summary.rows, labels, colours, markers)}` +
    `<h2>Markers</h2>${set.length ? `<table>${set.join("")}</table>` : "<p>None were set.</p>"}` +
    `<h2>Totals</h2>${sums}<p><small>${escaped(notice)}</small></p></body></html>`
  );
}

export function nothingCounted({ fewest }) {
  return `No second had ${fewest} faces or more, so nothing was counted.`;
}

/** A row a second; markers stand in the row of their second. */
export function groupTable({ labels, rows, markers }) {
  const notes = rows.map(() => []);
  for (const { timeS, text } of markers) {
    const nearest = rows.reduce(
      (best, row, i) => (Math.abs(row.timeS - timeS) < Math.abs(rows[best].timeS - timeS) ? i : best), 0,
    );
    notes[nearest]?.push(text);
  }
  const lines = rows.map((row, i) => [
    row.timeS,
    row.faces ?? "",
    ...labels.map((_, k) => row.shares?.[k] ?? ""),
    notes[i].join("; "),
  ]);
  return csv([["time_s", "faces", ...labels, "marker"], ...lines], 4);
}

/**
 * The combined table of photos: a header, then a row a face (`reading/table.py`). `photos`:
 * [{ name, readings }]; `words`: `columns`, `coordinates`, `labels` and `named_as`. What is not known stays empty.
 */
export function readingsTable(photos, { columns, coordinates, labels, named_as: truth }) {
  const rows = photos.flatMap(({ name, readings }) =>
    readings.map(({ face, said, points }, i) => {
      const [x0, y0, x1, y1] = face.box;
      const known = { file: name, face: i + 1, score: face.score, x0, y0, x1, y1 };
      if (said) known.expression = labels[said.indexOf(Math.max(...said))];
      if (said) known.named_as = truth;
      if (said) known.uncertain = yesOrNo(isUncertain(said));
      if (points) known.turned_away = yesOrNo(isTurnedAway(points));
      said?.forEach((value, k) => (known[`p_${labels[k]}`] = value));
      points?.forEach((value, k) => (known[coordinates[k]] = value));
      return columns.map((column) => known[column] ?? "");
    }),
  );
  return [columns, ...rows];
}

/** As Python writes it. */
const yesOrNo = (value) => (value ? "True" : "False");

/** Text of a table; numbers with at most `digits` behind the point. */
export function csv(rows, digits) {
  const cell = (value) => {
    if (typeof value === "number") return String(Number(value.toFixed(digits)));
    return /[",\n\r]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
  };
  return rows.map((row) => row.map(cell).join(",")).join("\n") + "\n";
}
