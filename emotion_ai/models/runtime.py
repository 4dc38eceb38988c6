"""Runs a ``.tflite`` network: arrays in, arrays out."""

import copy
import threading

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

#: An interpreter keeps buffers for its batch size, so that there are a few sizes only. Faces are
#: read in the largest that they fill: a padded face costs what a real one does, and 25 in a batch
#: of 64 took 77 ms through both networks where 16 + 4 + 4 + 1 take 31 (``benchmarks/speed.py``).
BATCH_SIZES = (1, 4, 16, 64)


class LiteNetwork:
    """A network on LiteRT. Thread-safe by a lock; use one per worker for speed.

    Input uint8 (N, S, S); outputs by name: ``probabilities`` (N, classes) and ``embedding``
    (N, D), or ``keypoints`` (N, 15, 2), float32. Of a network with several heads it gives one, or
    with ``head`` None ``probabilities`` (N, heads, classes).
    """

    def __init__(self, content: bytes, threads: int = 2, head: int | None = 0):
        self._content, self._threads, self._head = content, threads, head
        self._lock = threading.Lock()
        self._sized: dict[int, _Sized] = {}
        self.size_px = self._of_size(1).size_px

    def answering(self, head: int) -> "LiteNetwork":
        """The same network, its interpreters shared, that answers with another head."""
        other = copy.copy(self)
        other._head = head
        return other

    def _of_size(self, batch: int) -> "_Sized":
        if batch not in self._sized:
            self._sized[batch] = _Sized(self._content, self._threads, batch)
        return self._sized[batch]

    def __call__(self, faces: np.ndarray) -> dict[str, np.ndarray]:
        parts = []
        with self._lock:
            start = 0
            while start < len(faces) or not parts:
                left = len(faces) - start
                batch = max((size for size in BATCH_SIZES if size <= left), default=1)
                parts.append(self._of_size(batch).run(faces[start : start + batch]))
                start += batch
        outputs = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        said = outputs.get("probabilities")
        if said is not None and said.ndim == 3 and self._head is not None:
            outputs["probabilities"] = said[:, self._head]
        return outputs


class _Sized:
    """An interpreter for batches of one size."""

    def __init__(self, content: bytes, threads: int, batch: int):
        try:
            self._prepare(Interpreter(model_content=content, num_threads=threads), batch)
        except RuntimeError:
            # XNNPACK refuses integer ranges of nearly nothing, as of a network that hardly learned;
            # LiteRT's own kernels take them, more slowly.
            plain = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
            self._prepare(
                Interpreter(model_content=content, experimental_op_resolver_type=plain), batch
            )
        named = self._interpreter.get_signature_runner().get_output_details()
        self._outputs = {name: output["index"] for name, output in named.items()}

    def _prepare(self, interpreter: Interpreter, batch: int) -> None:
        given = interpreter.get_input_details()[0]
        self._input, self._shape = given["index"], (batch, *given["shape"][1:])
        self.size_px = int(given["shape"][1])
        interpreter.resize_tensor_input(self._input, self._shape)
        interpreter.allocate_tensors()
        self._interpreter = interpreter

    def run(self, faces: np.ndarray) -> dict[str, np.ndarray]:
        """The outputs for uint8 (N, S, S) faces, no more than the batch."""
        padded = np.zeros(self._shape, np.uint8)
        padded[: len(faces), :, :, 0] = faces
        self._interpreter.set_tensor(self._input, padded)
        self._interpreter.invoke()
        return {
            name: self._interpreter.get_tensor(index)[: len(faces)]
            for name, index in self._outputs.items()
        }
