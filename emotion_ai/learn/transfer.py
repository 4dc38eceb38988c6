"""What it is worth to start from a network that has learned already (transfer: Yosinski et al.
2014, arXiv:1411.1792), as ``benchmarks/transfer.py`` measured it."""

from pathlib import Path

import pandas as pd

from emotion_ai.evaluation.intervals import wilson_interval

TABLE = Path(__file__).with_name("transfer.csv")
STARTS = ("scratch", "ours")


def read_measured() -> pd.DataFrame:
    """A row for each ``data`` ("drawn", "fer2013"), number of ``faces_a_class`` and ``start``:
    ``accuracy`` on ``tested`` faces with its 95 % interval ``low`` to ``high`` (0-1), and the
    ``seconds`` that a training took."""
    table = pd.read_csv(TABLE)
    table["accuracy"] = table["right"] / table["tested"]
    # Draws share their test faces: the interval is that of one of them.
    each = table["tested"] / table["draws"]
    bounds = [
        wilson_interval(round(share * n), round(n))
        for share, n in zip(table["accuracy"], each, strict=True)
    ]
    table[["low", "high"]] = bounds
    return table
