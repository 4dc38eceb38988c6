"""Images that two datasets share: exact copies by digest, near ones by their thumbnails."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from emotion_ai.datasets.splits import NEAR, thumbnail, thumbnail_vectors
from emotion_ai.datasets.store import Dataset
from emotion_ai.progress import Progress
from emotion_ai.settings import Settings
from emotion_ai.storage.arrays import kept_arrays, load_arrays

#: Rows compared at once: with 100,000 others a block takes 100 MB.
_BLOCK = 256


@dataclass(frozen=True)
class Shared:
    """For every row of each dataset its counterpart in the other, int64, -1 for none, and how
    alike the two are, float32: 1 for exact copies, else the cosine of their thumbnails."""

    partner: np.ndarray
    likeness: np.ndarray
    partner_of_second: np.ndarray
    likeness_of_second: np.ndarray

    @property
    def rows(self) -> np.ndarray:
        """Rows (int64) of the first dataset that have a counterpart."""
        return np.flatnonzero(self.partner >= 0)


def shared_images(
    first: Dataset, second: Dataset, settings: Settings, progress: Progress | None = None
) -> Shared:
    """Which images of two datasets for one task show the same; computed once and kept. An exact
    copy goes before a near one, of several the most alike.

    32,298 against as many took 5 s of one core and 360 MB.
    """
    found = kept_arrays(
        _path(first, second, settings), lambda: vars(_compare(first, second, progress))
    )
    return Shared(**found)


def are_compared(first: Dataset, second: Dataset, settings: Settings) -> bool:
    """Whether ``shared_images`` has nothing to compute."""
    return load_arrays(_path(first, second, settings)) is not None


def _path(first: Dataset, second: Dataset, settings: Settings):
    name = f"{first.digest[:20]}-{second.digest[:20]}-shared.npz"
    return settings.cache_dir / "datasets" / name


def _compare(first: Dataset, second: Dataset, progress: Progress | None) -> Shared:
    here, there = (
        thumbnail_vectors(np.stack([thumbnail(image) for image in dataset.images]))
        for dataset in (first, second)
    )
    best = np.full((2, len(here)), -1.0)
    best_of_second = np.full((2, len(there)), -1.0)
    with threadpool_limits(1):  # on a busy machine two threads that wait for each other are slower
        for start in range(0, len(here), _BLOCK):
            alike = here[start : start + _BLOCK] @ there.T
            end = start + len(alike)
            best[:, start:end] = alike.argmax(axis=1), alike.max(axis=1)
            most = alike.max(axis=0)
            closer = most > best_of_second[1]
            best_of_second[0, closer] = start + alike[:, closer].argmax(axis=0)
            best_of_second[1, closer] = most[closer]
            if progress:
                progress(end, len(here), "images")
    digests = first.samples["digest"], second.samples["digest"]
    partner, likeness = _with_exact(*best, *digests)
    partner_of_second, likeness_of_second = _with_exact(*best_of_second, *digests[::-1])
    return Shared(partner, likeness, partner_of_second, likeness_of_second)


def _with_exact(
    nearest: np.ndarray, likeness: np.ndarray, own: pd.Series, others: pd.Series
) -> tuple[np.ndarray, np.ndarray]:
    """Counterparts: the lowest row with the same digest, else the nearest if it is near."""
    place = pd.Series(np.arange(len(others)), others.to_numpy()).groupby(level=0).min()
    exact = own.map(place).fillna(-1).to_numpy(np.int64)
    near = np.where(likeness > NEAR, nearest, -1).astype(np.int64)
    partner = np.where(exact >= 0, exact, near)
    # Two images may look alike to the last digit without being copies.
    alike = np.where(exact >= 0, 1.0, np.minimum(likeness, 0.9999))
    return partner, np.where(partner >= 0, alike, 0).astype(np.float32)


def pairs(first: Dataset, second: Dataset, shared: Shared) -> pd.DataFrame:
    """A row for each image of the first dataset with a counterpart: its ``row``, ``split``,
    ``source`` and ``label``; those of the other, ``other_row`` …; ``exact``, ``likeness``, and
    whether the labels ``differ``. Those that differ come first, then those across splits."""
    rows = shared.rows
    table = pd.DataFrame({"row": rows})
    for dataset, of, prefix in ((first, rows, ""), (second, shared.partner[rows], "other_")):
        samples = dataset.samples.iloc[of]
        table[f"{prefix}row"] = of
        for name in ("split", "source"):
            table[prefix + name] = samples[name].to_numpy()
        if "expression" in samples:
            table[f"{prefix}label"] = samples["expression"].to_numpy()
    table["likeness"] = shared.likeness[rows]
    table["exact"] = table["likeness"] == 1
    table["differ"] = False
    if {"label", "other_label"} <= set(table):
        both = table["label"].notna() & table["other_label"].notna()
        table["differ"] = both & (table["label"] != table["other_label"])
    across = table["split"] != table["other_split"]
    order = np.lexsort((rows, ~table["exact"], ~across, ~table["differ"]))
    return table.iloc[order].reset_index(drop=True)


def by_splits(found: pd.DataFrame) -> pd.DataFrame:
    """``pairs`` counted by the two splits: ``split``, ``other_split``, ``exact``, ``near``, and
    how many labels ``differ``."""
    grouped = found.groupby(["split", "other_split"], sort=True)
    table = grouped.agg(exact=("exact", "sum"), images=("exact", "size"), differ=("differ", "sum"))
    table.insert(1, "near", table.pop("images") - table["exact"])
    return table.reset_index()
