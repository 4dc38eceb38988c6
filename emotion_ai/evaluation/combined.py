"""The two models together: an expression and 30 coordinates for every face."""

import numpy as np
import pandas as pd

from emotion_ai.datasets.store import Dataset
from emotion_ai.labels import COORDINATE_COLUMNS, LabelSet


def combined_table(
    dataset: Dataset,
    rows: np.ndarray,
    labels: LabelSet,
    probabilities: np.ndarray,
    keypoints_px: np.ndarray,
) -> pd.DataFrame:
    """A row for each of ``rows`` of the dataset: ``face`` (its row), ``source``, ``split``,
    ``given`` where it has a label, ``expression`` named, ``p_*``, and the 30 predicted
    coordinates in pixels of the dataset's crop.

    ``probabilities``: (N, len(labels)); ``keypoints_px``: (N, 15, 2).
    """
    samples = dataset.samples.iloc[rows]
    table = {"face": rows, "source": samples["source"].to_numpy(),
             "split": samples["split"].to_numpy()}  # fmt: skip
    if "expression" in samples:
        table["given"] = samples["expression"].to_numpy()
    named = probabilities.argmax(axis=1)
    table["expression"] = np.array(labels.expressions, object)[named]
    table |= {f"p_{name}": probabilities[:, i] for i, name in enumerate(labels.expressions)}
    flat = keypoints_px.reshape(len(rows), -1).round(2)
    table |= {column: flat[:, i] for i, column in enumerate(COORDINATE_COLUMNS)}
    return pd.DataFrame(table)
