"""Tables of pixels, streamed line by line: a broken line costs that line and no other.

A row is one line. Python's csv module alone would let one stray quote swallow the rest of the
file, and one line without an end fill the memory.
"""

import csv
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import BinaryIO

import numpy as np

from emotion_ai.datasets.formats.archive import Tree, damage_named
from emotion_ai.errors import DatasetError

#: 96 × 96 pixels of up to four characters are 36,864; a longer line is no row of ours.
MAX_LINE_BYTES = 128 << 10


class CsvTable:
    """A CSV with a header. Column names are matched without spaces around them or case."""

    def __init__(self, name: str, open_file: Callable[[], BinaryIO]):
        self.name = name
        self._open = open_file
        with damage_named(name), open_file() as file:
            header = file.readline(MAX_LINE_BYTES)
            head = header + file.read(4096)
        if not head.strip():
            raise DatasetError(f"{name}: the file is empty")
        if b"\0" in head or len(header) == MAX_LINE_BYTES:
            raise DatasetError(f"{name}: not a CSV (binary content)")
        self.columns = [column.strip() for column in self.split(header)]
        self._positions = {column.lower(): i for i, column in enumerate(self.columns)}

    def __contains__(self, column: str) -> bool:
        return column.lower() in self._positions

    def position(self, column: str) -> int:
        """Where a column stands in a row's fields; DatasetError lists those there are."""
        try:
            return self._positions[column.lower()]
        except KeyError:
            came = ", ".join(self.columns)[:120]
            raise DatasetError(f"{self.name}: no column {column!r}, got {came!r}") from None

    def count(self) -> int:
        """About how many rows there are, for progress: lines without the header."""
        lines, last = 0, b"\n"
        with damage_named(self.name), self._open() as file:
            while chunk := file.read(1 << 20):
                lines += chunk.count(b"\n")
                last = chunk
        return max(lines - last.endswith(b"\n"), 0)

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """Row number, from 1, and the line; an overlong one comes cut off."""
        with damage_named(self.name), self._open() as file:
            line = file.readline(MAX_LINE_BYTES)
            number = 0
            while line := file.readline(MAX_LINE_BYTES):
                rest = line
                while len(rest) == MAX_LINE_BYTES and not rest.endswith(b"\n"):
                    rest = file.readline(MAX_LINE_BYTES)
                if line.strip():
                    number += 1
                    yield number, line

    def rows(self) -> Iterator[tuple[int, list[str] | DatasetError]]:
        """Row number, from 1, and its fields, or what is wrong with the line."""
        for number, line in self.lines():
            try:
                yield number, self.fields(line)
            except DatasetError as error:
                yield number, DatasetError(f"{self.name} row {number}: {error}")

    def fields(self, line: bytes) -> list[str]:
        """A row's fields; DatasetError when their number is not that of the columns."""
        if len(line) == MAX_LINE_BYTES:
            raise DatasetError(f"longer than {MAX_LINE_BYTES >> 10} kB")
        fields = self.split(line)
        if len(fields) != len(self.columns):
            raise DatasetError(f"expected {len(self.columns)} fields, got {len(fields)}")
        return fields

    @staticmethod
    def split(line: bytes) -> list[str]:
        try:
            return next(csv.reader([line.decode("utf-8-sig", "replace")]), [])
        except csv.Error as error:
            raise DatasetError(f"not a CSV line ({error})") from None


def tables_in(tree: Tree) -> tuple[list[CsvTable], list[DatasetError]]:
    """The CSVs of a folder or zip, and what is wrong with those that cannot be read."""
    tables, problems = [], []
    for name in tree.names:
        if name.lower().endswith(".csv"):
            try:
                tables.append(CsvTable(name, partial(tree.open, name)))
            except DatasetError as error:
                problems.append(error)
    return tables, problems


def parse_pixels(text: str, size_px: int) -> np.ndarray:
    """uint8 (size_px, size_px) from numbers between spaces; DatasetError says what is wrong."""
    raw = text.strip().encode("utf-8")
    if raw.translate(None, b"0123456789 "):
        word = re.search(rb"[^ ]*[^0-9 ][^ ]*", raw).group().decode()
        raise DatasetError(f"expected pixels of 0 to 255, got {word[:20]!r}")
    values = np.fromstring(raw, np.int64, sep=" ") if raw else np.empty(0, np.int64)
    if len(values) != size_px * size_px:
        raise DatasetError(
            f"expected {size_px * size_px:,} pixels ({size_px} × {size_px}), got {len(values):,}"
        )
    if values.max() > 255:
        raise DatasetError(f"expected pixels of 0 to 255, got {values.max()}")
    return values.astype(np.uint8).reshape(size_px, size_px)
