"""Filters by a dataset's own columns: each that is chosen brings the control that fits it."""

import math

import streamlit as st

from emotion_ai.datasets.columns import Among, Between, Column, Containing, Filter
from emotion_ai.ui.wording import plain

#: The columns that are filtered by, in the address; the key of each one's control begins with it.
BY = "by"
#: Closer numbers than these are no range to slide over.
_LEAST_SPAN = 1e-100


def own_filters(own: dict[str, Column], options: dict) -> tuple[tuple[str, Filter], ...]:
    """The chosen filters, each with its column's title; ``options`` go to every control."""
    if not own:
        return ()
    chosen = st.multiselect(
        "Columns of the data", list(own), key=BY, placeholder="a column",
        help="What this dataset says of its faces besides.", **options,
    )  # fmt: skip
    wanted = ((title, _control(own[title], options)) for title in chosen if title in own)
    return tuple((title, filter) for title, filter in wanted if filter)


def _control(column: Column, options: dict) -> Filter | None:
    """The control that fits a column; None while it lets everything through."""
    label, options = plain(column.title), {"key": f"{BY} {column.title}", **options}
    if column.choices:
        chosen = st.multiselect(label, column.choices, placeholder="all", **options)
        return Among(tuple(chosen)) if chosen else None
    if column.numbers is None:
        text = st.text_input(label, placeholder="contains …", max_chars=60, **options)
        return Containing(text) if text.strip() else None
    if column.span[1] - column.span[0] < _LEAST_SPAN:
        st.caption(f"{label}: its numbers lie too close for a slider.")
        return None
    low, high, step = steps_over(*column.span, whole=column.is_whole)
    lacking = int(column.lacking.sum())
    without = f"{lacking:,} faces have no value: they go as soon as you narrow it."
    chosen = st.slider(label, low, high, (low, high), step, help=without if lacking else None,
                       format="%.12g", **options)  # fmt: skip
    if chosen == (low, high):
        return None
    hair = step / 1e6  # what a step of 0.1 is off by
    return Between(chosen[0] - hair, chosen[1] + hair)


def steps_over(low: float, high: float, whole: bool = False) -> tuple[float, float, float]:
    """Round ends around ``low`` to ``high`` and a step (0.1, 1, 10 …, ``whole``: 1 or more) of
    which about 100 to 1,000 lead from one to the other."""
    step = 10.0 ** math.floor(math.log10((high - low) / 100))
    step = max(step, 1.0) if whole else step
    return math.floor(low / step) * step, math.ceil(high / step) * step, step
