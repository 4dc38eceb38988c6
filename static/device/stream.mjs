// A video on its way through the reader: one frame at a time, always the newest.

const RECENT = 60;
/** After this long without a picture something is wrong. */
const PATIENCE_MS = 6000;

export class Stream {
  /** `onRead(answer)` for every frame read, `onTrouble(error)` once reading fails for good,
   * `onStopped(quiet)` when pictures stop coming and when they come again. */
  constructor(reader, video, options, onRead, onTrouble, onStopped) {
    Object.assign(this, { reader, video, options, onRead, onTrouble, onStopped, quiet: false });
    this.status = { dropped: 0, failed: 0, taken: [], spent: [], newestMs: performance.now() };
    this.watch = setInterval(() => this.look(), 1000);
    this.next();
  }

  next() {
    if (this.over) return;
    if (this.video.requestVideoFrameCallback) this.video.requestVideoFrameCallback(() => this.came());
    else requestAnimationFrame(() => this.came());
  }

  came() {
    this.status.newestMs = performance.now();
    if (this.waiting) this.status.dropped += 1; // a newer one takes its place
    this.waiting = true;
    if (!this.busy) this.take();
    this.next();
  }

  async take() {
    this.busy = true;
    this.waiting = false;
    const startedMs = performance.now();
    try {
      const frame = await grab(this.video);
      const answer = await this.reader.read(frame, { timeS: startedMs / 1000, ...this.options() });
      if (this.over) return;
      this.note(startedMs);
      this.failures = 0;
      this.onRead({ ...answer, timeS: startedMs / 1000 });
    } catch (error) {
      if (this.over) return;
      this.status.failed += 1;
      this.failures = (this.failures ?? 0) + 1;
      if (this.failures >= 5) return this.onTrouble(error);
    } finally {
      this.busy = false;
    }
    if (this.waiting && !this.over) this.take();
  }

  note(startedMs) {
    const { taken, spent } = this.status;
    taken.push(startedMs);
    spent.push(performance.now() - startedMs);
    if (taken.length > RECENT) [taken, spent].forEach((list) => list.shift());
  }

  /** Annotated frames a second, and the median time from taking a frame to its readings. */
  rates() {
    const { taken, spent, dropped, failed } = this.status;
    const passedS = (taken.at(-1) - taken[0]) / 1000;
    return {
      framesPerS: passedS > 0 ? (taken.length - 1) / passedS : 0,
      latencyMs: spent.slice().sort((a, b) => a - b)[spent.length >> 1] ?? 0,
      dropped,
      failed,
    };
  }

  look() {
    const quietMs = performance.now() - this.status.newestMs;
    const quiet = quietMs > PATIENCE_MS && !this.video.paused && !document.hidden;
    if (quiet !== this.quiet) this.onStopped(quiet);
    this.quiet = quiet;
  }

  stop() {
    this.over = true;
    clearInterval(this.watch);
    this.reader.forget().catch(() => {});
  }
}

/** The frame on show, without copying it where the browser can. */
async function grab(video) {
  if (typeof VideoFrame === "function") {
    try {
      return new VideoFrame(video);
    } catch {
      // not of this source
    }
  }
  return createImageBitmap(video);
}
