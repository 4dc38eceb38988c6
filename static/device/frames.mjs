// A frame's or photo's pixels, wherever it comes from. Runs in the worker.

let canvas;

/** RGBA pixels { data, width, height } of a VideoFrame or ImageBitmap, which is closed. */
export async function takePixels(frame) {
  try {
    if ("codedWidth" in frame && !frame.rotation) {
      const pixels = await copied(frame);
      if (pixels) return pixels;
    }
    const width = frame.displayWidth ?? frame.width;
    const height = frame.displayHeight ?? frame.height;
    canvas ??= new OffscreenCanvas(1, 1);
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.clearRect(0, 0, width, height); // or the one before shines through
    context.drawImage(frame, 0, 0, width, height);
    return context.getImageData(0, 0, width, height);
  } finally {
    frame.close();
  }
}

/** Without a canvas between; null where the browser cannot. */
async function copied(frame) {
  const { width, height } = frame.visibleRect;
  if (width !== frame.displayWidth || height !== frame.displayHeight) return null;
  const data = new Uint8Array(4 * width * height);
  try {
    const [plane] = await frame.copyTo(data, { format: "RGBA", colorSpace: "srgb" });
    if (plane.stride !== 4 * width || plane.offset) return null;
  } catch {
    return null; // an older browser copies frames as they are only
  }
  return { data, width, height };
}
