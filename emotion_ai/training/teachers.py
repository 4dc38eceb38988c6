"""Learning from saved models: part of every target is what they say (Hinton et al. 2015,
arXiv:1503.02531) of the very picture that the network sees (Beyer et al. 2022, arXiv:2106.05237).

Of the training faces as they are, teachers say what these are labelled; of faces changed at random
and blended into each other they say what they would of new ones.
"""

from collections.abc import Sequence

import numpy as np

from emotion_ai.models.runtime import LiteNetwork
from emotion_ai.models.store import open_model
from emotion_ai.settings import settings
from emotion_ai.training.augmentation import Augmentation, augment

#: Each time a teacher sees a face it is mirrored or not and up to a pixel or two to one side: what
#: is learned is the mean over all of these views.
VIEW = Augmentation(
    rotation_deg=0, zoom=0, shift=2 / 48, brightness=0, contrast=0, noise=0, erase=0
)


def open_teachers(names: Sequence[str]) -> list[LiteNetwork]:
    """Saved models, as they answer anywhere else, with all their heads; ModelError names one that
    is missing or damaged."""
    saved = [open_model(settings().models_dir, name) for name in names]
    return [model.network(threads=1, every_head=True) for model in saved]


def taught(
    faces: np.ndarray,
    targets: np.ndarray,
    teachers: Sequence[LiteNetwork],
    share: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """float32 targets of a batch, ``share`` (0-1) of them what one of the teachers says, each as
    often as the others: on average their mean.

    ``faces``: uint8 (N, S, S), as the network sees them; ``targets``: shares (N, classes) or
    (N, heads, classes). A head whose truth is unknown for a face has all of it from the teacher.
    """
    teacher = teachers[rng.integers(len(teachers))]
    said = teacher(augment(faces, None, VIEW, rng)[0])["probabilities"].reshape(targets.shape)
    known = targets.sum(axis=-1, keepdims=True)
    return ((1 - share) * targets + (share * known + 1 - known) * said).astype(np.float32)
