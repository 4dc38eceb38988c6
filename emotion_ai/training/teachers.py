"""Learning from saved models: part of every target is what they say (Hinton et al. 2015,
arXiv:1503.02531).

Each teacher sees a face as it stands in the dataset, and its mirror image; the network that learns
sees it changed. So it also learns what averaging over both costs twice the time to say.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np

from emotion_ai.storage.arrays import kept_arrays
from emotion_ai.training.examples import Examples

FILE = "teachers.npz"


def taught(
    examples: Examples, teachers: Sequence[keras.Model], share: float, folder: Path
) -> Examples:
    """``examples`` of expressions, ``share`` (0-1) of their targets being the teachers' mean.

    A head whose truth is unknown for a face has all of it from them. What they say is kept in
    ``folder``, so that a resumed run learns from the same answers.
    """
    answers = kept_arrays(folder / FILE, lambda: {"shares": mean_answer(examples, teachers)})
    answers = answers["shares"].reshape(examples.targets.shape)
    known = examples.targets.sum(axis=-1, keepdims=True)
    targets = (1 - share) * examples.targets + (share * known + 1 - known) * answers
    return replace(examples, targets=targets.astype(np.float32))


def mean_answer(examples: Examples, teachers: Sequence[keras.Model]) -> np.ndarray:
    """float32 shares, as the teachers give them: their mean over models, face and mirror image."""
    border = examples.border_px
    faces = examples.images[:, border : -border or None, border : -border or None, None]
    views = (faces, np.ascontiguousarray(faces[:, :, ::-1]))
    said = [
        teacher.predict(view, batch_size=256, verbose=0) for teacher in teachers for view in views
    ]
    return np.mean(said, axis=0)
