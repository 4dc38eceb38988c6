"""Faces as points: a map, or two columns against each other, coloured by words or by numbers."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from emotion_ai.figures.base import DARK_INK, QUIET, as_text, axes, base_figure, legend_above

#: Okabe-Ito in the order in which neither neighbours nor symbols look alike.
_TONES = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#999999")
_SYMBOLS = ("circle", "square", "diamond", "cross", "triangle-up", "x", "star")
#: Words beyond these share a colour.
MOST_WORDS = 14
#: Blue over grey to orange: each is seen on either theme, and told apart by colour-blind people.
_SCALE = ((0.0, "#0072B2"), (0.5, "#A6A6A6"), (1.0, "#D55E00"))
#: Of the numbers on either side, the share that may lie beyond the scale's end.
_BEYOND = 0.01
#: Columns of up to so many numbers have their points spread a little, to be seen and lassoed.
_FEW = 12


@dataclass(frozen=True)
class Colouring:
    """What N points are coloured by: ``words`` (N,), each with its colour in ``colours`` if it has
    one of its own; or ``numbers``, float (N,), NaN without one."""

    title: str
    words: np.ndarray | None = None
    numbers: np.ndarray | None = None
    colours: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class PointPlot:
    """A figure, and the rows (int64) that the points of each of its first traces are."""

    figure: go.Figure
    rows: list[np.ndarray]

    def chosen(self, points: list) -> np.ndarray | None:
        """The rows (int64) of Plotly's selected points; None when there is none."""
        found = [
            self.rows[point["curve_number"]][point["point_index"]]
            for point in points
            if point["curve_number"] < len(self.rows)
            and point["point_index"] < len(self.rows[point["curve_number"]])
        ]
        return np.unique(np.array(found, np.int64)) if found else None


def point_plot(points: np.ndarray, by: Colouring, height_px: int = 620) -> PointPlot:
    """``points``: float (N, 2), x then y; those with a NaN are not shown."""
    placed = np.flatnonzero(np.isfinite(points).all(axis=1))
    size = 9 if len(placed) < 3000 else 5 if len(placed) < 12_000 else 3.5
    parts = _by_words(by, placed) if by.numbers is None else _by_numbers(by, placed)
    traces = [
        go.Scattergl(
            x=points[rows, 0], y=points[rows, 1], name=f"{_short(name)} ({len(rows):,})",
            mode="markers", hoverinfo="none",
            marker={"size": size, "opacity": 0.75, **marker},
            unselected={"marker": {"opacity": 0.12}},
        )
        for name, rows, marker in parts
    ]  # fmt: skip
    figure = base_figure(*traces, height_px=height_px)
    if by.numbers is None or len(parts) > 1:
        legend_above(figure)
    figure.update_layout(dragmode="lasso", legend={"itemsizing": "constant"})
    return PointPlot(figure, [rows for _, rows, _ in parts])


def _by_words(by: Colouring, placed: np.ndarray) -> list[tuple[str, np.ndarray, dict]]:
    """Name, rows and look of each trace, most rows first."""
    words = by.words[placed].astype(str)
    names, n_of = np.unique(words, return_counts=True)
    names = names[np.argsort(-n_of, kind="stable")]
    kept = names if len(names) <= MOST_WORDS else names[: MOST_WORDS - 1]
    parts = [
        (
            name,
            placed[words == name],
            {
                "symbol": _SYMBOLS[(i + i // len(_TONES)) % len(_SYMBOLS)],
                "color": by.colours.get(name, _TONES[i % len(_TONES)]),
            },
        )
        for i, name in enumerate(kept)
    ]
    if others := len(names) - len(kept):
        rest = placed[~np.isin(words, kept)]
        parts.append((f"{others:,} others", rest, {"symbol": "circle-open", "color": QUIET}))
    return parts


def _by_numbers(by: Colouring, placed: np.ndarray) -> list[tuple[str, np.ndarray, dict]]:
    known = placed[np.isfinite(by.numbers[placed])]
    parts = []
    if len(known):
        low, high = np.quantile(by.numbers[known], (_BEYOND, 1 - _BEYOND)).tolist()
        if low == high:
            low, high = by.numbers[known].min(), by.numbers[known].max()
        bar = {"title": {"text": _short(by.title), "side": "right"}, "thickness": 12, "len": 0.9}
        marker = {"color": by.numbers[known], "colorscale": _SCALE, "cmin": low, "cmax": high,
                  "colorbar": bar, "symbol": "circle"}  # fmt: skip
        parts.append((by.title, known, marker))
    if len(known) < len(placed):
        lacking = np.setdiff1d(placed, known)
        parts.append(("no value", lacking, {"symbol": "circle-open", "color": QUIET}))
    return parts


def _short(name: str) -> str:
    return as_text(name if len(name) <= 28 else name[:27] + "…")


def two_columns(values: np.ndarray, titles: tuple[str, str], by: Colouring) -> PointPlot:
    """Two columns of numbers against each other: float (N, 2). Those of few kinds are spread a
    little, so that faces do not lie upon each other."""
    spread = np.stack([_spread(column, seed) for seed, column in enumerate(values.T)], axis=1)
    plot = point_plot(spread, by, height_px=560)
    axes(plot.figure, _short(titles[0]), _short(titles[1]))
    return plot


def _spread(values: np.ndarray, seed: int) -> np.ndarray:
    kinds = np.unique(values[np.isfinite(values)])
    if not 1 < len(kinds) <= _FEW:
        return values
    room = 0.3 * np.diff(kinds).min()
    return values + np.random.default_rng(seed).uniform(-room, room, len(values))


def valence_arousal(values: np.ndarray, by: Colouring) -> PointPlot:
    """The plane of Russell's circumplex (1980, doi:10.1037/h0077714): valence to the right, arousal
    upwards, both -1 to 1, the cross at zero; the name of each word that colours the points stands
    in the middle of its faces. ``values``: float (N, 2)."""
    plot = point_plot(values, by, height_px=600)
    figure = plot.figure
    for axis in (figure.add_hline, figure.add_vline):
        axis(0, line={"color": QUIET, "width": 1.5})
    figure.add_shape(type="circle", x0=-1, y0=-1, x1=1, y1=1,
                     line={"color": QUIET, "dash": "dot", "width": 1})  # fmt: skip
    if by.numbers is None:
        shown = [by.words[rows[0]] for rows in plot.rows[:MOST_WORDS] if len(rows)]
        _name(figure, middles(values, by.words), shown, by.colours)
    axes(figure, "unpleasant  ←  valence  →  pleasant", "calm  ←  arousal  →  aroused",
         x_range=(-1.12, 1.12), y_range=(-1.12, 1.12))  # fmt: skip
    figure.update_yaxes(scaleanchor="x", constrain="domain")
    figure.update_xaxes(constrain="domain")
    return plot


def middles(values: np.ndarray, words: np.ndarray) -> pd.DataFrame:
    """The mean place of the faces of each word: ``word``, ``faces``, ``x``, ``y``."""
    placed = np.isfinite(values).all(axis=1)
    table = pd.DataFrame({"word": words[placed], "x": values[placed, 0], "y": values[placed, 1]})
    found = table.groupby("word").agg(faces=("x", "size"), x=("x", "mean"), y=("y", "mean"))
    return found.reset_index()


def _name(
    figure: go.Figure, table: pd.DataFrame, shown: list[str], colours: Mapping[str, str]
) -> None:
    """Plates over the points: text among so many would not be read."""
    for row in table[table["word"].isin(shown)].itertuples():
        figure.add_annotation(
            x=row.x, y=row.y, text=f"<b>{_short(str(row.word))}</b>", showarrow=False, borderpad=2,
            bgcolor="rgba(255,255,255,0.88)", font={"color": DARK_INK, "size": 12},
            bordercolor=colours.get(row.word, QUIET), borderwidth=2,
        )  # fmt: skip
