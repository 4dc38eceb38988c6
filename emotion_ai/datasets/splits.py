"""Splits that are honest: stratified, seeded, and with whatever belongs together on one side."""

from collections.abc import Sequence

import cv2
import numpy as np
import pandas as pd

from emotion_ai.errors import DatasetError
from emotion_ai.progress import Progress

#: Share of each split by the name of the rule.
SPLIT_RULES = {
    "80/20": {"train": 0.8, "test": 0.2},
    "60/20/20": {"train": 0.6, "validation": 0.2, "test": 0.2},
}
DEFAULT_RULE = "80/20"

_THUMBNAIL_PX = 12
#: Cosine of two thumbnails, each without its mean, from which two crops show the same moment.
NEAR = 0.97


def check_rule(rule: str) -> str:
    if rule not in SPLIT_RULES:
        raise DatasetError(f"unknown split {rule!r}: expected one of {', '.join(SPLIT_RULES)}")
    return rule


_NO_PAIRS = np.empty((0, 2), np.int64)


def _codes(key: Sequence) -> np.ndarray:
    """Numbers from 0, equal where the values are, each missing value having its own."""
    codes, values = pd.factorize(np.asarray(key))
    missing = codes < 0
    codes[missing] = len(values) + np.arange(missing.sum())
    return codes


def join_groups(keys: Sequence[Sequence], pairs: np.ndarray = _NO_PAIRS) -> np.ndarray:
    """For each row the lowest row it belongs with: int64 (N,).

    Rows belong together when any of ``keys`` (each a column of N values) is equal or when
    ``pairs``, int64 (M, 2), names them, and so do rows that are linked through others. A value that
    is missing is like no other.
    """
    columns = [_codes(key) for key in keys]
    lowest = np.arange(len(columns[0]))
    while True:
        before = lowest
        for codes in columns:
            first = np.full(codes.max() + 1, len(codes))
            np.minimum.at(first, codes, lowest)
            lowest = first[codes]
        lowest = lowest.copy()
        np.minimum.at(lowest, pairs[:, 0], lowest[pairs[:, 1]])
        np.minimum.at(lowest, pairs[:, 1], lowest[pairs[:, 0]])
        if np.array_equal(before, lowest):
            return lowest


def thumbnail(image: np.ndarray) -> np.ndarray:
    """A small copy, uint8 (12, 12), by which near duplicates are found."""
    return cv2.resize(image, (_THUMBNAIL_PX, _THUMBNAIL_PX), interpolation=cv2.INTER_AREA)


def thumbnail_vectors(thumbnails: np.ndarray) -> np.ndarray:
    """float32 (N, 144): thumbnails uint8 (N, 12, 12) without their mean and of length 1, so that
    their products are cosines."""
    vectors = thumbnails.reshape(len(thumbnails), -1).astype(np.float32)
    vectors -= vectors.mean(axis=1, keepdims=True)
    # A flat image is like no other: its vector stays zero.
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)


def near_duplicates(thumbnails: np.ndarray, progress: Progress | None = None) -> np.ndarray:
    """Pairs of rows that look alike, int64 (M, 2), from thumbnails uint8 (N, 12, 12)."""
    vectors = thumbnail_vectors(thumbnails)
    pairs = []
    for start in range(0, len(vectors), 1024):
        alike = vectors[start : start + 1024] @ vectors[start:].T > NEAR
        pairs.append(np.argwhere(np.triu(alike, k=1)) + start)
        if progress:
            progress(min(start + 1024, len(vectors)), len(vectors), "images")
    return np.concatenate(pairs) if pairs else _NO_PAIRS


def make_split(groups: np.ndarray, strata: Sequence, rule: str, seed: int) -> np.ndarray:
    """A split name a row, ``rule``'s shares within each stratum, no group on two sides.

    A group that spans strata counts to that of its first row.
    """
    shares = SPLIT_RULES[check_rule(rule)]
    names = np.array(list(shares))
    ends = np.cumsum(list(shares.values()))
    codes = pd.factorize(np.asarray(strata))[0]
    _, first, group, sizes = np.unique(
        groups, return_index=True, return_inverse=True, return_counts=True
    )
    part = np.zeros(len(sizes), np.int64)
    rng = np.random.default_rng(seed)
    for stratum in np.unique(codes[first]):
        members = rng.permutation(np.flatnonzero(codes[first] == stratum))
        filled = np.cumsum(sizes[members])
        # Where the middle of a group falls decides, so that a large one is not always cut off.
        middle = (filled - sizes[members] / 2) / filled[-1]
        part[members] = np.minimum(np.searchsorted(ends, middle), len(ends) - 1)
    return names[part[group]]


def count_duplicates(samples: pd.DataFrame) -> dict:
    """Exact duplicates: groups, surplus images, groups with conflicting labels, leaks by split.

    ``also_in_train`` counts, for every other split, its images that stand in ``train`` too.
    """
    sizes = samples["digest"].value_counts()
    counts = {"groups": int((sizes > 1).sum()), "surplus": int((sizes - 1).sum())}
    if "expression" in samples:
        labels = samples.groupby("digest")["expression"].nunique()
        counts["conflicting"] = int((labels > 1).sum())
    in_train = samples["digest"].isin(samples.loc[samples["split"] == "train", "digest"])
    leaks = samples.loc[in_train & (samples["split"] != "train"), "split"].value_counts()
    return {**counts, "also_in_train": {split: int(n) for split, n in leaks.items()}}
