"""Runs a ``.tflite`` network: arrays in, arrays out."""

import copy
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType


class LiteNetwork:
    """A network on LiteRT. Thread-safe.

    Input uint8 (N, S, S); outputs by name: ``probabilities`` (N, classes) and ``embedding``
    (N, D), or ``keypoints`` (N, 15, 2), float32. Of a network with several heads it gives one, or
    with ``head`` None ``probabilities`` (N, heads, classes).

    Each of ``threads`` reads its share of the faces, one after the other, with an interpreter of
    its own. Threads that share the work on one face wait for each other in every layer, and larger
    batches save nothing (``docs/performance.md``).
    """

    def __init__(self, content: bytes, threads: int = 2, head: int | None = 0):
        self._content, self._threads, self._head = content, threads, head
        self._idle = deque([_OneFace(content)])
        self._others = ThreadPoolExecutor(threads, "faces")
        self.size_px = self._idle[0].size_px

    def answering(self, head: int) -> "LiteNetwork":
        """The same network, its interpreters shared, that answers with another head."""
        other = copy.copy(self)
        other._head = head
        return other

    def __call__(self, faces: np.ndarray) -> dict[str, np.ndarray]:
        shares = min(self._threads, len(faces)) or 1
        ends = [len(faces) * i // shares for i in range(shares + 1)]
        parts = [faces[start:end] for start, end in pairwise(ends)]
        others = [self._others.submit(self._read, part) for part in parts[1:]]
        said = [self._read(parts[0]), *(other.result() for other in others)]
        outputs = {name: np.concatenate([part[name] for part in said]) for name in said[0]}
        probabilities = outputs.get("probabilities")
        if probabilities is not None and probabilities.ndim == 3 and self._head is not None:
            outputs["probabilities"] = probabilities[:, self._head]
        return outputs

    def _read(self, faces: np.ndarray) -> dict[str, np.ndarray]:
        try:
            interpreter = self._idle.pop()
        except IndexError:  # all are at work
            interpreter = _OneFace(self._content)
        try:
            return interpreter.read(faces)
        finally:
            self._idle.append(interpreter)


class _OneFace:
    """An interpreter that reads faces one by one, on the thread that asks."""

    def __init__(self, content: bytes):
        try:
            self._prepare(Interpreter(model_content=content, num_threads=1))
        except RuntimeError:
            # XNNPACK refuses integer ranges of nearly nothing, as of a network that hardly learned;
            # LiteRT's own kernels take them, more slowly.
            plain = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
            self._prepare(Interpreter(model_content=content, experimental_op_resolver_type=plain))
        named = self._interpreter.get_signature_runner().get_output_details()
        self._outputs = {name: output["index"] for name, output in named.items()}
        self._shapes = {name: tuple(output["shape"][1:]) for name, output in named.items()}

    def _prepare(self, interpreter: Interpreter) -> None:
        given = interpreter.get_input_details()[0]
        self._input, self.size_px = given["index"], int(given["shape"][1])
        interpreter.resize_tensor_input(self._input, (1, *given["shape"][1:]))
        interpreter.allocate_tensors()
        self._interpreter = interpreter

    def read(self, faces: np.ndarray) -> dict[str, np.ndarray]:
        """The outputs for uint8 (N, S, S) faces."""
        said = {
            name: np.empty((len(faces), *shape), np.float32) for name, shape in self._shapes.items()
        }
        for i, face in enumerate(faces):
            self._interpreter.set_tensor(self._input, face[None, ..., None])
            self._interpreter.invoke()
            for name, index in self._outputs.items():
                said[name][i] = self._interpreter.get_tensor(index)[0]
        return said
