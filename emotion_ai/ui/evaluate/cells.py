"""The cells of a matrix for keys and screen readers: Plotly's own are reached by a pointer only."""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import streamlit as st

_FOLDER = Path(__file__).parent


def cell_buttons(
    chart: str,
    counts: np.ndarray,
    rows: Sequence[str],
    columns: Sequence[str],
    chosen: tuple[int, int],
    choose: Callable[[str, str], None],
) -> None:
    """Buttons over the cells of the Plotly chart of that key, whose axes are categories: arrows
    walk, Enter calls ``choose`` with the names of row and column. ``counts``: int (rows, columns).
    """
    key = f"{chart}_cells"

    def pressed() -> None:
        place = getattr(st.session_state.get(key), "pressed", None)
        if place is not None:
            row, column = divmod(int(place), len(columns))
            choose(rows[row], columns[column])

    _component()(
        key=key,
        data={
            "chart": f"st-key-{chart}",
            "counts": counts.tolist(),
            "rows": list(rows),
            "columns": list(columns),
            "chosen": chosen[0] * len(columns) + chosen[1],
        },
        on_pressed_change=pressed,
    )


@cache
def _component():
    return st.components.v2.component(
        "emotion_ai_cells",
        html='<div class="cells" role="group" aria-label="Cells of the matrix"></div>',
        css=(_FOLDER / "cells.css").read_text(),
        js=(_FOLDER / "cells.js").read_text(),
    )
