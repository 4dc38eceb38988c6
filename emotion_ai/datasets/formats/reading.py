"""What a format says of itself, and what its reader hands to the import: images with their table
rows, one at a time."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from emotion_ai.errors import DatasetError
from emotion_ai.labels import LabelSet


class Sample(NamedTuple):
    """One image and its table row: uint8 (H, W), of keypoints as it is stored, with its border; of
    expressions of any size, the import makes faces of it.

    An expression may still be its number: the whole file decides which numbering it follows. One
    that is a name is as the source spells it: the import tidies it.
    """

    image: np.ndarray
    row: dict


@dataclass
class Reading:
    """A recognised source. ``items`` streams once; a DatasetError in it is one bad item."""

    task: str
    size_px: int
    items: Iterable[Sample | DatasetError]
    total: int
    #: ``Format.name``; ``recognise`` fills it in.
    format: str = ""
    unit: str = "rows"
    border_px: int = 0
    #: The numbering of expressions; None lets the numbers decide.
    label_set: LabelSet | None = None
    #: The order of its classes where the source says it; also of those that no image shows.
    classes: tuple[str, ...] = ()
    #: Votes given row by row only fit a table read row by row.
    row_by_row: bool = False


@dataclass(frozen=True)
class Format:
    """A layout that is recognised: of a CSV in a module's ``TABLES``, where ``recognises`` and
    ``read`` are given a ``CsvTable``; of a folder or zip in its ``TREES``, there they get a
    ``Tree``. ``read`` is also told which numbering of expressions to follow, None if any."""

    #: The layout, as in ``dataset.json``.
    name: str
    #: What people call it, for lists: "FER2013".
    called: str
    #: What has to be there. After "expected" for a folder or zip, after "expected a CSV with the
    #: columns" for a table.
    expects: str
    recognises: Callable[..., bool]
    read: Callable[..., Reading]
    #: The highest is asked first, and counts where a zip holds several tables: 3 for one with
    #: official splits, 2 with labels, 1 without.
    rank: int = 2


def attempts(
    parse: Callable[..., Sample], inputs: Iterable[tuple]
) -> Iterator[Sample | DatasetError]:
    """``parse`` each input; one that fails yields its error, so that the others are not lost."""
    for arguments in inputs:
        try:
            yield parse(*arguments)
        except DatasetError as error:
            yield error
