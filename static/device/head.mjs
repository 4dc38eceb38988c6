// A head: names a visitor's own classes from a face's features. And its file
// (`emotion_ai/models/taught.py` reads the same).

import { Trouble } from "./files.mjs";
import { forward } from "./softmax.mjs";

export const FORMAT = "emotion-ai head";
export const VERSION = 1;
export const NONE = "none of these";
/** Below this probability a face is none of the classes, unless the visitor says otherwise. */
export const NONE_BELOW = 0.6;
export const MOST_CLASSES = 6;
export const LONGEST_NAME = 40;

/** A probability for each class, of `count` examples one after the other, the features of the first of
 * which begin at `from` in `x`, a Float64Array. */
export function probabilities(layers, x, from = 0, count = 1) {
  return forward(layers, x, from, count, layers.map(({ outputs }) => new Float64Array(count * outputs))).at(-1);
}

/** "thinking", or "none of these" where no class is likely enough. */
export function nameOf({ classes, noneBelow }, said) {
  const highest = Math.max(...said);
  return highest < noneBelow ? NONE : classes[said.indexOf(highest)];
}

/** The text of a head's file. `model`: the SHA-256 of the network whose features it reads. */
export function headFile({ classes, noneBelow, layers, model, measured }) {
  const blobs = layers.map(({ weights, biases }) => bytesOf(Float32Array.of(...weights, ...biases)));
  const record = {
    format: FORMAT,
    version: VERSION,
    classes,
    none_below: noneBelow,
    model,
    layers: layers.map(({ inputs, outputs }, l) => ({ inputs, outputs, weights: toBase64(blobs[l]) })),
    crc32: crc32(blobs),
    measured,
  };
  return JSON.stringify(record, null, 1);
}

/** The head in a file's text; a Trouble says what is wrong with it. `model`: what reads faces here. */
export function readHead(text, name, model) {
  const record = parsed(text, name, FORMAT, VERSION);
  const damaged = new Trouble(`${name} is damaged: its numbers are not those that were saved.`);
  const { classes, none_below: noneBelow, layers: written } = record;
  if (!isNames(classes) || !(noneBelow >= 0 && noneBelow <= 1) || !Array.isArray(written)) throw damaged;
  let layers;
  try {
    const blobs = written.map(({ weights }) => fromBase64(weights));
    if (crc32(blobs) !== record.crc32) throw damaged;
    layers = written.map(({ inputs, outputs }, l) => {
      const values = Float64Array.from(new Float32Array(blobs[l].buffer));
      if (values.length !== (inputs + 1) * outputs || !values.every(Number.isFinite)) throw damaged;
      return { inputs, outputs, weights: values.subarray(0, inputs * outputs), biases: values.subarray(inputs * outputs) };
    });
  } catch {
    throw damaged;
  }
  const chained = layers.every(({ outputs }, l) => outputs === (layers[l + 1]?.inputs ?? classes.length));
  if (!layers.length || layers.length > 2 || !chained) throw damaged;
  if (record.model !== model) {
    throw new Trouble(`${name} was made with another network (${short(record.model)}, here ${short(model)}): train it again.`);
  }
  return { classes, noneBelow, layers, model, measured: record.measured };
}

/** A file of ours: the record in it, checked as far as its kind. */
export function parsed(text, name, format, version) {
  let record;
  try {
    record = JSON.parse(text);
  } catch {
    throw new Trouble(`${name} is damaged or no file of this page: expected JSON.`);
  }
  if (record?.format !== format) {
    throw new Trouble(`${name}: expected a file with “${format}”, got ${record?.format ? `“${record.format}”` : "another"}.`);
  }
  if (record.version !== version) {
    throw new Trouble(`${name} is of version ${record.version}, this page reads version ${version}: reload the page.`);
  }
  return record;
}

/** Whether these can be the names of classes: two to six, none twice, none empty. */
export function isNames(names) {
  return (
    Array.isArray(names) && names.length >= 2 && names.length <= MOST_CLASSES &&
    names.every((name) => typeof name === "string" && name.trim() && name.length <= LONGEST_NAME) &&
    new Set(names.map(sameName)).size === names.length
  );
}

/** Names that look the same are the same. */
export const sameName = (name) => name.normalize("NFC").trim().toLowerCase();

const short = (digest) => String(digest).slice(0, 8);
const bytesOf = (values) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

export function toBase64(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}

export function fromBase64(text) {
  const characters = atob(text);
  const bytes = new Uint8Array(characters.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = characters.charCodeAt(i);
  return bytes;
}

/** The checksum of PNG and gzip over several arrays of bytes, one after the other. */
export function crc32(blobs) {
  let sum = -1;
  for (const bytes of blobs) {
    for (const byte of bytes) {
      sum ^= byte;
      for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
    }
  }
  return ~sum >>> 0;
}
