// Drawn people to try things out on: the sheet that `emotion_ai/datasets/drawn/bursts.py` draws.

import { Trouble } from "./files.mjs";
import { resizeSquare } from "./pixels.mjs";

export const PEOPLE = 12;
export const ACTS = ["thinking", "bored", "half a smile"];
export const FRAMES = 8;
const SIDE_PX = 96;

/** The sheet, as { bitmap, grey(person, act, frame) }. */
export async function loadDrawn(base) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(await (await fetch(new URL("drawn_people.jpg", base))).blob());
  } catch {
    throw new Trouble("The drawn people could not be fetched: is the network there?");
  }
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  return new Drawn(context.getImageData(0, 0, width, height));
}

export class Drawn {
  constructor({ data, width }) {
    [this.data, this.width] = [data, width];
  }

  /** A grey square of 96 pixels. */
  square(person, act, frame) {
    const grey = new Uint8Array(SIDE_PX * SIDE_PX);
    const left = (act * FRAMES + (frame % FRAMES)) * SIDE_PX;
    for (let y = 0; y < SIDE_PX; y++) {
      for (let x = 0; x < SIDE_PX; x++) {
        grey[y * SIDE_PX + x] = this.data[4 * ((person * SIDE_PX + y) * this.width + left + x)];
      }
    }
    return { grey, side: SIDE_PX };
  }

  /** As the network sees it; `light` multiplies every grey. */
  crop(person, act, frame, sizePx, light = 1) {
    return resizeSquare(this.square(person, act, frame), sizePx).map((value) => value * light);
  }

  /** A person's burst of an act. */
  burst(person, act, sizePx, light = 1) {
    return Array.from({ length: FRAMES }, (_, frame) => this.crop(person, act, frame, sizePx, light));
  }
}
