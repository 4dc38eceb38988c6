// Shares over time as a picture: an SVG, for the page and for the report (`figures/streamgraph.py`).

/** What may stand in HTML for a text. */
export function escaped(text) {
  return String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

/** "1:05" for 65 seconds. */
export function clock(timeS) {
  return `${Math.floor(timeS / 60)}:${String(Math.floor(timeS) % 60).padStart(2, "0")}`;
}

export const percent = (share) => `${Math.round(100 * share)} %`;

/**
 * HTML of `GroupTimeline.shares`: stacked bands, markers, an axis and the legend. `spanS`: the picture
 * ends at the newest second and is this long; without it everything shows.
 */
export function streamgraph(rows, labels, colours, markers = [], spanS = 0) {
  const endS = rows.length ? rows.at(-1).timeS + 1 : spanS || 60;
  const startS = spanS ? endS - spanS : 0;
  const x = (timeS) => Math.min(Math.max((1000 * (timeS - startS)) / (endS - startS), 0), 1000);
  const bands = labels.map((name, i) => {
    const path = runs(rows).map((run) => band(run, i, x)).join("");
    return path ? `<path d="${path}" fill="${colours[name]}"><title>${name}</title></path>` : "";
  });
  const lines = markers.map((marker, i) => {
    const at = x(marker.timeS).toFixed(1);
    const inside = marker.timeS >= startS && marker.timeS <= endS;
    if (!inside) return "";
    const end = at > 800;
    return (
      `<line x1="${at}" x2="${at}" y1="24" y2="244" stroke="currentColor" stroke-width="2" ` +
      `stroke-dasharray="6 5"/><text x="${at}" y="16" font-size="20" fill="currentColor" ` +
      `text-anchor="${end ? "end" : "start"}">${i + 1} ${escaped(marker.text.slice(0, 28))}</text>`
    );
  });
  const newest = rows.findLast((row) => row.shares)?.shares;
  const said = newest ? labels.map((name, i) => `${name} ${percent(newest[i])}`).join(", ") : "no data yet";
  const ends = spanS ? [`${spanS} s ago`, "now"] : [clock(startS), clock(endS)];
  const top = markers.length ? 0 : 24;
  return (
    `<svg class="stream" viewBox="0 ${top} 1000 ${244 - top}" role="img" ` +
    `aria-label="Share of each expression over time: ${said}">` +
    `<rect x="0" y="24" width="1000" height="220" rx="6" fill="currentColor" fill-opacity=".08"/>` +
    `${bands.join("")}${lines.join("")}</svg>` +
    `<div class="axis"><span>${ends[0]}</span><span>${ends[1]}</span></div>${legend(labels, colours, newest)}`
  );
}

/** Rows that follow each other and counted. */
function runs(rows) {
  const found = [];
  rows.forEach((row, i) => {
    if (!row.shares) return;
    if (i && rows[i - 1].shares) found.at(-1).push(row);
    else found.push([row]);
  });
  return found;
}

function band(run, i, x) {
  const below = (row, upTo) => row.shares.slice(0, upTo).reduce((sum, share) => sum + share, 0);
  if (!run.some((row) => row.shares[i] > 0)) return "";
  const places = [[run[0], -0.5], ...run.map((row) => [row, 0]), [run.at(-1), 0.5]];
  const edge = (upTo) =>
    places.map(([row, more]) => {
      return `${x(row.timeS + 0.5 + more).toFixed(1)} ${(244 - 220 * below(row, upTo)).toFixed(1)}`;
    });
  return `M${[...edge(i + 1), ...edge(i).reverse()].join("L")}Z`;
}

function legend(labels, colours, newest) {
  const items = labels.map(
    (name, i) =>
      `<span><svg width="11" height="11" aria-hidden="true"><rect width="11" height="11" rx="2" ` +
      `fill="${colours[name]}"/></svg> ${name}${newest ? ` ${percent(newest[i])}` : ""}</span>`,
  );
  return `<div class="legend">${items.join("")}</div>`;
}
