// Networks on LiteRT.js: arrays in, arrays out. Runs in the worker.

import { Trouble, cutOff, openFile } from "./files.mjs";
import { resized } from "./tflite.mjs";

/** More gain nothing at these sizes, and each is a worker with memory of its own. */
const MOST_THREADS = 4;
/** Faces read in one call at most: `reading/follower.py` reads as many in a frame of a room. */
const BATCH_SIZES = [4, 1];
/** Sizes that a network stays compiled for: each takes memory, photos come in any size, and a browser
 * gives all of them 2 GB together. */
const MOST_COMPILED = 3;
// A module of one function that adds two vectors: only browsers with Wasm SIMD find it valid.
const SIMD = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15,
  253, 98, 11,
];

/**
 * The runtime, ready. `manifest.runtime` names its files: `api`, the module with its interface, and
 * `wasm` and `glue` in three kinds, for browsers with and without relaxed SIMD, and with threads.
 */
export async function loadRuntime(base, manifest, progress) {
  if (typeof WebAssembly === "undefined" || !WebAssembly.validate(new Uint8Array(SIMD))) {
    throw new Trouble("This browser is too old to read faces itself (it lacks Wasm SIMD): update it.");
  }
  if (typeof DecompressionStream === "undefined") {
    throw new Trouble("This browser is too old to unpack the networks: update it.");
  }
  // What the module asks for in place of the loader of its own package (`device/runtime.py`).
  globalThis.emotionLiteRt = async (Library, path) => {
    const kind = ["compat", "threaded"].find((name) => path.includes(name)) ?? "relaxed";
    const { glue, wasm } = manifest.runtime[kind];
    const { default: factory } = await import(new URL(glue.path, base));
    let failed;
    const library = factory({
      print: () => {},
      printErr: () => {},
      mainScriptUrlOrBlob: kind === "threaded" ? await script(base, glue) : undefined,
      instantiateWasm: (imports, done) => {
        const made = instantiate(base, wasm, imports, progress);
        made.then(({ instance, module }) => done(instance, module), (error) => failed(error));
        return {};
      },
    });
    return new Library(await Promise.race([library, new Promise((_, no) => (failed = no))]));
  };
  const api = await import(new URL(manifest.runtime.api.path, base));
  const threads = threadsFor(manifest);
  try {
    await api.loadLiteRt("", { threads: threads > 1 });
    return { api, threads };
  } catch (error) {
    if (threads === 1) throw error;
    await api.loadLiteRt("");
    return { api, threads: 1 };
  }
}

/** Threads that this page may use: one, unless it is isolated from other origins. */
function threadsFor(manifest) {
  if (!globalThis.crossOriginIsolated || !manifest.runtime.threaded) return 1;
  return Math.min(MOST_THREADS, navigator.hardwareConcurrency ?? 1);
}

/** What a thread starts with: the module's text without what makes it one. */
async function script(base, glue) {
  const text = await new Response(await openFile(base, glue)).text();
  return new Blob([text.replace(/\nexport default \w+;\s*$/, "\n")], { type: "text/javascript" });
}

/** Compiled while it comes in. */
async function instantiate(base, wasm, imports, progress) {
  const headers = { "Content-Type": "application/wasm" };
  const stream = await openFile(base, wasm, progress);
  try {
    return await WebAssembly.instantiateStreaming(new Response(stream, { headers }), imports);
  } catch {
    throw cutOff(wasm);
  }
}

/** A network for inputs of any size and number. */
export class Network {
  /** `outputShape(shape, inputShape)`: an output's shape, from the file's own and the input's. */
  constructor({ api, threads }, content, outputShape) {
    [this.api, this.threads, this.content, this.outputShape] = [api, threads, content, outputShape];
    this.compiled = new Map();
  }

  /** Outputs, in the file's order, for a uint8 input: [{ name, shape, data: Float32Array }]. */
  async run(pixels, inputShape) {
    const model = await this.model(inputShape);
    const input = new this.api.Tensor(pixels, inputShape);
    try {
      const outputs = await model.run([input]);
      const names = model.getOutputDetails().map((details) => details.name);
      return outputs.map((output, i) => {
        const data = output.toTypedArray();
        const shape = Array.from(output.type.layout.dimensions);
        output.delete();
        return { name: names[i], shape, data };
      });
    } finally {
      input.delete();
    }
  }

  async model(inputShape) {
    const key = inputShape.join();
    const kept = this.compiled.get(key);
    this.compiled.delete(key); // comes back as the newest
    if (kept) this.compiled.set(key, kept);
    else {
      for (const [oldest, model] of this.compiled) {
        if (this.compiled.size < MOST_COMPILED) break;
        this.compiled.delete(oldest);
        model.delete();
      }
      const content = resized(this.content, inputShape, (shape) => this.outputShape(shape, inputShape));
      const model = await this.api.loadAndCompile(content, {
        accelerator: "wasm",
        cpuOptions: { numThreads: this.threads },
      });
      this.compiled.set(key, model);
    }
    return this.compiled.get(key);
  }
}

/**
 * A network that reads faces: `crops` is uint8, N squares of `size_px`, one after the other. For each
 * face its row of every output: { keypoints } (30 numbers), or { probabilities, embedding }.
 */
export async function readCrops(network, crops, count, sizePx) {
  const rows = [];
  for (let first = 0; first < count; ) {
    const batch = BATCH_SIZES.find((size) => size <= count - first);
    const one = sizePx * sizePx;
    const given = crops.subarray(first * one, (first + batch) * one);
    const outputs = await network.run(given, [batch, sizePx, sizePx, 1]);
    for (let i = 0; i < batch; i++) {
      const own = outputs.map(({ name, data }) => {
        const width = data.length / batch;
        return [name, data.slice(i * width, (i + 1) * width)];
      });
      rows.push(Object.fromEntries(own));
    }
    first += batch;
  }
  return rows;
}
