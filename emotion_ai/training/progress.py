"""What a trainer tells while it works: how far it is, and the mistakes it makes right now.

``progress.json`` is written about once a second, ``mistakes.npz`` after every epoch; neither is
worth a failed run, so that what cannot be written is left out.
"""

import contextlib
import time
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import psutil

from emotion_ai.errors import EmotionAIError
from emotion_ai.labels import KEYPOINT_COUNT
from emotion_ai.storage.arrays import save_arrays
from emotion_ai.storage.files import FULL_DISK, write_json
from emotion_ai.training import runs
from emotion_ai.training.config import TrainingConfig

#: Faces of the validation split that are looked at for mistakes, and mistakes kept of them.
LOOKED_AT, KEPT = 256, 24
_EVERY_S = 1.0


class Reporter(keras.callbacks.Callback):
    """Writes ``progress.json`` and stops, as if by Ctrl-C, once the run was asked to."""

    def __init__(self, folder: Path, config: TrainingConfig, steps: int):
        super().__init__()
        self.folder, self.config, self.steps = folder, config, steps
        self._process = psutil.Process()
        self._told = 0.0
        self._rest_s = 0.0  # of an epoch: validation and checkpoints
        self._batch_s = 0.0
        self._ended = None

    def on_epoch_begin(self, epoch, logs=None):
        now = time.monotonic()
        if self._ended is not None:
            self._rest_s = now - self._ended
        self._epoch, self._done, self._since, self._counted = epoch, 0, now, 0
        self._tell("training")

    def on_train_batch_end(self, batch, logs=None):
        self._done += 1
        now = time.monotonic()
        if self._ended is None and self._done == 1:
            self._since = now  # the first batch of all compiles the network
        else:
            self._counted += 1
            self._batch_s = (now - self._since) / self._counted
        if now - self._told >= _EVERY_S:
            self._tell("training")
            if (self.folder / runs.CANCEL).exists():
                raise KeyboardInterrupt

    def on_epoch_end(self, epoch, logs=None):
        self._ended = time.monotonic()
        self._tell("validating")

    def _tell(self, phase: str) -> None:
        self._told = time.monotonic()
        images_per_s = self.config.batch_size / self._batch_s if self._batch_s else None
        left_s = None
        if self._batch_s:
            epochs_left = self.config.epochs - self._epoch - 1
            batches = epochs_left * self.steps + self.steps - self._done
            left_s = batches * self._batch_s + (epochs_left + 1) * self._rest_s
        record = {
            "phase": phase,
            "epoch": self._epoch + 1,
            "epochs": self.config.epochs,
            "batch": self._done,
            "batches": self.steps,
            "images_per_s": images_per_s,
            "left_s": left_s,
            "memory_mb": self._process.memory_info().rss / 1e6,
            "time": time.time(),
        }
        with contextlib.suppress(OSError):
            write_json(self.folder / runs.PROGRESS, record)


def looked_at(n: int) -> np.ndarray:
    """Positions of the validation faces that are looked at after every epoch: always the same."""
    return np.sort(np.random.default_rng(0).permutation(n)[:LOOKED_AT])


def write_mistakes(
    folder: Path, epoch: int, faces: np.ndarray, targets: np.ndarray, predicted: np.ndarray
) -> None:
    """Keep some faces that are named wrongly, the worst of every label in turn, or those with the
    worst points.

    ``faces``: uint8 (N, S, S, 1); ``targets`` and ``predicted``: class shares (N, classes), with
    several heads (N, heads, classes), of which the last counts, or keypoints (N, 15, 2), pixels.
    """
    if targets.shape[1:] == (KEYPOINT_COUNT, 2):
        error = np.nanmean(np.linalg.norm(predicted - targets, axis=2), axis=1)
        chosen = np.argsort(-error)[:KEPT]
        found = {"truth_px": targets[chosen], "said_px": predicted[chosen], "error": error[chosen]}
        wrong = len(faces)
    else:
        targets, predicted = (
            a.reshape(len(a), -1, a.shape[-1])[:, -1] for a in (targets, predicted)
        )
        truth, said = targets.argmax(axis=1), predicted.argmax(axis=1)
        mistaken = np.flatnonzero((truth != said) & targets.any(axis=1))
        wrong = len(mistaken)
        worst = worst_of_each(truth[mistaken], -predicted[mistaken, truth[mistaken]])
        chosen = mistaken[worst[:KEPT]]
        found = {"truth": truth[chosen], "said": said[chosen], "p": predicted.max(axis=1)[chosen]}
    counts = np.array([epoch, wrong, len(faces)])
    with contextlib.suppress(OSError):
        save_arrays(
            folder / runs.MISTAKES, {"images": faces[chosen, ..., 0], "counts": counts, **found}
        )


def worst_of_each(kinds: np.ndarray, badness: np.ndarray) -> np.ndarray:
    """Positions so that the worst of every kind comes first, then the second worst of every kind,
    and so on; both (N,)."""
    order = np.argsort(-badness, kind="stable")
    place = pd.Series(order).groupby(kinds[order]).cumcount().to_numpy()
    return order[np.argsort(place, kind="stable")]


def reason(error: BaseException) -> str:
    """Why a training failed, in one line for those who did not write the program."""
    text = " ".join(str(error).split())[:300]
    if isinstance(error, EmotionAIError):
        return text
    if isinstance(error, MemoryError) or "ResourceExhausted" in type(error).__name__:
        return "memory ran out: choose a smaller batch or a smaller network"
    if getattr(error, "errno", None) in FULL_DISK or "No space left" in text:
        return "the disk is full: free some space, then resume"
    return f"{type(error).__name__}: {text}"
