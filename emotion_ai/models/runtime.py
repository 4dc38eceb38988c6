"""Runs a ``.tflite`` network: arrays in, arrays out."""

import threading

import numpy as np
from ai_edge_litert.interpreter import Interpreter

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
        self._interpreters: dict[int, Interpreter] = {}
        first = self._interpreter(1)
        self.size_px = int(first.get_input_details()[0]["shape"][1])

    def _interpreter(self, batch: int) -> Interpreter:
        if batch not in self._interpreters:
            interpreter = Interpreter(model_content=self._content, num_threads=self._threads)
            shape = interpreter.get_input_details()[0]["shape"]
            interpreter.resize_tensor_input(
                interpreter.get_input_details()[0]["index"], [batch, *shape[1:]]
            )
            interpreter.allocate_tensors()
            self._interpreters[batch] = interpreter
        return self._interpreters[batch]

    def __call__(self, faces: np.ndarray) -> dict[str, np.ndarray]:
        parts = []
        with self._lock:
            start = 0
            while start < len(faces) or not parts:
                left = len(faces) - start
                batch = max((size for size in BATCH_SIZES if size <= left), default=1)
                parts.append(self._run(faces[start : start + batch], batch))
                start += batch
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def _run(self, faces: np.ndarray, batch: int) -> dict[str, np.ndarray]:
        interpreter = self._interpreter(batch)
        given = interpreter.get_input_details()[0]
        padded = np.zeros(given["shape"], given["dtype"])
        padded[: len(faces), :, :, 0] = faces
        interpreter.set_tensor(given["index"], padded)
        interpreter.invoke()
        named = interpreter.get_signature_runner().get_output_details()
        outputs = {
            name: interpreter.get_tensor(details["index"])[: len(faces)]
            for name, details in named.items()
        }
        said = outputs.get("probabilities")
        if said is not None and said.ndim == 3 and self._head is not None:
            outputs["probabilities"] = said[:, self._head]
        return outputs
