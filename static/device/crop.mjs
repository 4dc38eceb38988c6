// Faces cut out for a network, and its points back in the frame (`faces/detection.py`).

import { greySquare, resizeSquare } from "./pixels.mjs";

/**
 * Square grey crops of faces: `images` uint8, N squares of `sizePx` one after the other, and for
 * each the place of its corner and its side in pixels of the frame. `framing`: { scale, shift_y }.
 */
export function cropFaces(picture, faces, framing, sizePx) {
  const images = new Uint8Array(faces.length * sizePx * sizePx);
  const places = faces.map(({ box: [x0, y0, x1, y1] }, i) => {
    const root = Math.sqrt(Math.max(x1 - x0, 1) * Math.max(y1 - y0, 1));
    const side = Math.max(2, Math.round(framing.scale * root));
    const left = Math.round((x0 + x1) / 2 - side / 2);
    const top = Math.round((y0 + y1) / 2 + framing.shift_y * side - side / 2);
    const square = greySquare(picture, left, top, side);
    images.set(resizeSquare(square, sizePx), i * sizePx * sizePx);
    return { left, top, side };
  });
  return { images, places };
}

/** Keypoints of a crop, x then y, in pixels of the frame; pixel centres stay pixel centres. */
export function toFrame(keypoints, { left, top, side }, sizePx) {
  const ratio = side / sizePx;
  return keypoints.map((value, i) => (value + 0.5) * ratio - 0.5 + (i % 2 ? top : left));
}
