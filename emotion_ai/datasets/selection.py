"""Which images to show, in which order: filters and sorting over a catalogue."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from emotion_ai.datasets.columns import Column, Filter
from emotion_ai.datasets.describe import BLANK_BELOW
from emotion_ai.datasets.marks import Marks
from emotion_ai.errors import ConfigError

#: What a face may be, by the words that the pages show, and the column each needs.
TRAITS = {
    "named wrongly": "predicted",
    "named rightly": "predicted",
    "suspect label": "suspect",
    "exact copy": "copies",
    "copy across splits": "across",
    "copies disagree": "conflict",
    "near copy": "near",
    "blank": "contrast",
    "points missing": "missing",
    "all points there": "missing",
    "marked": "split",
    "not marked": "split",
}
#: What to sort by, by the words that the pages show, and the column.
ORDERS = {
    "dataset order": None,
    "how sure the model is": "confidence",
    "how likely the label is": "own",
    "label quality": "quality",
    "distance from the model's points": "error_px",
    "how unusual": "unusual",
    "brightness": "brightness",
    "contrast": "contrast",
    "missing points": "missing",
    "number of copies": "copies",
}
#: After the title of a column of the dataset's own, so that none is taken for one of ours.
_OF_COLUMN = " (column)"


@dataclass(frozen=True)
class Choice:
    """Filters, all of which must hold; an empty one lets everything through."""

    splits: Collection[str] = ()
    expressions: Collection[str] = ()
    predicted: Collection[str] = ()
    traits: Collection[str] = ()
    #: For columns of the dataset's own, by title.
    own: tuple[tuple[str, Filter], ...] = ()
    #: Only these rows, when given.
    within: Collection[int] | None = None
    order: str = "dataset order"
    descending: bool = False


def known_traits(table: pd.DataFrame) -> list[str]:
    """The traits that can be told from what is known."""
    lacking = set() if "expression" in table else {"named wrongly", "named rightly"}
    return [name for name, column in TRAITS.items() if column in table and name not in lacking]


def known_orders(table: pd.DataFrame, own: Mapping[str, Column] | None = None) -> list[str]:
    """What faces may be sorted by; ``own``: ``columns.own_columns``."""
    known = [name for name, column in ORDERS.items() if column is None or column in table]
    return known + [column_words(title) for title in own or ()]


def column_words(title: str) -> str:
    """How a column of the dataset's own is called beside what the app knows of every face."""
    return f"{title}{_OF_COLUMN}"


def column_called(words: str, own: Mapping[str, Column]) -> Column | None:
    """The column that ``column_words`` calls so."""
    title = words.removesuffix(_OF_COLUMN)
    return own.get(title) if title != words else None


def values_by(
    words: str, table: pd.DataFrame, own: Mapping[str, Column] | None = None
) -> np.ndarray | None:
    """float64 (N,): what an order of ``known_orders`` sorts by, NaN without a value; None for the
    dataset's own order. ConfigError for an unknown one."""
    if words in ORDERS:
        column = ORDERS[words]
        return None if column not in table else table[column].to_numpy(float)
    if column := column_called(words, own or {}):
        return column.order
    known = ", ".join(known_orders(table, own))
    raise ConfigError(f"unknown order {words!r}: expected one of {known}")


def select(
    table: pd.DataFrame,
    choice: Choice,
    marks: Marks | None = None,
    own: Mapping[str, Column] | None = None,
) -> np.ndarray:
    """Positions (int64) of the images that ``choice`` lets through, in its order; rows without a
    value come last. ``own``: the dataset's ``columns.own_columns``."""
    keep = np.ones(len(table), bool)
    for column, values in (
        ("split", choice.splits),
        ("expression", choice.expressions),
        ("predicted", choice.predicted),
    ):
        if values and column in table:
            keep &= table[column].isin(list(values)).to_numpy()
    for trait in choice.traits:
        keep &= _has(table, trait, marks or {})
    for title, wanted in choice.own:
        if title not in (own or {}):
            known = ", ".join(own or {}) or "none"
            raise ConfigError(f"unknown column {title!r}: expected one of: {known}")
        keep &= own[title].passes(wanted)
    if choice.within is not None:
        inside = np.zeros(len(table), bool)
        inside[list(choice.within)] = True
        keep &= inside
    rows = np.flatnonzero(keep)
    values = values_by(choice.order, table, own)
    if values is None:
        return rows[::-1] if choice.descending else rows
    values = values[rows]
    values = -values if choice.descending else values
    return rows[np.argsort(values, kind="stable")]  # NaN sorts last


def _has(table: pd.DataFrame, trait: str, marks: Marks) -> np.ndarray:
    if TRAITS.get(trait) not in table:
        known = ", ".join(known_traits(table))
        raise ConfigError(f"unknown trait {trait!r}: expected one of {known}")
    if trait in ("marked", "not marked"):
        marked = np.zeros(len(table), bool)
        marked[list(marks)] = True
        return marked if trait == "marked" else ~marked
    column = table[TRAITS[trait]]
    if trait in ("named wrongly", "named rightly"):
        labelled = table["expression"].notna()
        right = column == table["expression"]
        return (labelled & (right if trait == "named rightly" else ~right)).to_numpy()
    if trait == "blank":
        return (column < BLANK_BELOW).to_numpy()
    if trait == "near copy":
        return (column >= 0).to_numpy()
    if trait == "all points there":
        return (column == 0).to_numpy()
    return (column > 0).to_numpy()
