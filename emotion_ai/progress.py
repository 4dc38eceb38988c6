"""How long work tells how far it is; on a terminal a bar, silent in pipes, logs and tests."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

#: Called with items done, items in total, and what they are ("rows", "images", "faces").
Progress = Callable[[int, int, str], None]

_WIDTH = 30
_INTERVAL_S = 0.1


@contextmanager
def progress_bar(label: str, stream: TextIO | None = None) -> Iterator[Progress]:
    """A callback that draws on standard error while the context lasts.

    Nothing is written unless ``stream`` is a terminal; the line is cleared at the end, so that
    an error or a table follows on a clean one.
    """
    stream = stream or sys.stderr
    if not stream.isatty():
        yield lambda done, total, unit: None
        return
    drawn_at = float("-inf")

    def draw(done: int, total: int, unit: str) -> None:
        nonlocal drawn_at
        now = time.monotonic()
        if now - drawn_at < _INTERVAL_S and done < total:
            return
        drawn_at = now
        share = done / total if total else 0
        bar = "█" * round(share * _WIDTH)
        stream.write(f"\r\033[K{label} {bar:·<{_WIDTH}} {share:4.0%}  {done:,}/{total:,} {unit}")
        stream.flush()

    try:
        yield draw
    finally:
        stream.write("\r\033[K")
        stream.flush()
