"""Learning from saved models: part of every target is what they say (Hinton et al. 2015,
arXiv:1503.02531).

Each teacher sees a face and its mirror image, both a little to either side of where they stand in
the dataset. The network that learns sees the face changed in its own way, and is to say at once
what costs four times the time to average.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np

from emotion_ai.storage.arrays import kept_arrays
from emotion_ai.training import runs
from emotion_ai.training.augmentation import flip_horizontal, warp
from emotion_ai.training.examples import Examples

#: Where the views of a face lie, pixels to the right and down.
SHIFTS_PX = ((2, -2), (-2, 2))


def taught(
    examples: Examples, teachers: Sequence[keras.Model], share: float, folder: Path
) -> Examples:
    """``examples`` of expressions, ``share`` (0-1) of their targets being the teachers' mean.

    A head whose truth is unknown for a face has all of it from them. What they say is kept in
    ``folder``, so that a resumed run learns from the same answers.
    """
    path = folder / runs.TEACHERS
    answers = kept_arrays(path, lambda: {"shares": mean_answer(examples, teachers)})
    answers = answers["shares"].reshape(examples.targets.shape)
    known = examples.targets.sum(axis=-1, keepdims=True)
    targets = (1 - share) * examples.targets + (share * known + 1 - known) * answers
    return replace(examples, targets=targets.astype(np.float32))


def mean_answer(examples: Examples, teachers: Sequence[keras.Model]) -> np.ndarray:
    """float32 shares, as the teachers give them: their mean over models and views of a face."""
    n = len(examples)
    views = []
    for shift_px in SHIFTS_PX:
        shifts = np.broadcast_to(shift_px, (n, 2))
        faces, _ = warp(
            examples.images, None, np.zeros(n), np.ones(n), shifts, border_px=examples.border_px
        )
        views += [faces, flip_horizontal(faces)[0]]
    said = [
        teacher.predict(view[..., None], batch_size=256, verbose=0)
        for teacher in teachers
        for view in views
    ]
    return np.mean(said, axis=0)
