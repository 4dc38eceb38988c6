"""Grad-CAM (Selvaraju et al. 2017, arXiv:1610.02391): where the last convolution looked.

Most networks here end so that their gradients are known (``pooled``): then the map takes
milliseconds. For others, such as those with several dense layers, Keras has to compute gradients:
``gradients`` does, in a process of its own which ``gradcam_map`` starts and waits for.
"""

import io
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from zipfile import BadZipFile

import numpy as np

from emotion_ai.errors import ModelError
from emotion_ai.explain.pooled import pooled_map
from emotion_ai.models.store import KERAS, TFLITE, SavedModel
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

    Where a process is needed, ``waiting(seconds)`` is called several times a second; what it raises
    ends that too.
    """
    # Heads have their logits side by side.
    logit = model.heads.index(model.truth) * len(model.labels) + expression
    heat = pooled_map(model.verified(TFLITE), face, logit)
    if heat is not None:
        return heat
    if reason := lacking("Grad-CAM", "keras", "tensorflow"):
        raise ModelError(reason)
    model.verified(KERAS)
    given = io.BytesIO()
    np.save(given, face)
    command = [
        sys.executable,
        "-m",
        "emotion_ai.explain.gradients",
        str(model.folder),
        str(logit),
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
