"""What annotators of keypoints do by habit, such as placing points a pixel to one side.

A mirrored training face has the habit the wrong way round, and another source has another one:
that teaches two answers to one question. So it is taken out of the labels before training;
``conversion.centre_keypoints`` gives it back when a run is saved as a model.
"""

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np

from emotion_ai.errors import RunError
from emotion_ai.labels import KEYPOINT_COUNT
from emotion_ai.storage.arrays import kept_arrays, load_arrays
from emotion_ai.training import runs
from emotion_ai.training.augmentation import flip_horizontal
from emotion_ai.training.examples import Examples

#: A mean over fewer would hold more of the faces than of who labelled them: errors of two pixels a
#: point leave 0.2 of it to chance.
FEWEST_FACES = 100


def without_habits(examples: Examples, network: keras.Model | None, folder: Path) -> Examples:
    """``examples`` of keypoints whose points lie, on average over the faces of each source, where
    ``network`` puts them: midway between what it says of a face and of its mirror image, which
    favours neither side. Points that fewer than ``FEWEST_FACES`` of a source have stay as they are.

    The points are kept in ``folder``, so that a resumed run, which asks without a network, learns
    the same ones. Without a network for keypoints, and without such points, nothing changes;
    RunError where they are damaged.
    """
    knows = network is not None and network.output_shape == (None, KEYPOINT_COUNT, 2)
    path = folder / runs.HABITS
    if not knows and not path.exists():
        return examples
    if knows:
        points = kept_arrays(path, lambda: {"targets_px": _even_handed(examples, network)})
    else:
        points = load_arrays(path) or {}
    targets = points.get("targets_px")
    if targets is None or targets.shape != examples.targets.shape:
        raise RunError(f"run {folder.name}: {runs.HABITS} is damaged: start a new run")
    return replace(examples, targets=targets)


def _even_handed(examples: Examples, network: keras.Model) -> np.ndarray:
    border = examples.border_px
    faces = examples.images[:, border : -border or None, border : -border or None]
    mirrored, _ = flip_horizontal(faces)
    said, said_mirrored = (
        network.predict(view[..., None], batch_size=256, verbose=0) for view in (faces, mirrored)
    )
    _, reflected = flip_horizontal(mirrored, said_mirrored)
    offsets = examples.targets - (said + reflected) / 2
    targets = examples.targets.copy()
    sources = np.zeros(len(targets)) if examples.sources is None else examples.sources
    for source in np.unique(sources):
        rows = sources == source
        known = (~np.isnan(offsets[rows])).sum(axis=0)
        habit_px = np.nansum(offsets[rows], axis=0) / np.maximum(known, 1)
        targets[rows] -= np.where(known >= FEWEST_FACES, habit_px, 0)
    return targets
