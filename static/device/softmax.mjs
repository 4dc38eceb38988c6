// A head learns to name classes from features: softmax regression, or one hidden layer below it.
//
// `x` holds the features of `count` examples one after the other, `width` numbers each; `y` the number
// of each one's class. All numbers are in Float64Arrays: loops over one kind of array run four times as
// fast as over two.

export const HIDDEN = 16;
/** Weight of the squared weights in what is minimised: without it few examples are learnt by heart. */
export const DECAY = 0.01;
const MOST_STEPS = 80;
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

/** Mean and spread of every feature; those that never change have spread 1. */
export function standards(x, count, width) {
  const mean = new Float64Array(width);
  const spread = new Float64Array(width);
  for (let i = 0; i < count; i++) for (let j = 0; j < width; j++) mean[j] += x[i * width + j] / count;
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < width; j++) spread[j] += (x[i * width + j] - mean[j]) ** 2 / count;
  }
  return { mean, spread: spread.map((value) => Math.sqrt(value) || 1) };
}

/** The sizes of the layers from features to classes. */
export function layerSizes(width, classes, hidden) {
  return hidden ? [[width, hidden], [hidden, classes]] : [[width, classes]];
}

/**
 * What is minimised, and its gradient: the mean cross-entropy plus `decay` / 2 times the sum of squared
 * weights (not biases). `parameters`: for each layer outputs × inputs weights, then the biases.
 */
export function lossAndGradient(parameters, sizes, x, y, count, decay) {
  const gradient = new Float64Array(parameters.length);
  const layers = views(parameters, sizes);
  const slopes = views(gradient, sizes);
  const values = sizes.map(([, outputs]) => new Float64Array(outputs));
  const errors = sizes.map(([, outputs]) => new Float64Array(outputs));
  const last = sizes.length - 1;
  let loss = 0;
  for (let i = 0; i < count; i++) {
    const at = i * sizes[0][0];
    forward(layers, x, at, values);
    const said = values[last];
    loss -= Math.log(Math.max(said[y[i]], 1e-300)) / count;
    for (let k = 0; k < said.length; k++) errors[last][k] = (said[k] - (k === y[i] ? 1 : 0)) / count;
    for (let l = last; l >= 0; l--) {
      accumulate(slopes[l], errors[l], l ? values[l - 1] : x, l ? 0 : at);
      if (l) backward(layers[l], errors[l], values[l - 1], errors[l - 1]);
    }
  }
  layers.forEach(({ weights }, l) => {
    for (let j = 0; j < weights.length; j++) {
      loss += (decay / 2) * weights[j] * weights[j];
      slopes[l].weights[j] += decay * weights[j];
    }
  });
  return { loss, gradient };
}

function views(parameters, sizes) {
  let at = 0;
  return sizes.map(([inputs, outputs]) => {
    const weights = parameters.subarray(at, at + inputs * outputs);
    const biases = parameters.subarray(at + inputs * outputs, (at += inputs * outputs + outputs));
    return { inputs, outputs, weights, biases };
  });
}

function accumulate({ weights, biases, inputs }, error, below, from) {
  for (let k = 0; k < error.length; k++) {
    const slope = error[k];
    const row = k * inputs;
    biases[k] += slope;
    for (let j = 0; j < inputs; j++) weights[row + j] += slope * below[from + j];
  }
}

/** The error of the layer below, through its tanh. */
function backward({ weights, inputs }, error, below, errorBelow) {
  for (let j = 0; j < inputs; j++) {
    let sum = 0;
    for (let k = 0; k < error.length; k++) sum += error[k] * weights[k * inputs + j];
    errorBelow[j] = sum * (1 - below[j] * below[j]);
  }
}

/** Fills `values`, a layer's outputs each: tanh below, softmax at the end. The features begin at
 * `from` in `x`. */
export function forward(layers, x, from, values) {
  const top = layers.length - 1;
  for (let l = 0; l <= top; l++) {
    const { weights, biases, inputs, outputs } = layers[l];
    const [below, first] = l ? [values[l - 1], 0] : [x, from];
    for (let k = 0; k < outputs; k++) {
      const row = k * inputs;
      let sum = biases[k];
      for (let j = 0; j < inputs; j++) sum += weights[row + j] * below[first + j];
      values[l][k] = l < top ? Math.tanh(sum) : sum;
    }
  }
  const last = values[top];
  let [highest, total] = [-Infinity, 0];
  for (let k = 0; k < last.length; k++) highest = Math.max(highest, last[k]);
  for (let k = 0; k < last.length; k++) total += last[k] = Math.exp(last[k] - highest);
  for (let k = 0; k < last.length; k++) last[k] /= total;
}

/**
 * Learn: yields { step, loss, layers } after every step of L-BFGS (Liu and Nocedal 1989). `layers` take
 * features as they come, each { inputs, outputs, weights, biases }; the last ones are what was learnt.
 */
export function* learn(x, y, count, width, classes, { hidden = 0, decay = DECAY, seed = 1 } = {}) {
  const { mean, spread } = standards(x, count, width);
  const scaled = new Float64Array(count * width);
  for (let i = 0; i < scaled.length; i++) scaled[i] = (x[i] - mean[i % width]) / spread[i % width];
  const sizes = layerSizes(width, classes, hidden);
  const objective = (parameters) => lossAndGradient(parameters, sizes, scaled, y, count, decay);
  const begin = start(sizes, seed);
  for (const { step, parameters, loss } of minimise(objective, begin)) {
    yield { step, loss, layers: onFeatures(views(parameters, sizes), mean, spread) };
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
export function* minimise(objective, parameters, mostSteps = MOST_STEPS, flat = 1e-4) {
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
    yield { step, parameters, loss };
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
