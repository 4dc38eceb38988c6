// Pictures of what was recorded and learnt. Names of classes are written as text, never as markup.

import { percent } from "./streamgraph.mjs";

/** One colour a class (Okabe and Ito), always beside its number or name. */
export const COLOURS = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9"];

export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/** A grey square on a canvas. */
export function cropCanvas(crop, label = "") {
  const side = Math.sqrt(crop.length);
  const canvas = element("canvas", { width: side, height: side, className: "crop" });
  const image = new ImageData(side, side);
  for (let i = 0; i < crop.length; i++) image.data.set([crop[i], crop[i], crop[i], 255], 4 * i);
  canvas.getContext("2d").putImageData(image, 0, 0);
  if (label) canvas.setAttribute("aria-label", label);
  return canvas;
}

/** Right in truth (rows) and in name (columns), with pictures of each cell. */
export function confusionTable({ cells }, classes, examples, most = 4) {
  const head = element("tr", {}, element("th", { textContent: "was ↓ named →" }), ...classes.map((name) => element("th", { textContent: name })));
  const rows = cells.map((row, k) =>
    element("tr", {}, element("th", { textContent: classes[k] }), ...row.map((own, named) => {
      const pictures = spread(own, most).map((i) => cropCanvas(examples[i].crop));
      const cell = element("td", { className: named === k ? "right" : own.length ? "wrong" : "" });
      cell.append(element("b", { textContent: own.length }), element("div", { className: "crops" }, ...pictures));
      return cell;
    })),
  );
  return element("table", { className: "confusion" }, head, ...rows);
}

/** Some of a list, from all over it. */
const spread = (list, most) => list.filter((_, i) => i % Math.max(1, Math.ceil(list.length / most)) === 0).slice(0, most);

const line = (values, x, y, style) =>
  `<polyline fill="none" stroke-width="2.5" points="${values.map((value, i) => `${x(i).toFixed(1)},${y(value).toFixed(1)}`).join(" ")}" ${style}/>`;

/** Two curves over the steps of learning: what it learns from, and what it does not. */
export function lossCurves(seen, unseen) {
  const [wide, high] = [320, 120];
  const top = Math.max(...seen, ...unseen, 0.1);
  const x = (i) => 8 + ((wide - 16) * i) / Math.max(seen.length - 1, 1);
  const y = (value) => high - 18 - ((high - 28) * value) / top;
  return (
    `<svg viewBox="0 0 ${wide} ${high}" role="img" aria-label="Loss after each step">` +
    `<line x1="8" x2="${wide - 8}" y1="${high - 18}" y2="${high - 18}" stroke="currentColor" opacity="0.3"/>` +
    line(seen, x, y, 'stroke="#0072B2"') + line(unseen, x, y, 'stroke="#E69F00" stroke-dasharray="6 4"') +
    `<text x="8" y="${high - 4}">step 1</text><text x="${wide - 8}" y="${high - 4}" text-anchor="end">step ${seen.length}</text></svg>`
  );
}

/** Every example as the number of its class, where the two directions of `plane` put it. */
export function mapPicture(places, y) {
  const [wide, high, edge] = [460, 300, 14];
  const range = (axis) => {
    const values = y.map((_, i) => places[2 * i + axis]);
    const [low, most] = [Math.min(...values), Math.max(...values)];
    return (value) => (value - low) / (most - low || 1);
  };
  const [across, down] = [range(0), range(1)];
  const marks = y.map((k, i) => {
    const [px, py] = [edge + (wide - 2 * edge) * across(places[2 * i]), edge + (high - 2 * edge) * down(places[2 * i + 1])];
    return `<text x="${px.toFixed(1)}" y="${py.toFixed(1)}" fill="${COLOURS[k]}" text-anchor="middle" dominant-baseline="middle" data-row="${i}">${k + 1}</text>`;
  });
  return `<svg viewBox="0 0 ${wide} ${high}" role="img" aria-label="Map of all examples">${marks.join("")}</svg>`;
}

/** How good with how few: a dot for each number of examples tried. */
export function fewPicture(points, most) {
  const [wide, high] = [320, 140];
  const x = (n) => 40 + ((wide - 50) * Math.log(n)) / Math.log(Math.max(most, 2));
  const y = (share) => high - 20 - (high - 30) * share;
  const dots = [...points].sort(([a], [b]) => a - b);
  const path = dots.map(([n, share]) => `${x(n).toFixed(1)},${y(share).toFixed(1)}`).join(" ");
  const marks = [1, 2, 5, 10, 20, 50, 100, 200, 500].filter((n) => n <= most);
  return (
    `<svg viewBox="0 0 ${wide} ${high}" role="img" aria-label="Share named rightly by the number of examples">` +
    [0, 0.5, 1].map((share) => `<line x1="40" x2="${wide - 10}" y1="${y(share)}" y2="${y(share)}" stroke="currentColor" opacity="0.2"/><text x="36" y="${y(share) + 4}" text-anchor="end">${percent(share)}</text>`).join("") +
    marks.map((n) => `<text x="${x(n)}" y="${high - 4}" text-anchor="middle">${n}</text>`).join("") +
    `<polyline fill="none" stroke="#0072B2" stroke-width="2" points="${path}"/>` +
    dots.map(([n, share]) => `<circle cx="${x(n)}" cy="${y(share)}" r="4" fill="#0072B2"><title>${n} each: ${percent(share)}</title></circle>`).join("") + "</svg>"
  );
}

/** "94 % (81 to 98 %)". */
export const withInterval = ({ accuracy, low, high }) => `${percent(accuracy)} (95 % interval ${percent(low)} to ${percent(high)})`;

/** A bar a class over a picture, its name and probability beside it. */
export function drawOwnBars(context, classes, said, first, width, height) {
  const size = Math.max(11, Math.round(width / 34));
  const row = 1.5 * size;
  const wide = Math.min(0.55 * width, 20 * size);
  const [left, top] = [0.4 * size, height - classes.length * row - 0.4 * size];
  context.fillStyle = "#000000a0";
  context.fillRect(left, top - 0.2 * size, wide, classes.length * row + 0.4 * size);
  context.textBaseline = "middle";
  classes.forEach((name, k) => {
    const y = top + k * row;
    context.fillStyle = COLOURS[k];
    context.fillRect(left, y + 0.15 * row, wide * said[k], 0.7 * row);
    context.fillStyle = "#ffffff";
    context.font = `${k === first ? 700 : 400} ${size}px system-ui, sans-serif`;
    context.fillText(`${name}  ${said[k].toFixed(2)}`, left + 0.4 * size, y + row / 2, wide - 0.8 * size);
  });
}

const PATCH_PX = 12;
const STEP_PX = 4;

/** Crops with a grey patch somewhere, to see what is missed: { crops, count, places }. The first has none. */
export function occluded(crop) {
  const side = Math.sqrt(crop.length);
  const mean = Math.round(crop.reduce((sum, value) => sum + value, 0) / crop.length);
  const places = [];
  for (let y = 0; y + PATCH_PX <= side; y += STEP_PX) for (let x = 0; x + PATCH_PX <= side; x += STEP_PX) places.push([x, y]);
  const crops = new Uint8Array((places.length + 1) * crop.length);
  crops.set(crop);
  places.forEach(([x, y], i) => {
    const hidden = crop.slice();
    for (let row = y; row < y + PATCH_PX; row++) hidden.fill(mean, row * side + x, row * side + x + PATCH_PX);
    crops.set(hidden, (i + 1) * crop.length);
  });
  return { crops, count: places.length + 1, places };
}

/** Where a patch cost the most of a probability: orange over the face. `drops` one for each place. */
export function attentionCanvas(crop, places, drops) {
  const side = Math.sqrt(crop.length);
  const [sum, hits] = [new Float64Array(crop.length), new Float64Array(crop.length)];
  places.forEach(([left, top], i) => {
    for (let y = top; y < top + PATCH_PX; y++) {
      for (let x = left; x < left + PATCH_PX; x++) {
        sum[y * side + x] += Math.max(0, drops[i]);
        hits[y * side + x] += 1;
      }
    }
  });
  const mean = sum.map((value, i) => value / (hits[i] || 1));
  const most = Math.max(...mean, 0.02);
  const canvas = cropCanvas(crop, "What it looks at");
  const context = canvas.getContext("2d");
  const image = context.getImageData(0, 0, side, side);
  mean.forEach((value, i) => {
    const share = 0.75 * (value / most);
    [230, 159, 0].forEach((ink, c) => (image.data[4 * i + c] += (ink - image.data[4 * i + c]) * share));
  });
  context.putImageData(image, 0, 0);
  return canvas;
}
