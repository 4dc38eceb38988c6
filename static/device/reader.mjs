// The page's side of the worker: asks, and waits for answers.

import { Trouble } from "./files.mjs";

export class Reader {
  /** `base`: where `files.json` is; `onProgress(bytes, of)` while it loads. */
  constructor(base, onProgress = () => {}) {
    [this.base, this.onProgress] = [base, onProgress];
    this.waiting = new Map();
    this.asked = 0;
    // A worker of a page's own text is bound by that page's Content-Security-Policy; one fetched from
    // a plain file server would be bound by none.
    const text = `import ${JSON.stringify(new URL("worker.mjs", import.meta.url).href)};`;
    const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
    this.worker = new Worker(url, { type: "module" });
    this.worker.onmessage = ({ data }) => this.answered(data);
    this.worker.onerror = (event) => {
      event.preventDefault();
      const trouble = new Trouble("The reader stopped by itself. Reload the page.");
      for (const { no } of this.waiting.values()) no(trouble);
      this.waiting.clear();
    };
  }

  /** Fetch and warm up all there is; `manifest` and `labels` are there afterwards. */
  async load() {
    Object.assign(this, await this.ask("load", { base: this.base }));
    return this;
  }

  /** What is on screen in a frame, a VideoFrame or ImageBitmap, which is handed over. */
  read(frame, options) {
    return this.ask("frame", { frame, ...options }, [frame]);
  }

  /** `learning`: with the crop and the features of every face; `namedAs`: by whose word. */
  readPhoto(blob, name, { learning = false, namedAs } = {}) {
    return this.ask("photo", { blob, name, learning, namedAs });
  }

  /** The features of `count` crops, one after the other in a Uint8Array: Float32Array. */
  async features(crops, count) {
    return (await this.ask("features", { crops, count })).features;
  }

  forget() {
    return this.ask("forget", {});
  }

  close() {
    this.worker.terminate();
  }

  ask(kind, given, transfer = []) {
    const id = ++this.asked;
    return new Promise((yes, no) => {
      this.waiting.set(id, { yes, no });
      this.worker.postMessage({ id, kind, ...given }, transfer);
    });
  }

  answered({ id, kind, trouble, expected, ...answer }) {
    if (kind === "progress") {
      this.onProgress(answer.bytes, answer.of);
      return;
    }
    const { yes, no } = this.waiting.get(id) ?? {};
    this.waiting.delete(id);
    if (trouble) no?.(expected ? new Trouble(trouble) : new Error(trouble));
    else yes?.(answer);
  }
}
