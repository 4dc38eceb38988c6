// The reader's own thread: pictures in, readings out. Nothing here sends anything anywhere but to the
// page that started it.

import { Trouble, fetchManifest } from "./files.mjs";
import { FaceFollower } from "./follow.mjs";
import { takePixels } from "./frames.mjs";
import { qualityHints } from "./quality.mjs";
import { Predictor } from "./read.mjs";

let predictor;
let follower;

const DO = {
  async load({ base }) {
    const manifest = await fetchManifest(base);
    let bytes = 0;
    const progress = (more) => postMessage({ kind: "progress", bytes: (bytes += more), of: manifest.download_bytes });
    predictor = await Predictor.load(base, manifest, progress);
    return { manifest, labels: predictor.labels };
  },

  async frame({ frame, timeS, pace, smoothingS, learning, namedAs }) {
    const startedMs = performance.now();
    const picture = await takePixels(frame);
    follower ??= new FaceFollower(predictor, pace);
    follower.pace = pace;
    follower.tracker.smoothingS = smoothingS;
    predictor.nameAs(namedAs);
    const tracks = await follower.follow(picture, timeS);
    return {
      tracks: tracks.map(({ number, detections, reading, example }) => ({
        number, detections, ...reading, ...(learning && { example }),
      })),
      width: picture.width,
      height: picture.height,
      spentMs: performance.now() - startedMs,
    };
  },

  /** The features of faces cut out before, to learn from. */
  async features({ crops, count }) {
    if (!predictor.networks.expression) throw new Trouble("No expression model is here to learn with.");
    return { features: await predictor.features(crops, count) };
  },

  /** The stream is over: faces are forgotten. */
  forget() {
    follower = undefined;
    return {};
  },

  async photo({ blob, name, learning, namedAs }) {
    let bitmap;
    try {
      bitmap = await createImageBitmap(blob, { colorSpaceConversion: "none" });
    } catch {
      throw new Trouble(`${name}: expected a picture (JPEG, PNG, WebP …), got other or damaged data.`);
    }
    const megapixels = (bitmap.width * bitmap.height) / 1e6;
    if (megapixels > 50) {
      bitmap.close();
      throw new Trouble(`${name}: expected at most 50 megapixels, got ${Math.round(megapixels)}.`);
    }
    const picture = await takePixels(bitmap);
    predictor.nameAs(namedAs);
    const read = await predictor.read(picture);
    const readings = learning ? read : read.map(({ example, ...reading }) => reading);
    const { framing } = predictor.manifest.models.keypoints ?? { framing: { scale: 1, shift_y: 0 } };
    const hints = qualityHints(picture, readings, framing);
    return { readings, hints, width: picture.width, height: picture.height };
  },
};

onmessage = async ({ data: { id, kind, ...given } }) => {
  try {
    postMessage({ id, ...(await DO[kind](given)) });
  } catch (error) {
    if (!(error instanceof Trouble)) console.error(error);
    const said = error instanceof Trouble ? error.message : "";
    postMessage({ id, trouble: said || `Reading failed (${error.message ?? error}).`, expected: !!said });
  }
};
