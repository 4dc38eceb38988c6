// From a frame to its readings: detect, crop, both networks, map back (`reading/predictor.py`).
//
// A reading is { face: { box, score }, points: Float32Array(30) | null, said: Float32Array | null }:
// points x then y in pixels of the frame, said a probability for each of `labels`. `example` is what a
// visitor's own classes are learnt from (`teach.mjs`): { crop, features }, null without a network.

import { cropFaces, toFrame } from "./crop.mjs";
import { Detector, cells } from "./detect.mjs";
import { fetchFile } from "./files.mjs";
import { inReadingOrder } from "./order.mjs";
import { Network, loadRuntime, readCrops } from "./runtime.mjs";

/** Of a network for faces: as many rows as faces were given. */
const rows = (shape, [count]) => [count, ...shape.slice(1)];

export class Predictor {
  constructor(manifest, detector, networks) {
    [this.manifest, this.detector, this.networks] = [manifest, detector, networks];
    this.labels = manifest.models.expression?.labels ?? manifest.labels;
    this.nameAs(manifest.named_as);
  }

  /** By whose word expressions are named from now on, where the network has learned several; else
   * by the first. */
  nameAs(truth) {
    this.head = Math.max(0, Object.keys(this.manifest.models.expression?.heads ?? {}).indexOf(truth));
  }

  /** Everything fetched and warm. `progress(bytes)` counts what comes over the network. */
  static async load(base, manifest, progress) {
    const runtime = loadRuntime(base, manifest, progress);
    const fetchNetwork = async (file, shape) => {
      const content = fetchFile(base, file, progress);
      return new Network(await runtime, await content, shape);
    };
    const tasks = Object.entries(manifest.models);
    const [detector, ...networks] = await Promise.all([
      fetchNetwork(manifest.detector, cells),
      ...tasks.map(([, model]) => fetchNetwork(model.file, rows)),
    ]);
    const byTask = Object.fromEntries(tasks.map(([task], i) => [task, networks[i]]));
    const predictor = new Predictor(manifest, new Detector(detector), byTask);
    await predictor.warmUp();
    return predictor;
  }

  /** Pay all first-time costs now. */
  async warmUp() {
    const blank = { data: new Uint8Array(4 * 320 * 256), width: 320, height: 256 };
    await this.detector.detect(blank, 320);
    await this.readFaces(blank, [{ box: [100, 50, 200, 170], score: 1 }]);
  }

  /** Every face of a photo, rows from the top, each from left to right. */
  async read(picture, maxSidePx = this.manifest.photo_side_px) {
    return this.readFaces(picture, inReadingOrder(await this.detector.detect(picture, maxSidePx)));
  }

  /** Readings of known faces, in their order. */
  async readFaces(picture, faces) {
    const answers = {};
    for (const task of ["keypoints", "expression"]) {
      if (!this.networks[task] || !faces.length) continue;
      const { size_px: sizePx, framing } = this.manifest.models[task];
      const crops = cropFaces(picture, faces, framing, sizePx);
      const found = await readCrops(this.networks[task], crops.images, faces.length, sizePx);
      answers[task] =
        task === "keypoints"
          ? found.map(({ keypoints }, i) => toFrame(keypoints, crops.places[i], sizePx))
          : found.map((row, i) => this.expression(row, crops.images.slice(i * sizePx ** 2, (i + 1) * sizePx ** 2)));
    }
    return faces.map((face, i) => ({
      face,
      points: answers.keypoints?.[i] ?? null,
      said: answers.expression?.[i].said ?? null,
      example: answers.expression?.[i].example ?? null,
    }));
  }

  expression({ probabilities, embedding }, crop) {
    const size = this.labels.length;
    const said = probabilities.subarray(this.head * size, (this.head + 1) * size);
    return { said, example: embedding ? { crop, features: embedding } : null };
  }

  /** The features of crops, uint8, `count` squares one after the other, in one Float32Array. */
  async features(crops, count) {
    const { size_px: sizePx } = this.manifest.models.expression;
    const rows = await readCrops(this.networks.expression, crops, count, sizePx);
    const width = rows[0].embedding.length;
    const features = new Float32Array(count * width);
    rows.forEach(({ embedding }, i) => features.set(embedding, i * width));
    return features;
  }
}
