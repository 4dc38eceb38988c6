// Many features seen from the side from which they differ most: principal components (Pearson 1901).

import { randomNumbers, standards } from "./softmax.mjs";

const ROUNDS = 60;

/** Two numbers for each of `count` rows of `width` features, in one array; nothing but those that vary
 * counts, each in its own standard deviations. */
export function plane(x, count, width) {
  const { mean, spread } = standards(x, count, width);
  const scaled = new Float64Array(x.length);
  for (let i = 0; i < x.length; i++) scaled[i] = (x[i] - mean[i % width]) / spread[i % width];
  const across = new Float64Array(width * width);
  for (let i = 0; i < count; i++) {
    for (let a = 0; a < width; a++) {
      const value = scaled[i * width + a] / count;
      for (let b = 0; b < width; b++) across[a * width + b] += value * scaled[i * width + b];
    }
  }
  const first = direction(across, width, []);
  const second = direction(across, width, [first]);
  const places = new Float64Array(2 * count);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < width; j++) {
      places[2 * i] += scaled[i * width + j] * first[j];
      places[2 * i + 1] += scaled[i * width + j] * second[j];
    }
  }
  return places;
}

/** The direction in which a symmetric matrix stretches most, at a right angle to those `without`. */
function direction(matrix, width, without) {
  const random = randomNumbers(7 + without.length);
  let vector = Float64Array.from({ length: width }, () => random() - 0.5);
  for (let round = 0; round < ROUNDS; round++) {
    const next = new Float64Array(width);
    for (let a = 0; a < width; a++) for (let b = 0; b < width; b++) next[a] += matrix[a * width + b] * vector[b];
    for (const other of without) {
      const along = next.reduce((sum, value, i) => sum + value * other[i], 0);
      next.forEach((value, i) => (next[i] = value - along * other[i]));
    }
    const length = Math.hypot(...next) || 1;
    vector = next.map((value) => value / length);
  }
  return vector;
}
