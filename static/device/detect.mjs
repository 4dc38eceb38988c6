// Where faces are: YuNet (Wu et al. 2023), its cells decoded as OpenCV's FaceDetectorYN does.
//
// A box is { box: [x0, y0, x1, y1] in pixels of the frame, score: 0 to 1 }.

import { shrink } from "./pixels.mjs";

const STRIDES = [8, 16, 32];
const MIN_SCORE = 0.6;
const NMS_OVERLAP = 0.3;
const MOST_FACES = 500;
/** Smaller pictures get a border (`faces/detection.py`). */
const LEAST_PX = 64;

/** The shape of an output for a picture: see `device/yunet.py`, whose file is for 32 × 32 pixels. */
export function cells([, rows, columns, values], [, height, width]) {
  return [1, (rows * height) / 32, (columns * width) / 32, values];
}

export class Detector {
  constructor(network) {
    this.network = network;
  }

  /** Faces of a picture, largest first; searched at `maxSidePx`. */
  async detect(picture, maxSidePx) {
    const ratio = Math.min(1, maxSidePx / Math.max(picture.width, picture.height));
    const width = Math.max(1, Math.round(picture.width * ratio));
    const height = Math.max(1, Math.round(picture.height * ratio));
    const small = ratio < 1 ? shrink(picture, width, height) : picture;
    const padded = pad(small);
    const outputs = await this.network.run(padded.data, [1, padded.height, padded.width, 4]);
    const found = [];
    for (const { shape, data } of outputs) {
      decode(data, shape[1], shape[2], padded.width / shape[2], found);
    }
    const faces = suppress(found)
      .filter(({ xywh }) => isSane(xywh, small.width, small.height))
      .map(({ xywh: [x, y, w, h], score }) => ({
        box: [x, y, x + w, y + h].map((value) => value / ratio),
        score,
      }));
    return faces.sort((a, b) => area(b.box) - area(a.box));
  }
}

/** Finite, with an area, in part inside, and not far larger than the picture. */
function isSane([x, y, w, h], width, height) {
  const largest = 2 * Math.max(width, height);
  return (
    [x, y, w, h].every(Number.isFinite) &&
    [w, h].every((side) => side >= 1 && side <= largest) &&
    x < width && y < height && x + w > 0 && y + h > 0
  );
}

/** Black to the right and below, up to multiples of 32. */
function pad({ data, width, height }) {
  const [wide, high] = [width, height].map((side) => Math.ceil(Math.max(side, LEAST_PX) / 32) * 32);
  if (wide === width && high === height) {
    return { data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength), width, height };
  }
  const out = new Uint8Array(4 * wide * high);
  for (let y = 0; y < height; y++) {
    out.set(data.subarray(4 * y * width, 4 * (y + 1) * width), 4 * y * wide);
  }
  return { data: out, width: wide, height: high };
}

const sigmoid = (logit) => 1 / (1 + Math.exp(-logit));

/** Adds what the cells of one stride say to `found`. */
export function decode(data, rows, columns, stride, found) {
  const lowest = MIN_SCORE * MIN_SCORE; // of either factor: the other is at most 1
  for (let row = 0, at = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, at += 6) {
      const face = sigmoid(data[at]);
      if (face < lowest) continue;
      const score = Math.sqrt(face * sigmoid(data[at + 1]));
      if (score < MIN_SCORE) continue;
      const [w, h] = [Math.exp(data[at + 4]) * stride, Math.exp(data[at + 5]) * stride];
      const x = (column + data[at + 2]) * stride - w / 2;
      const y = (row + data[at + 3]) * stride - h / 2;
      if ([x, y, w, h].every(Number.isFinite)) found.push({ xywh: [x, y, w, h], score });
    }
  }
}

/** The best of those that overlap; like OpenCV on whole pixels. */
export function suppress(found) {
  const kept = [];
  for (const one of found.sort((a, b) => b.score - a.score)) {
    const whole = one.xywh.map(Math.trunc);
    if (kept.length < MOST_FACES && kept.every((other) => overlap(other.whole, whole) <= NMS_OVERLAP)) {
      kept.push({ ...one, whole });
    }
  }
  return kept;
}

function overlap([ax, ay, aw, ah], [bx, by, bw, bh]) {
  const width = Math.max(0, Math.min(ax + aw, bx + bw) - Math.max(ax, bx));
  const height = Math.max(0, Math.min(ay + ah, by + bh) - Math.max(ay, by));
  const shared = width * height;
  return shared / Math.max(aw * ah + bw * bh - shared, 1e-9);
}

const area = ([x0, y0, x1, y1]) => (x1 - x0) * (y1 - y0);
