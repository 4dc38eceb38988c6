"""One row an image with all that is known about it: what filters, sorts and captions read.

Columns, NaN or absent where something is not known:

- from the table: ``split``, ``source``, ``digest``, ``expression`` or ``missing`` (points);
- ``brightness``, ``contrast``; ``copies`` (exact ones, itself not counted), ``across`` (one of them
  in another split), ``conflict`` (one of them has another label), ``near`` (number of its group of
  near copies, -1);
- from an expression model: ``predicted``, ``confidence``, ``own`` (the probability of the label);
- from a keypoint model: ``error_px`` (mean distance between label and prediction);
- from the search for label errors: ``quality`` (0 to 1), ``suspect``, ``suggested``;
- ``unusual``: how far from all others, about 1 for an ordinary face.
"""

import numpy as np
import pandas as pd

from emotion_ai.audit.duplicates import exact_groups
from emotion_ai.audit.suspects import Suspects, outlier_scores, point_disagreement_px
from emotion_ai.datasets.columns import Column
from emotion_ai.datasets.describe import missing_points, pixel_statistics
from emotion_ai.datasets.marks import Marks
from emotion_ai.datasets.selection import column_words
from emotion_ai.datasets.store import Dataset
from emotion_ai.evaluation.predictions import Predictions
from emotion_ai.labels import LabelSet
from emotion_ai.settings import Settings
from emotion_ai.storage.arrays import kept_arrays


def catalogue(dataset: Dataset, settings: Settings) -> pd.DataFrame:
    """What is known without any model. Fractions of a second for 36,000 images, then kept."""
    samples = dataset.samples
    columns = ["split", "source", "digest"]
    table = samples[columns + (["expression"] if "expression" in samples else [])].copy()
    path = settings.cache_dir / "datasets" / f"{dataset.digest[:20]}-pixels.npz"
    pixels = kept_arrays(
        path,
        lambda: dict(pixel_statistics(dataset.images).items()),  # Series save as arrays
    )
    table["brightness"], table["contrast"] = pixels["brightness"], pixels["contrast"]
    if dataset.task == "keypoints":
        table["missing"] = missing_points(dataset)
    groups = exact_groups(samples)
    table["group"] = groups
    table["copies"], table["across"], table["conflict"] = 0, False, False
    rows = np.flatnonzero(groups >= 0)
    by_group = table.iloc[rows].groupby(groups[rows])
    of_rows = [table.columns.get_loc(name) for name in ("copies", "across", "conflict")]
    table.iloc[rows, of_rows[0]] = by_group["digest"].transform("size").to_numpy() - 1
    table.iloc[rows, of_rows[1]] = by_group["split"].transform("nunique").to_numpy() > 1
    if "expression" in table:
        table.iloc[rows, of_rows[2]] = by_group["expression"].transform("nunique").to_numpy() > 1
    return table


def with_expressions(
    table: pd.DataFrame, predictions: Predictions, labels: LabelSet
) -> pd.DataFrame:
    """``predicted``, ``confidence``, ``own`` and ``unusual`` added."""
    probabilities = predictions.probabilities
    names = np.array(labels.expressions)
    table = table.assign(
        predicted=names[probabilities.argmax(axis=1)], confidence=probabilities.max(axis=1)
    )
    if "expression" in table:
        position = {name: i for i, name in enumerate(labels.expressions)}
        given = table["expression"].map(position)
        known = given.notna().to_numpy()
        own = np.full(len(table), np.nan, np.float32)
        own[known] = probabilities[known, given[known].astype(int)]
        table["own"] = own
    if predictions.embedding is not None:
        table["unusual"] = outlier_scores(predictions.embedding)
    return table


def with_keypoints(table: pd.DataFrame, predictions: Predictions, dataset: Dataset) -> pd.DataFrame:
    """``error_px`` and ``unusual`` (by where the points lie) added."""
    points_px = predictions.keypoints_px
    table = table.assign(error_px=point_disagreement_px(dataset.keypoints_px, points_px))
    table["unusual"] = outlier_scores(points_px.reshape(len(table), -1))
    return table


def with_near_copies(table: pd.DataFrame, groups: np.ndarray) -> pd.DataFrame:
    """``near`` added: ``duplicates.near_groups``."""
    return table.assign(near=groups)


def with_suspects(table: pd.DataFrame, suspects: Suspects, labels: LabelSet) -> pd.DataFrame:
    """``quality``, ``suspect`` and ``suggested`` added."""
    names = np.array([*labels.expressions, None], object)
    return table.assign(
        quality=suspects.quality,
        suspect=suspects.suspect,
        suggested=names[suspects.suggested],
    )


#: What a list of faces says of each, where it is known, and what it is called there.
_LISTED = {
    "source": "source", "split": "split", "digest": "digest", "expression": "expression",
    "predicted": "predicted", "confidence": "confidence", "own": "p_of_expression",
    "suspect": "suspect", "suggested": "suggested", "quality": "label_quality",
    "missing": "points_missing", "error_px": "error_px", "unusual": "unusual",
    "brightness": "brightness", "contrast": "contrast", "group": "exact_group",
    "near": "near_group",
}  # fmt: skip


def listing(
    table: pd.DataFrame, rows: np.ndarray, marks: Marks, own: dict[str, Column] | None = None
) -> pd.DataFrame:
    """The images at ``rows``, in that order, with all that is known of them, for a CSV: ``row``,
    what the catalogue says (``exact_group`` and ``near_group``: the lowest row of the group of
    copies, empty without one), ``mark`` and ``new_expression``, and the dataset's own columns."""
    columns = [name for name in _LISTED if name in table]
    found = table[columns].iloc[rows].rename(columns=_LISTED).reset_index(drop=True)
    for group in {"exact_group", "near_group"} & set(found):
        found[group] = found[group].where(found[group] >= 0).astype("Int64")
    found.insert(0, "row", np.asarray(rows, np.int64))
    of_rows = [marks.get(int(row)) for row in rows]
    found["mark"] = [mark and mark.kind for mark in of_rows]
    found["new_expression"] = [mark and mark.expression for mark in of_rows]
    for title, column in (own or {}).items():
        values = column.numbers
        if values is None:
            values = np.where(column.lacking, None, column.labels)
        found[title if title not in found else column_words(title)] = values[rows]
    return found
