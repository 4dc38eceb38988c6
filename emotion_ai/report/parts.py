"""What a report is made of."""

from dataclasses import dataclass

import pandas as pd

from emotion_ai.figures.base import Plot


@dataclass(frozen=True)
class Section:
    """A heading with a sentence, plots, a table, and example faces: (data URL, caption, colour)."""

    title: str
    text: str
    plots: tuple[Plot, ...] = ()
    table: pd.DataFrame | None = None
    faces: tuple[tuple[str, str, str], ...] = ()
