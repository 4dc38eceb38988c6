"""Copies within a dataset: exact ones by their digest, near ones by their thumbnails."""

from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from emotion_ai.datasets.splits import join_groups, near_duplicates, thumbnail
from emotion_ai.datasets.store import SPLITS, Dataset
from emotion_ai.progress import Progress
from emotion_ai.settings import Settings
from emotion_ai.storage.arrays import kept_arrays

#: Which copy stays when one of each group does: a held-out one, so that scores stay comparable.
_KEPT_FIRST = {split: place for place, split in enumerate(reversed(SPLITS))}


def exact_groups(samples: pd.DataFrame) -> np.ndarray:
    """int64 (N,): the lowest row with the same pixels, -1 for a row without a copy."""
    return _without_single(join_groups([samples["digest"]]))


def near_groups(
    dataset: Dataset, settings: Settings, progress: Progress | None = None
) -> np.ndarray:
    """int64 (N,): the lowest row of a group that looks alike without being all exact copies,
    -1 for every other row. Computed once and kept."""
    path = near_path(dataset, settings)
    return kept_arrays(path, lambda: {"groups": _near_groups(dataset, progress)})["groups"]


def near_path(dataset: Dataset, settings: Settings) -> Path:
    """Where ``near_groups`` keeps its answer."""
    return settings.cache_dir / "datasets" / f"{dataset.digest[:20]}-near.npz"


def _near_groups(dataset: Dataset, progress: Progress | None) -> np.ndarray:
    thumbnails = np.stack([thumbnail(image) for image in dataset.images])
    digests = dataset.samples["digest"]
    with threadpool_limits(1):  # on a busy machine two threads that wait for each other are slower
        pairs = near_duplicates(thumbnails, progress)
    groups = _without_single(join_groups([digests], pairs))
    kinds = digests.groupby(groups).transform("nunique").to_numpy()
    return np.where(kinds > 1, groups, -1)


def _without_single(groups: np.ndarray) -> np.ndarray:
    sizes = np.bincount(groups, minlength=len(groups))
    return np.where(sizes[groups] > 1, groups, -1)


def group_table(samples: pd.DataFrame, groups: np.ndarray) -> pd.DataFrame:
    """One row a group, indexed by its lowest row: ``images`` (how many), ``splits`` and, for
    expressions, ``labels`` (what occurs, comma-separated), ``conflicting`` (several labels) and
    ``across`` (several splits). Those with conflicts come first, then those across splits."""
    rows = np.flatnonzero(groups >= 0)
    splits = _sets(groups[rows], samples["split"].iloc[rows])
    table = pd.DataFrame({"images": pd.Series(groups[rows]).value_counts().sort_index()})
    table["splits"] = [", ".join(sorted(found)) for found in splits.values()]
    table["across"] = [len(found) > 1 for found in splits.values()]
    table["conflicting"] = False
    if "expression" in samples:
        labels = _sets(groups[rows], samples["expression"].iloc[rows])
        table["labels"] = [", ".join(sorted(found)) for found in labels.values()]
        table["conflicting"] = [len(found) > 1 for found in labels.values()]
    order = ["conflicting", "across", "images"]
    return table.sort_values(order, ascending=False, kind="stable")


def _sets(groups: np.ndarray, values: pd.Series) -> dict[int, set[str]]:
    """What occurs in each group, by rising number of the group."""
    found = {group: set() for group in np.unique(groups).tolist()}
    for group, value in zip(groups.tolist(), values.tolist(), strict=True):
        if not pd.isna(value):
            found[group].add(value)
    return found


def surplus_rows(samples: pd.DataFrame, groups: np.ndarray) -> np.ndarray:
    """Positions to leave out so that one image of each group stays: of test before validation
    before train, and the first of its split."""
    rows = np.flatnonzero(groups >= 0)
    place = samples["split"].iloc[rows].map(_KEPT_FIRST).to_numpy()
    order = rows[np.lexsort((rows, place, groups[rows]))]
    first = np.r_[True, np.diff(groups[order]) != 0] if len(order) else np.empty(0, bool)
    return np.sort(order[~first])


def leaked_rows(samples: pd.DataFrame, groups: np.ndarray) -> np.ndarray:
    """Positions of held-out images of which a copy (of the same group) stands in ``train``."""
    train = (samples["split"] == "train").to_numpy()
    in_train = np.isin(groups, groups[train & (groups >= 0)])
    return np.flatnonzero(in_train & ~train)
