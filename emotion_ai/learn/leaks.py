"""What goes wrong when the same face, or the same person, stands on both sides of a split."""

import numpy as np

from emotion_ai.datasets.splits import make_split


def split_people(
    people: int, photos_each: int, rule: str, together: bool, seed: int = 0
) -> np.ndarray:
    """Names of splits, str (people, photos_each): by ``datasets.splits.make_split``, either each
    photo for itself or every person as one."""
    person = np.repeat(np.arange(people), photos_each)
    groups = person if together else np.arange(len(person))
    splits = make_split(groups, np.zeros(len(person), int), rule, seed)
    return splits.reshape(people, photos_each)


def on_both_sides(splits: np.ndarray) -> int:
    """How many people have photos both in training and outside of it."""
    inside = (splits == "train").any(axis=1)
    return int((inside & (splits != "train").any(axis=1)).sum())


def expected_accuracy(honest: float, share: float) -> float:
    """What a network that knows its training images by heart scores when ``share`` of the test
    images stand in training too and it is right on ``honest`` of the others."""
    return share + (1 - share) * honest


def memoriser_accuracy(
    share: float, n: int = 1000, classes: int = 7, size: int = 16, seed: int = 0
) -> float:
    """The same measured: pictures of pure noise with random labels, from which nothing can be
    learnt, and a reader that answers with the label of the most similar training picture."""
    rng = np.random.default_rng(seed)
    pictures = rng.standard_normal((2 * n, size), np.float32)
    labels = rng.integers(0, classes, 2 * n)
    training, test = slice(0, n), slice(n, 2 * n)
    leaked = np.arange(n) < round(share * n)
    pictures[test][leaked], labels[test][leaked] = pictures[training][leaked], labels[:n][leaked]
    known = pictures[training]
    distance = (known**2).sum(axis=1) - 2 * pictures[test] @ known.T
    said = labels[training][distance.argmin(axis=1)]
    return float((said == labels[test]).mean())
