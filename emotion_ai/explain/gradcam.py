"""Grad-CAM (Selvaraju et al. 2017, arXiv:1610.02391): where the last convolution looked.

Gradients need Keras, so they are computed in a process of their own:
``python -m emotion_ai.explain.gradcam MODEL_FOLDER EXPRESSION < face.npy > map.npz``. The
dashboard calls ``gradcam_map``, which starts that process and waits for it.
"""

import io
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from emotion_ai.errors import ModelError
from emotion_ai.models.store import KERAS, SavedModel, open_model
from emotion_ai.optional import lacking
from emotion_ai.settings import ROOT

#: Keras needs a few seconds to start, more on a busy machine.
TIME_OUT_S = 120
#: One such process at a time: TensorFlow takes 700 MB.
_turn = threading.Lock()


def gradcam_map(
    model: SavedModel,
    face: np.ndarray,
    expression: int,
    time_out_s: float = TIME_OUT_S,
    waiting: Callable[[float], None] | None = None,
) -> np.ndarray:
    """float32 (S, S), 0 to 1: which places of ``face``, uint8 (S, S), spoke for output
    ``expression``. ModelError in one line when it cannot be computed.

    ``waiting(seconds)`` is called several times a second; what it raises ends the process too.
    """
    if reason := lacking("Grad-CAM", "keras", "tensorflow"):
        raise ModelError(reason)
    model.verified(KERAS)
    given = io.BytesIO()
    np.save(given, face)
    command = [
        sys.executable,
        "-m",
        "emotion_ai.explain.gradcam",
        str(model.folder),
        str(expression),
    ]
    code, out, said = _run(command, given.getvalue(), time_out_s, waiting)
    try:
        with np.load(io.BytesIO(out)) as answer:
            return answer["map"]
    except (OSError, EOFError, ValueError, KeyError, BadZipFile):
        lines = said.decode(errors="replace").strip().splitlines()
        reason = lines[-1] if lines else f"it ended with code {code}"
        raise ModelError(f"Grad-CAM could not be computed: {reason}") from None


def _run(
    command: list[str],
    content: bytes | None,
    time_out_s: float,
    waiting: Callable[[float], None] | None,
) -> tuple[int, bytes, bytes]:
    """Exit code, standard output and error of a process that never outlives this call."""
    queued = time.monotonic()
    while not _turn.acquire(timeout=0.2):
        if waiting:
            waiting(time.monotonic() - queued)
    try:
        return _run_now(command, content, time_out_s, waiting)
    finally:
        _turn.release()


def _run_now(command, content, time_out_s, waiting) -> tuple[int, bytes, bytes]:
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    started = time.monotonic()
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=environment, cwd=ROOT,
    )  # fmt: skip
    try:
        while True:
            try:
                out, said = process.communicate(content, timeout=0.2)
                return process.returncode, out, said
            except subprocess.TimeoutExpired:
                content = None  # sent
            waited_s = time.monotonic() - started
            if waited_s > time_out_s:
                raise ModelError(f"Grad-CAM took longer than {time_out_s:.0f} s: stopped")
            if waiting:
                waiting(waited_s)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def compute(model: SavedModel, face: np.ndarray, expression: int) -> np.ndarray:
    """The map itself, in this process: TensorFlow's gradients of one logit in the last feature
    map, averaged over places, weigh that map's channels."""
    import cv2
    import keras
    import tensorflow as tf

    network = keras.models.load_model(model.folder / KERAS, compile=False)
    places = [layer for layer in network.layers if len(layer.output.shape) == 4]
    logits = network.get_layer("logits").output
    both = keras.Model(network.inputs, [places[-1].output, logits])
    with tf.GradientTape() as tape:
        features, said = both(face[None, :, :, None], training=False)
        score = said[0, expression]
    weights = tf.reduce_mean(tape.gradient(score, features), axis=(1, 2), keepdims=True)
    heat = np.maximum((weights * features).numpy().sum(axis=-1)[0], 0).astype(np.float32)
    heat /= max(float(heat.max()), 1e-12)
    return cv2.resize(heat, face.shape[::-1], interpolation=cv2.INTER_CUBIC).clip(0, 1)


def main() -> int:
    folder, expression = Path(sys.argv[1]), int(sys.argv[2])
    answer = sys.stdout.buffer
    sys.stdout = sys.stderr  # what Keras prints must not end up in the answer
    face = np.load(io.BytesIO(sys.stdin.buffer.read()))
    heat = compute(open_model(folder.parent, str(folder)), face, expression)
    content = io.BytesIO()
    np.savez(content, map=heat)
    answer.write(content.getvalue())
    return 0


if __name__ == "__main__":
    sys.exit(main())
