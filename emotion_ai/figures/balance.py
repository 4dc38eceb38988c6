"""How many faces of each class: in the splits of a dataset, or in several datasets."""

from collections.abc import Iterable

import pandas as pd
import plotly.graph_objects as go

from emotion_ai.figures.base import Plot, as_text, axes, base_figure, legend_above
from emotion_ai.labels import colours

#: Splits are told apart by pattern: colours belong to the classes.
PATTERNS = {"train": "", "validation": "/", "test": "."}
#: Of more classes those with most faces are drawn; the table below has all.
MOST_CLASSES = 40


def balance_plot(table: pd.DataFrame, classes: Iterable[str], series: str) -> Plot:
    """A group of bars for each class: ``expression``, ``faces`` and ``share``, a row for each class
    of each ``series`` ("split", "dataset")."""
    names, looks = list(dict.fromkeys(table[series])), colours(classes)
    most = table.groupby("expression")["faces"].sum().nlargest(MOST_CLASSES).index
    shown = table[table["expression"].isin(most)]
    traces = []
    for i, name in enumerate(names):
        part = shown[shown[series] == name]
        pattern = PATTERNS.get(name, "x") if series == "split" else ("", "/")[i % 2]
        said = as_text(name)
        traces.append(
            go.Bar(
                x=[as_text(one) for one in part["expression"]], y=part["share"], name=said,
                marker={"color": [looks[n] for n in part["expression"]],
                        "pattern": {"shape": pattern, "solidity": 0.35},
                        "line": {"color": "rgba(128,128,140,0.6)", "width": 1}},
                customdata=part["faces"], text=[f"{n:,}" for n in part["faces"]],
                textposition="outside", textangle=0, cliponaxis=False,
                hovertemplate=f"{said} %{{x}}: %{{customdata:,}} faces, %{{y:.1%}}<extra></extra>",
            )
        )  # fmt: skip
    figure = legend_above(base_figure(*traces, height_px=340, barmode="group", bargap=0.25))
    axes(figure, "", f"share of the {series}", y_format=".0%",
         y_range=(0, 1.15 * shown["share"].max()))  # fmt: skip
    figure.update_xaxes(showgrid=False, type="category")
    return Plot(figure, table, "balance", f"Faces of each expression in each {series}")
