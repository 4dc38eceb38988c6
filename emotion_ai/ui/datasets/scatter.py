"""Two columns of numbers against each other, and valence and arousal as their own picture."""

import numpy as np
import streamlit as st

from emotion_ai.datasets.selection import column_called
from emotion_ai.figures.points import Colouring, PointPlot, two_columns, valence_arousal
from emotion_ai.ui.datasets.marking import download_faces
from emotion_ai.ui.datasets.points import (
    choose_colouring,
    chosen_points,
    known_numbers,
    show_points,
)
from emotion_ai.ui.datasets.view import View, read_by_models
from emotion_ai.ui.wording import count

_FEELING, _ANY = "valence and arousal", "two columns"
_NAMES = ({"valence", "val"}, {"arousal", "aro"})


def scatter_tab(view: View) -> None:
    numbers = known_numbers(view)
    feeling = feeling_columns(view)
    left, right = st.columns([2.4, 1.6], gap="medium")
    with left:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            picture = _ANY
            if feeling:
                picture = st.segmented_control(
                    "Picture", [_FEELING, _ANY], default=_FEELING, required=True, key="picture",
                    bind="query-params",
                    help="Valence: from unpleasant to pleasant. Arousal: from calm to excited.",
                )  # fmt: skip
            names = feeling if picture == _FEELING else _two(view, list(numbers))
            by = choose_colouring(view)
        values = np.stack([numbers[name] for name in names], axis=1)
        placed = np.flatnonzero(np.isfinite(values).all(axis=1))
        if not len(placed):
            st.info("No face has a number in both columns.", icon=":material/info:")
            return
        key = f"scatter_{'_'.join(names)}_{by.title}_{view.dataset.digest[:8]}"
        plot = _plot(view, picture, names, values, by)
        rows = show_points(plot, key, f"{len(placed):,} faces by {names[0]} and {names[1]}")
        if lacking := len(view.dataset) - len(placed):
            st.caption(f"{count(lacking, 'face')} without a number in one of the two: not shown.")
        if picture == _ANY:
            st.caption("Columns of few numbers have their points spread a little, to be seen.")
        download_faces(view, placed, "plotted")
    with right:
        chosen_points(view, rows)
        if not view.is_read:
            read_by_models(view, "scatter")


def feeling_columns(view: View) -> tuple[str, str] | None:
    """What valence and arousal are called among ``known_numbers``; None where the dataset has not
    both, from -1 to 1."""
    found = []
    for names in _NAMES:
        for words in known_numbers(view):
            column = column_called(words, view.own)
            if column and column.title.casefold() in names and max(map(abs, column.span)) <= 1:
                found.append(words)
                break
    return (found[0], found[1]) if len(found) == 2 else None


def _two(view: View, names: list[str]) -> tuple[str, str]:
    """The columns for x and y, in the address. First the dataset's own."""
    x = st.selectbox("Across", names, key="x", bind="query-params")
    y = st.selectbox("Upwards", names, index=1, key="y", bind="query-params")
    return x, y


def _plot(
    view: View, picture: str, names: tuple[str, str], values: np.ndarray, by: Colouring
) -> PointPlot:
    if picture == _FEELING:
        return valence_arousal(values, by)
    columns = [column_called(name, view.own) for name in names]
    x, y = (one.title if one else name for one, name in zip(columns, names, strict=True))
    return two_columns(values, (x, y), by)
