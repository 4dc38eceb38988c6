"""How a group looks over time: shares of expressions, never a single face.

Only sums over all faces of a second are kept, and a second counts only when there were enough of
them. Thread-safe: frames are added on one thread and read on another.
"""

import threading
import time
from dataclasses import dataclass, field

import pandas as pd

from emotion_ai.errors import ConfigError
from emotion_ai.results import Expression

#: Fewer faces than this would say too much about each of them.
FEWEST_FACES = 5
BIN_S = 1.0


@dataclass(frozen=True)
class Marker:
    """Something that happened, ``time_s`` after the session's start."""

    time_s: float
    text: str


@dataclass
class _Bin:
    """Sums over the frames of a second: faces of each expression, faces, frames."""

    sums: list[float]
    faces: int = 0
    frames: int = 0
    #: Frames with too few faces, which count nowhere else.
    too_few: int = 0


@dataclass(frozen=True)
class Summary:
    """What is left of a session. ``shares``: see ``GroupTimeline.shares``; ``totals`` is the
    share of each expression over the whole session, empty when no second counted."""

    labels: tuple[str, ...]
    fewest: int
    duration_s: float
    shares: pd.DataFrame
    totals: dict[str, float]
    faces_mean: float
    markers: tuple[Marker, ...] = ()

    def to_csv(self) -> str:
        """A row a second; markers stand in the row of their second."""
        table = self.shares.copy()
        texts = [""] * len(table)
        for marker in self.markers:
            if len(table):
                row = int((table["time_s"] - marker.time_s).abs().idxmin())
                texts[row] = "; ".join(filter(None, (texts[row], marker.text)))
        table["marker"] = texts
        return table.round(4).to_csv(index=False)


@dataclass
class GroupTimeline:
    """Collects a session. Times given to ``add`` are of one steady clock.

    ``soft`` adds probabilities up instead of counting each face for its likeliest expression.
    """

    labels: tuple[str, ...]
    fewest: int = FEWEST_FACES
    soft: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _bins: dict[int, _Bin] = field(default_factory=dict, repr=False)
    _markers: list[Marker] = field(default_factory=list, repr=False)
    _start_s: float | None = None
    _newest_s: float = 0.0

    def __post_init__(self):
        if self.fewest < 1:
            raise ConfigError(f"fewest faces: expected at least 1, got {self.fewest}")

    def add(self, time_s: float, expressions: list[Expression]) -> None:
        """One frame: what every face in it looks like. Only the sum over the faces is kept."""
        with self._lock:
            if self._start_s is None:
                self._start_s = time_s
            self._newest_s = max(self._newest_s, time_s)
            second = int((time_s - self._start_s) // BIN_S)
            total = self._bins.setdefault(second, _Bin([0.0] * len(self.labels)))
            if len(expressions) < self.fewest:
                total.too_few += 1
                return
            for said in expressions:
                for i, value in enumerate(said.probabilities):
                    total.sums[i] += float(value) if self.soft else said.label == self.labels[i]
            total.faces += len(expressions)
            total.frames += 1

    def mark(self, text: str, time_s: float | None = None) -> None:
        """Note ``text`` at ``time_s`` (now, by ``time.monotonic``)."""
        with self._lock:
            now_s = time.monotonic() if time_s is None else time_s
            start_s = now_s if self._start_s is None else self._start_s
            self._markers.append(Marker(max(0.0, now_s - start_s), " ".join(text.split())[:80]))

    def clear(self) -> None:
        """Start a new session."""
        with self._lock:
            self._bins.clear()
            self._markers.clear()
            self._start_s, self._newest_s = None, 0.0

    @property
    def markers(self) -> tuple[Marker, ...]:
        with self._lock:
            return tuple(self._markers)

    def shares(self, last_s: float | None = None) -> pd.DataFrame:
        """A row a second: ``time_s`` since the start, ``faces`` (mean over its frames), and for
        each expression its share of the faces, 0 to 1; without enough faces those are NaN.

        ``last_s`` leaves out what is older than that many seconds.
        """
        columns = ["time_s", "faces", *self.labels]
        with self._lock:
            if not self._bins:
                return pd.DataFrame(columns=columns, dtype=float)
            last = max(self._bins)
            first = 0 if last_s is None else max(0, last - int(last_s / BIN_S) + 1)
            rows = [self._row(second) for second in range(first, last + 1)]
        return pd.DataFrame(rows, columns=columns)

    def _row(self, second: int) -> list[float]:
        total = self._bins.get(second)
        faces = total.faces / total.frames if total and total.frames else 0.0
        # ``fewest`` may have been raised since the frames came.
        if faces < self.fewest or total.frames < total.too_few:
            return [second * BIN_S] + [float("nan")] * (1 + len(self.labels))
        shares = [value / total.faces for value in total.sums]
        return [second * BIN_S, faces, *shares]

    def summary(self) -> Summary:
        shares = self.shares()
        counted = shares.dropna()
        totals = {}
        if len(counted):
            # Every second counts alike, however many faces and frames it had.
            totals = {name: float(counted[name].mean()) for name in self.labels}
        return Summary(
            self.labels,
            self.fewest,
            len(shares) * BIN_S,
            shares,
            totals,
            float(counted["faces"].mean()) if len(counted) else 0.0,
            self.markers,
        )
