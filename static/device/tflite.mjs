// A .tflite for pictures of another size, or for several faces at once.
//
// Convolutions do not depend on the size of what they are given, so a network's file fixes it in two
// places only: in its inputs and in its outputs. Writing other numbers there is what an interpreter's
// "resize input" does, which the runtime in the browser does not offer.

// Numbers of fields in TFLite's schema (schema.fbs).
const MODEL_SUBGRAPHS = 2;
const GRAPH = { tensors: 0, inputs: 1, outputs: 2 };
const TENSOR = { shape: 0, signature: 7 };

/** Where things stand in a FlatBuffer: just enough of the format to reach a tensor's shape. */
class Flat {
  constructor(bytes) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  int(at) { return this.view.getInt32(at, true); }
  follow(at) { return at + this.view.getUint32(at, true); }
  /** The place of a table's field, 0 where it has none. */
  field(table, number) {
    const vtable = table - this.int(table);
    const slot = 4 + 2 * number;
    const offset = slot < this.view.getUint16(vtable, true) ? this.view.getUint16(vtable + slot, true) : 0;
    return offset ? table + offset : 0;
  }
  /** A vector's field as [place of its first element, its length]. */
  vector(table, number) {
    const at = this.field(table, number);
    if (!at) return [0, 0];
    const start = this.follow(at);
    return [start + 4, this.int(start)];
  }
}

/**
 * A copy of a network's file for inputs of `inputShape` and outputs of `outputShape(shape)`, where
 * `shape` is what the file says. Throws an Error for what is no .tflite.
 */
export function resized(bytes, inputShape, outputShape) {
  const copy = bytes.slice();
  const flat = new Flat(copy);
  if (copy.length < 64 || String.fromCharCode(...copy.subarray(4, 8)) !== "TFL3") {
    throw new Error("expected a network (.tflite), got something else");
  }
  const graph = flat.follow(flat.vector(flat.follow(0), MODEL_SUBGRAPHS)[0]);
  const [tensors] = flat.vector(graph, GRAPH.tensors);
  const rewrite = (list, wanted) => {
    const [first, count] = flat.vector(graph, list);
    for (let i = 0; i < count; i++) {
      const tensor = flat.follow(tensors + 4 * flat.int(first + 4 * i));
      const [shape, length] = flat.vector(tensor, TENSOR.shape);
      const was = Array.from({ length }, (_, axis) => flat.int(shape + 4 * axis));
      const now = wanted(was);
      const [signature, signed] = flat.vector(tensor, TENSOR.signature);
      now.forEach((size, axis) => {
        flat.view.setInt32(shape + 4 * axis, size, true);
        if (axis < signed) flat.view.setInt32(signature + 4 * axis, size, true);
      });
    }
  };
  rewrite(GRAPH.inputs, () => inputShape);
  rewrite(GRAPH.outputs, outputShape);
  return copy;
}
