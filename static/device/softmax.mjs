// A head learns to name classes from features: softmax regression, or one hidden layer below it.
//
// `x` holds the features of `count` examples one after the other, `width` numbers each; `y` the number
// of each one's class. All numbers are in Float64Arrays: loops over one kind of array run four times as
// fast as over two.

export const HIDDEN = 16;
/** Weight of the squared weights in what is minimised: without it few examples are learnt by heart. */
export const DECAY = 0.01;
const MOST_STEPS = 80;
/** With a hidden layer: further ones lower the loss and name no more rightly. */
const MOST_STEPS_HIDDEN = 40;
const MEMORY = 8;

/** Numbers from 0 to 1 that look drawn by lot and are the same for a seed (mulberry32). */
export function randomNumbers(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** A feature that never changes gets this from its mean's rounding, relative to it: not to be divided by. */
const ROUNDING = 1e-9;

/** Mean and spread of every feature; those that never change have spread 1. */
export function standards(x, count, width) {
  const mean = new Float64Array(width);
  const spread = new Float64Array(width);
  for (let i = 0; i < count; i++) for (let j = 0; j < width; j++) mean[j] += x[i * width + j] / count;
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < width; j++) spread[j] += (x[i * width + j] - mean[j]) ** 2 / count;
  }
  const changing = (value, j) => value > ROUNDING * Math.abs(mean[j]);
  return { mean, spread: spread.map(Math.sqrt).map((value, j) => (changing(value, j) ? value : 1)) };
}

/** The sizes of the layers from features to classes. */
export function layerSizes(width, classes, hidden) {
  return hidden ? [[width, hidden], [hidden, classes]] : [[width, classes]];
}

/**
 * What is minimised, and its gradient: the mean cross-entropy plus `decay` / 2 times the sum of squared
 * weights (not biases); `error` is the cross-entropy alone. `parameters`: for each layer outputs × inputs
 * weights, then the biases.
 */
export function lossAndGradient(parameters, sizes, x, y, count, decay, room = roomFor(sizes, count)) {
  const gradient = new Float64Array(parameters.length);
  const layers = views(parameters, sizes);
  const slopes = views(gradient, sizes);
  const values = forward(layers, x, 0, count, room.values);
  const last = layers.length - 1;
  let errors = values[last];
  const { outputs } = layers[last];
  let loss = 0;
  for (let i = 0; i < count; i++) {
    const at = i * outputs + y[i];
    loss -= Math.log(Math.max(errors[at], 1e-300)) / count;
    errors[at] -= 1;
  }
  for (let i = 0; i < errors.length; i++) errors[i] /= count;
  for (let l = last; l >= 0; l--) {
    accumulate(slopes[l], errors, l ? values[l - 1] : x, count);
    if (l) errors = backward(layers[l], errors, values[l - 1], count, room.errors[l - 1]);
  }
  const error = loss;
  layers.forEach(({ weights }, l) => {
    for (let j = 0; j < weights.length; j++) {
      loss += (decay / 2) * weights[j] * weights[j];
      slopes[l].weights[j] += decay * weights[j];
    }
  });
  return { loss, error, gradient };
}

/** What a pass over `count` rows writes into: made anew each time, it would be most of the page's memory. */
function roomFor(sizes, count) {
  const rows = () => sizes.map(([, outputs]) => new Float64Array(count * outputs));
  return { values: rows(), errors: rows() };
}

function views(parameters, sizes) {
  let at = 0;
  return sizes.map(([inputs, outputs]) => {
    const weights = parameters.subarray(at, at + inputs * outputs);
    const biases = parameters.subarray(at + inputs * outputs, (at += inputs * outputs + outputs));
    return { inputs, outputs, weights, biases };
  });
}

/**
 * The outputs of every layer for `count` rows of `x`, the first of which begins at `from`: tanh below,
 * softmax at the end; in `values`, an array for each layer.
 */
export function forward(layers, x, from, count, values) {
  layers.forEach((layer, l) => {
    const sums = values[l];
    if (l) products(layer, values[l - 1], 0, count, sums);
    else products(layer, x, from, count, sums);
    if (l < layers.length - 1) for (let i = 0; i < sums.length; i++) sums[i] = Math.tanh(sums[i]);
  });
  const last = values[layers.length - 1];
  const { outputs } = layers[layers.length - 1];
  for (let at = 0; at < last.length; at += outputs) {
    let [highest, total] = [-Infinity, 0];
    for (let k = at; k < at + outputs; k++) highest = Math.max(highest, last[k]);
    for (let k = at; k < at + outputs; k++) total += last[k] = Math.exp(last[k] - highest);
    for (let k = at; k < at + outputs; k++) last[k] /= total;
  }
  return values;
}

// The two loops that take the time go through four rows at once: a weight is fetched once for all of
// them, and no sum waits for another. Where fewer are left, the last one stands in for those missing.

function products({ weights, biases, inputs, outputs }, below, from, count, sums) {
  for (let i = 0; i < count; i += 4) {
    const [b, c, d] = [Math.min(i + 1, count - 1), Math.min(i + 2, count - 1), Math.min(i + 3, count - 1)];
    const [ofA, ofB, ofC, ofD] = [from + i * inputs, from + b * inputs, from + c * inputs, from + d * inputs];
    for (let k = 0; k < outputs; k++) {
      const row = k * inputs;
      let sumA = biases[k];
      let [sumB, sumC, sumD] = [sumA, sumA, sumA];
      for (let j = 0; j < inputs; j++) {
        const weight = weights[row + j];
        sumA += weight * below[ofA + j];
        sumB += weight * below[ofB + j];
        sumC += weight * below[ofC + j];
        sumD += weight * below[ofD + j];
      }
      sums[i * outputs + k] = sumA;
      sums[b * outputs + k] = sumB;
      sums[c * outputs + k] = sumC;
      sums[d * outputs + k] = sumD;
    }
  }
}

function accumulate({ weights, biases, inputs, outputs }, errors, below, count) {
  for (let i = 0; i < count; i += 4) {
    const [b, c, d] = [Math.min(i + 1, count - 1), Math.min(i + 2, count - 1), Math.min(i + 3, count - 1)];
    const [ofA, ofB, ofC, ofD] = [i * inputs, b * inputs, c * inputs, d * inputs];
    for (let k = 0; k < outputs; k++) {
      const row = k * inputs;
      const errorA = errors[i * outputs + k];
      const errorB = i + 1 < count ? errors[b * outputs + k] : 0;
      const errorC = i + 2 < count ? errors[c * outputs + k] : 0;
      const errorD = i + 3 < count ? errors[d * outputs + k] : 0;
      biases[k] += errorA + errorB + errorC + errorD;
      for (let j = 0; j < inputs; j++) {
        weights[row + j] +=
          errorA * below[ofA + j] + errorB * below[ofB + j] + errorC * below[ofC + j] + errorD * below[ofD + j];
      }
    }
  }
}

/** The errors of the layer below, through its tanh. */
function backward({ weights, inputs, outputs }, errors, below, count, errorsBelow) {
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < inputs; j++) {
      const value = below[i * inputs + j];
      let sum = 0;
      for (let k = 0; k < outputs; k++) sum += errors[i * outputs + k] * weights[k * inputs + j];
      errorsBelow[i * inputs + j] = sum * (1 - value * value);
    }
  }
  return errorsBelow;
}

/**
 * Learn: yields { step, loss, layers } after every step of L-BFGS (Liu and Nocedal 1989). `layers` take
 * features as they come, each { inputs, outputs, weights, biases }; the last ones are what was learnt.
 * `scaled`: where the standardised features go, `x` itself where nobody needs it afterwards.
 */
export function* learn(x, y, count, width, classes, options = {}) {
  const { hidden = 0, decay = DECAY, seed = 1, scaled = new Float64Array(count * width) } = options;
  const { mean, spread } = standards(x, count, width);
  for (let i = 0; i < scaled.length; i++) scaled[i] = (x[i] - mean[i % width]) / spread[i % width];
  const sizes = layerSizes(width, classes, hidden);
  const room = roomFor(sizes, count);
  const objective = (parameters) => lossAndGradient(parameters, sizes, scaled, y, count, decay, room);
  const begin = start(sizes, seed);
  for (const { step, parameters, loss, error } of minimise(objective, begin, hidden ? MOST_STEPS_HIDDEN : MOST_STEPS)) {
    yield { step, loss, error, layers: onFeatures(views(parameters, sizes), mean, spread) };
  }
}

/** A lone layer starts at nothing; a hidden one would stay there, so it starts by lot. */
function start(sizes, seed) {
  const parameters = new Float64Array(sizes.reduce((sum, [inputs, outputs]) => sum + (inputs + 1) * outputs, 0));
  const random = randomNumbers(seed);
  if (sizes.length > 1) {
    for (const { weights, inputs } of views(parameters, sizes)) {
      weights.forEach((_, j) => (weights[j] = (2 * random() - 1) / Math.sqrt(inputs)));
    }
  }
  return parameters;
}

/** The standardising put into the first layer, so that nobody has to do it again. */
function onFeatures(layers, mean, spread) {
  return layers.map(({ inputs, outputs, weights, biases }, l) => {
    const [w, b] = [Float64Array.from(weights), Float64Array.from(biases)];
    if (!l) {
      for (let k = 0; k < outputs; k++) {
        for (let j = 0; j < inputs; j++) {
          w[k * inputs + j] /= spread[j];
          b[k] -= w[k * inputs + j] * mean[j];
        }
      }
    }
    return { inputs, outputs, weights: w, biases: b };
  });
}

function dot(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** L-BFGS with steps halved until they help; ends when the slope is nothing. */
export function* minimise(objective, parameters, mostSteps, flat = 1e-4) {
  let { loss, gradient } = objective(parameters);
  const past = []; // { s, y, rho }: how parameters and gradient changed together
  for (let step = 1; step <= mostSteps; step++) {
    if (Math.max(...gradient.map(Math.abs)) < flat) return;
    const direction = downhill(gradient, past);
    const slope = dot(direction, gradient);
    let length = past.length ? 1 : Math.min(1, 1 / Math.sqrt(dot(gradient, gradient)));
    let next;
    let found;
    for (let tries = 0; tries < 25; tries++, length /= 2) {
      next = parameters.map((value, i) => value + length * direction[i]);
      found = objective(next);
      if (found.loss <= loss + 1e-4 * length * slope) break;
    }
    if (!(found.loss < loss)) return;
    const s = next.map((value, i) => value - parameters[i]);
    const change = found.gradient.map((value, i) => value - gradient[i]);
    const together = dot(s, change);
    if (together > 1e-12) past.push({ s, y: change, rho: 1 / together });
    if (past.length > MEMORY) past.shift();
    [parameters, loss, gradient] = [next, found.loss, found.gradient];
    yield { step, parameters, loss, error: found.error };
  }
}

function downhill(gradient, past) {
  const direction = gradient.map((value) => -value);
  const shares = [];
  for (let i = past.length - 1; i >= 0; i--) {
    const { s, y, rho } = past[i];
    shares[i] = rho * dot(s, direction);
    direction.forEach((_, j) => (direction[j] -= shares[i] * y[j]));
  }
  const newest = past.at(-1);
  if (newest) {
    const scale = 1 / (newest.rho * dot(newest.y, newest.y));
    direction.forEach((_, j) => (direction[j] *= scale));
  }
  past.forEach(({ s, y, rho }, i) => {
    const share = shares[i] - rho * dot(y, direction);
    direction.forEach((_, j) => (direction[j] += share * s[j]));
  });
  return direction;
}
