// How good a head is with pictures it has not seen: honest splits, what comes out, how sure that is.

import { learn, randomNumbers } from "./softmax.mjs";
import { probabilities } from "./head.mjs";

const MOST_FOLDS = 5;
/** Of many examples, which take longer and need it less. */
const FOLDS_OF_MANY = 3;
const MANY = 1000;

const mostFolds = (y) => (y.length > MANY ? FOLDS_OF_MANY : MOST_FOLDS);
const Z95 = 1.959963984540054;

/** `list` in an order drawn by lot, the same for a seed. */
export function shuffled(list, seed) {
  const random = randomNumbers(seed);
  const order = Array.from(list);
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

/**
 * The fold of each example so that no group (a recording burst) is torn apart, and every class stands
 * in every fold; null where a class has but one group: then nothing can be tested honestly.
 */
export function foldsByGroup(y, groups, classes, seed = 1) {
  const own = Array.from({ length: classes }, () => new Set());
  const seen = new Set();
  y.forEach((k, i) => {
    if (!seen.has(groups[i])) own[k].add(groups[i]); // a group counts for the class it began with
    seen.add(groups[i]);
  });
  const fewest = Math.min(...own.map((of) => of.size));
  if (fewest < 2) return null;
  const folds = Math.min(mostFolds(y), fewest);
  const foldOf = new Map();
  for (const of of own) shuffled(of, seed).forEach((group, i) => foldOf.set(group, i % folds));
  return Array.from(groups, (group) => foldOf.get(group));
}

/** The wrong way: pictures of one burst on both sides. */
export function foldsByPicture(y, classes, seed = 1) {
  const folds = new Array(y.length);
  for (let k = 0; k < classes; k++) {
    const own = shuffled([...y.keys()].filter((i) => y[i] === k), seed + k);
    own.forEach((row, i) => (folds[row] = i % mostFolds(y)));
  }
  return folds;
}

/** The rows of a table of features that are `wanted`. */
export function takeRows({ x, y, width }, wanted) {
  const rows = new Float64Array(wanted.length * width);
  wanted.forEach((row, i) => rows.set(x.subarray(row * width, (row + 1) * width), i * width));
  return { x: rows, y: wanted.map((row) => y[row]), width };
}

/**
 * Learn from all folds but one and name that one, in turn. `table`: { x, y, width }. Yields
 * { fold, step, loss, heldOutLoss } as it goes; returns the class named for every example (-1 where
 * none could be: its fold's learning lacked a class).
 */
export function* crossValidate(table, folds, classes, options) {
  const named = new Array(table.y.length).fill(-1);
  for (let fold = 0; fold <= Math.max(...folds); fold++) {
    const inside = [...folds.keys()].filter((i) => folds[i] !== fold);
    const outside = [...folds.keys()].filter((i) => folds[i] === fold);
    const [seen, unseen] = [takeRows(table, inside), takeRows(table, outside)];
    const own = { ...options, scaled: seen.x };
    let layers;
    for (const state of learn(seen.x, seen.y, inside.length, table.width, classes, own)) {
      layers = state.layers;
      const heldOutLoss = fold ? undefined : crossEntropy(layers, unseen);
      yield { fold, step: state.step, loss: state.error, heldOutLoss };
    }
    if (layers) nameAll(layers, unseen).forEach((k, i) => (named[outside[i]] = k));
  }
  return named;
}

/** The classes that layers name for every row of a table. */
export function nameAll(layers, { x, y }) {
  const said = probabilities(layers, x, 0, y.length);
  const classes = said.length / y.length;
  return y.map((_, i) => {
    const own = said.subarray(i * classes, (i + 1) * classes);
    return own.indexOf(Math.max(...own));
  });
}

function crossEntropy(layers, { x, y }) {
  const said = probabilities(layers, x, 0, y.length);
  const classes = said.length / y.length;
  return y.reduce((sum, k, i) => sum - Math.log(Math.max(said[i * classes + k], 1e-12)), 0) / y.length;
}

/** A share measured on `n` cases, and its 95 % interval (Wilson 1927): [share, low, high]. */
export function wilson(share, n) {
  if (!n) return [share, 0, 1];
  const z2 = Z95 * Z95;
  const middle = (share + z2 / (2 * n)) / (1 + z2 / n);
  const half = (Z95 / (1 + z2 / n)) * Math.sqrt((share * (1 - share)) / n + z2 / (4 * n * n));
  return [share, Math.max(0, middle - half), Math.min(1, middle + half)];
}

/**
 * What came out: { accuracy, low, high, cells } where `cells[truth][named]` lists examples. `cases` is
 * how many independent tries there were: bursts, as pictures of one burst are near copies.
 */
export function outcome(y, named, classes, cases) {
  const cells = Array.from({ length: classes }, () => Array.from({ length: classes }, () => []));
  y.forEach((k, i) => named[i] >= 0 && cells[k][named[i]].push(i));
  const right = y.filter((k, i) => named[i] === k).length;
  const [accuracy, low, high] = wilson(right / y.length, cases);
  return { accuracy, low, high, cells };
}
