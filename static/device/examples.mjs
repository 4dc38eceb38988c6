// What was recorded: classes, their examples, and which burst each belongs to. Only in this page's
// memory, and in a file where the visitor saves one.
//
// An example is { crop: Uint8Array of a grey square, features: Float32Array, burst }; a burst is one
// press of a button, whose pictures are near copies.

import { Trouble } from "./files.mjs";
import { LONGEST_NAME, MOST_CLASSES, crc32, fromBase64, parsed, sameName, toBase64 } from "./head.mjs";

const FORMAT = "emotion-ai examples";
const VERSION = 1;
export const MOST_EXAMPLES = 500;

export class Examples {
  constructor() {
    this.classes = [];
    this.bursts = 0;
  }

  /** A new class, called as asked or by a free name. */
  add(name = this.freeName()) {
    if (this.classes.length >= MOST_CLASSES) throw new Trouble(`Six classes are the most.`);
    const made = { name: this.checked(name), examples: [] };
    this.classes.push(made);
    return made;
  }

  freeName() {
    for (let i = this.classes.length + 1; ; i++) {
      if (!this.taken(`class ${i}`)) return `class ${i}`;
    }
  }

  taken(name, except) {
    return this.classes.some((one) => one !== except && sameName(one.name) === sameName(name));
  }

  /** A name that a class may have; a Trouble says why not. */
  checked(name, of) {
    const wanted = name.replace(/[\p{Cc}\u2028\u2029]/gu, " ").trim();
    if (!wanted) throw new Trouble("A class needs a name.");
    if (wanted.length > LONGEST_NAME) throw new Trouble(`A name has at most ${LONGEST_NAME} characters.`);
    if (this.taken(wanted, of)) throw new Trouble(`Two classes cannot both be called “${wanted}”: choose another name.`);
    return wanted;
  }

  rename(of, name) {
    of.name = this.checked(name, of);
  }

  /** The number of a new burst. */
  burst() {
    return ++this.bursts;
  }

  /** Keep an example; false once the class is full. */
  keep(of, example) {
    if (of.examples.length >= MOST_EXAMPLES) return false;
    of.examples.push(example);
    return true;
  }

  get count() {
    return this.classes.reduce((sum, { examples }) => sum + examples.length, 0);
  }

  /** All examples as a table to learn from: { x, y, width, groups, examples }; of each class its
   * bursts in turns. */
  table() {
    return tableOf(this.classes.flatMap(({ examples }, k) => inTurns(examples).map((example) => ({ ...example, k }))));
  }

  /** The text of a file with all of it, made with the network `model`. */
  file(model, sizePx) {
    const blobs = [];
    const classes = this.classes.map(({ name, examples }) => ({
      name,
      bursts: byBurst(examples).map((own) => {
        const crops = joined(own.map(({ crop }) => crop));
        blobs.push(crops);
        return toBase64(crops);
      }),
    }));
    return JSON.stringify({ format: FORMAT, version: VERSION, model, size_px: sizePx, classes, crc32: crc32(blobs) });
  }
}

function byBurst(examples) {
  const bursts = new Map();
  for (const example of examples) bursts.set(example.burst, [...(bursts.get(example.burst) ?? []), example]);
  return [...bursts.values()];
}

/** One of each burst, then another of each: so that few are still of many bursts. */
export function inTurns(examples) {
  const seen = new Map();
  const turn = ({ burst }) => seen.set(burst, (seen.get(burst) ?? 0) + 1).get(burst);
  return examples.map((example) => [turn(example), example]).sort(([a], [b]) => a - b).map(([, example]) => example);
}

/** Examples, each with the number `k` of its class, as one table. */
export function tableOf(examples) {
  const width = examples[0]?.features.length ?? 0;
  const x = new Float64Array(examples.length * width);
  examples.forEach(({ features }, i) => x.set(features, i * width));
  return { x, width, y: examples.map(({ k }) => k), groups: examples.map(({ burst }) => burst), examples };
}

export function joined(arrays) {
  const all = new Uint8Array(arrays.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const one of arrays) {
    all.set(one, at);
    at += one.length;
  }
  return all;
}

/**
 * The examples of a file; `featuresOf(crops, count)` computes what the network here says of them, so
 * that a file from another network's time goes on working. Returns { examples, otherNetwork }.
 */
export async function openExamples(text, name, { model, sizePx, featuresOf }) {
  const record = parsed(text, name, FORMAT, VERSION);
  const damaged = new Trouble(`${name} is damaged: its pictures are not those that were saved.`);
  if (record.size_px !== sizePx) throw new Trouble(`${name}: expected pictures of ${sizePx} pixels, got ${record.size_px}.`);
  const opened = new Examples();
  try {
    const parts = record.classes.map(({ name: own, bursts }) => [own, bursts.map(fromBase64)]);
    if (crc32(parts.flatMap(([, blobs]) => blobs)) !== record.crc32) throw damaged;
    for (const [own, blobs] of parts) {
      const made = opened.add(own);
      for (const crops of blobs) {
        const count = crops.length / sizePx ** 2;
        if (!Number.isInteger(count) || !count) throw damaged;
        addBurst(opened, made, crops, await featuresOf(crops, count), count);
      }
    }
  } catch (error) {
    throw error instanceof Trouble ? error : damaged;
  }
  return { examples: opened, otherNetwork: record.model !== model };
}

/** A whole burst at once: crops and features one after the other. */
export function addBurst(examples, to, crops, features, count) {
  const burst = examples.burst();
  const [area, width] = [crops.length / count, features.length / count];
  for (let i = 0; i < count; i++) {
    examples.keep(to, {
      crop: crops.slice(i * area, (i + 1) * area),
      features: features.slice(i * width, (i + 1) * width),
      burst,
    });
  }
}
