// How far a reading can be trusted (`faces/quality.py`, which says why these numbers).

import { cropFaces } from "./crop.mjs";

const SMALL_BELOW_PX = 40;
const BLURRED_BELOW = 0.02;
const TURNED_FROM_MIDDLE = 0.2;
const SIZE_PX = 96;
const UNCERTAIN_BELOW = 0.5;
// Places of keypoints in their order.
const LEFT_OUTER_CORNER = 3;
const RIGHT_OUTER_CORNER = 5;
const NOSE_TIP = 10;

/** "happy 0.91", or "uncertain: neutral 0.41". */
export function expressionText(labels, said) {
  const highest = Math.max(...said);
  const text = `${labels[said.indexOf(highest)]} ${highest.toFixed(2)}`;
  return isUncertain(said) ? `uncertain: ${text}` : text;
}

export const isUncertain = (said) => Math.max(...said) < UNCERTAIN_BELOW;

/** For each reading what makes its face hard to read: "small", "blurred", "turned away". */
export function qualityHints(picture, readings, framing) {
  const crops = cropFaces(picture, readings.map((reading) => reading.face), framing, SIZE_PX);
  return readings.map(({ face: { box: [x0, y0, x1, y1] }, points }, i) => {
    const crop = crops.images.subarray(i * SIZE_PX * SIZE_PX, (i + 1) * SIZE_PX * SIZE_PX);
    const hints = [];
    if (Math.min(x1 - x0, y1 - y0) < SMALL_BELOW_PX) hints.push("small");
    if (sharpness(crop, SIZE_PX) < BLURRED_BELOW) hints.push("blurred");
    if (isTurnedAway(points)) hints.push("turned away");
    return hints;
  });
}

/** Variance of the Laplacian of a grey square, its contrast taken out; edges are mirrored. */
export function sharpness(crop, side) {
  const spread = Math.max(Math.sqrt(variance(crop)), 1);
  const at = (x, y) => {
    const [a, b] = [x, y].map((v) => (v < 0 ? -v : v >= side ? 2 * side - 2 - v : v));
    return crop[b * side + a] / spread;
  };
  const values = new Float32Array(side * side);
  for (let y = 0, i = 0; y < side; y++) {
    for (let x = 0; x < side; x++, i++) {
      values[i] = at(x - 1, y) + at(x + 1, y) + at(x, y - 1) + at(x, y + 1) - 4 * at(x, y);
    }
  }
  return variance(values);
}

function variance(values) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
}

/** Whether the nose tip has left the middle between the outer eye corners. */
export function isTurnedAway(points) {
  if (!points) return false;
  const point = (i) => [points[2 * i], points[2 * i + 1]];
  const [left, right, nose] = [LEFT_OUTER_CORNER, RIGHT_OUTER_CORNER, NOSE_TIP].map(point);
  const across = [left[0] - right[0], left[1] - right[1]];
  const length = across[0] ** 2 + across[1] ** 2;
  if (!(length > 0)) return false;
  const share = ((nose[0] - right[0]) * across[0] + (nose[1] - right[1]) * across[1]) / length;
  return Math.abs(share - 0.5) > TURNED_FROM_MIDDLE;
}
