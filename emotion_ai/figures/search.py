"""Pictures of a hyperparameter search: how it went, what mattered, where good settings lie."""

from math import log10

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from emotion_ai.figures.base import (
    ACCENT,
    FIRST,
    QUIET,
    SECOND,
    Plot,
    axes,
    base_figure,
    legend_above,
)
from emotion_ai.training.search.plan import SPACE, Range
from emotion_ai.training.search.searches import Search

#: What settings are called on pages.
NAMES = {
    "learning_rate": "learning rate", "weight_decay": "weight decay", "batch_size": "batch",
    "label_smoothing": "label smoothing", "clip_norm": "clipping", "ema": "averaging",
    "warmup_epochs": "warm-up, epochs",
    "rotation_deg": "rotation, degrees", "zoom": "zoom", "shift": "shift",
    "brightness": "brightness, grey values", "contrast": "contrast", "noise": "noise, grey values",
    "erase": "erased, share of faces",
}  # fmt: skip
#: Told apart by shape as well as by tone.
_STATES = {
    "finished": ("circle", FIRST),
    "stopped early": ("x-thin-open", QUIET),
    "running": ("circle-open", ACCENT),
}
_SLICES_ACROSS = 2


def trials_table(search: Search) -> pd.DataFrame:
    """A row a trial: number, state, score, epochs, its settings, its run."""
    return pd.DataFrame(
        [
            {
                "trial": trial.number,
                "state": trial.state,
                search.plan.score.removeprefix("validation_"): trial.score,
                "epochs": len(trial.epochs),
                **{NAMES[name]: trial.settings.get(name) for name in search.plan.vary},
                "run": trial.run.rsplit("/", 1)[-1],
                "note": trial.message,
            }
            for trial in search.trials
        ]
    )


def history_plot(search: Search) -> Plot:
    """The score of every trial in order, and the best one so far."""
    title, shape = _score(search)
    traces = _points(search, lambda trial: trial.number, shape)
    finished = [trial for trial in search.trials if trial.state == "finished"]
    best = pd.Series([trial.score for trial in finished], dtype=float)
    best = best.cummax() if search.plan.maximise else best.cummin()
    line = go.Scatter(
        x=[trial.number for trial in finished], y=best, mode="lines", name="best so far",
        line={"color": SECOND, "width": 2, "shape": "hv"}, hoverinfo="skip",
    )  # fmt: skip
    figure = legend_above(base_figure(line, *traces, height_px=320))
    axes(
        figure, "trial", title, x_range=(-0.5, search.plan.trials - 0.5),
        y_range=_score_range(search), y_format=_ticks(shape),
    )  # fmt: skip
    figure.update_xaxes(tickformat="d", nticks=min(11, search.plan.trials + 1))
    return Plot(
        figure, trials_table(search), f"search_{search.name}_history", f"{title} of every trial"
    )


def importance_plot(importances: dict[str, float]) -> Plot:
    """The share of each setting in how different the scores are."""
    table = pd.DataFrame(
        {"setting": [NAMES[name] for name in importances], "share": importances.values()}
    )
    bars = go.Bar(
        x=table["share"], y=table["setting"], orientation="h", marker_color=FIRST,
        text=[f"{share:.0%}" for share in table["share"]], textposition="outside",
        cliponaxis=False, hovertemplate="%{y}: %{x:.1%}<extra></extra>",
    )  # fmt: skip
    figure = base_figure(bars, height_px=60 + 34 * len(table), bargap=0.35)
    figure.update_xaxes(visible=False, range=(0, 1.15 * max(table["share"], default=1)))
    figure.update_yaxes(autorange="reversed", ticks="", ticksuffix="  ")
    return Plot(figure, table, "search_importance", "How much each setting mattered")


def slices_plot(search: Search) -> Plot:
    """For each setting: its value in every trial against the score."""
    names = search.plan.vary
    title, shape = _score(search)
    rows = -(-len(names) // _SLICES_ACROSS)
    figure = make_subplots(
        rows, min(_SLICES_ACROSS, len(names)), shared_yaxes=True,
        horizontal_spacing=0.06, vertical_spacing=min(0.25, 0.5 / rows),
    )  # fmt: skip
    for i, name in enumerate(names):
        row, column = i // _SLICES_ACROSS + 1, i % _SLICES_ACROSS + 1
        for trace in _points(search, lambda trial, name=name: trial.settings.get(name), shape):
            figure.add_trace(trace.update(showlegend=i == 0), row, column)
        space = SPACE[name]
        kind = "category" if space.choices else "log" if space.log else "linear"
        order = {"categoryorder": "array", "categoryarray": list(space.choices)}
        options = order if space.choices else _number_axis(space)
        figure.update_xaxes(title=NAMES[name], type=kind, **options, row=row, col=column)
        if column == 1:
            figure.update_yaxes(title=title, row=row, col=column)
    frame = base_figure(height_px=70 + 230 * rows)
    figure.update_layout(frame.layout)
    figure.update_layout(margin={"t": 60, "b": 8})
    grid = {"gridcolor": "rgba(128,128,140,0.22)", "zeroline": False, "automargin": True}
    figure.update_xaxes(**grid)
    figure.update_yaxes(**grid, tickformat=_ticks(shape), range=_score_range(search))
    return Plot(
        legend_above(figure), trials_table(search), f"search_{search.name}_slices",
        f"{title} against every varied setting",
    )  # fmt: skip


def _score(search: Search) -> tuple[str, str]:
    """Its title and its format."""
    return ("faces named right", ".1%") if search.plan.maximise else ("RMSE, pixels of 96", ".2f")


def _ticks(shape: str) -> str:
    return ".0%" if shape.endswith("%") else shape


def _score_range(search: Search) -> tuple[float, float]:
    """The scores with some air around them, also where there is but one."""
    scores = [trial.score for trial in search.trials if trial.score is not None] or [0.0]
    low, high = min(scores), max(scores)
    air = max(0.12 * (high - low), 0.05 * high, 0.02)
    return max(0.0, low - air), high + air


def _number_axis(space: Range) -> dict:
    """The range that is tried, whatever was tried of it so far. By factors, ticks at 1 and 3 times
    the powers of ten: Plotly's own read 100µ, and 2 and 5 between them."""
    if not space.log:
        air = 0.05 * (space.high - space.low)
        return {"range": (space.low - air, space.high + air), "nticks": 6}
    ticks = [factor * 10.0**power for power in range(-8, 8) for factor in (1, 3)]
    shown = [tick for tick in ticks if 0.99 * space.low <= tick <= 1.01 * space.high]
    air = 0.05 * log10(space.high / space.low)
    return {
        "range": (log10(space.low) - air, log10(space.high) + air),
        "tickvals": shown,
        "ticktext": [f"{tick:g}" for tick in shown],
    }


def _points(search: Search, x, shape: str) -> list[go.Scatter]:
    """A trace for each state of trials, one for the first trial and one for the best."""
    best, first = search.best, search.baseline
    traces = []
    for state, (symbol, colour) in _STATES.items():
        shown = [
            trial for trial in search.trials if trial.state == state and trial.score is not None
        ]
        if shown:
            look = {"symbol": symbol, "size": 9, "color": colour, "line": {"width": 2}}
            traces.append(_scatter(shown, x, state, look, shape))
    if first is not None and first.score is not None:
        look = {"symbol": "diamond-open", "size": 15, "color": QUIET, "line": {"width": 2}}
        traces.append(_scatter([first], x, "as it was", look, shape))
    if best is not None:
        look = {"symbol": "star", "size": 15, "color": SECOND, "line": {"color": QUIET, "width": 1}}
        traces.append(_scatter([best], x, "best", look, shape))
    return traces


def _scatter(trials, x, name: str, marker: dict, shape: str) -> go.Scatter:
    return go.Scatter(
        x=[x(trial) for trial in trials],
        y=[trial.score for trial in trials],
        customdata=[trial.number for trial in trials],
        mode="markers",
        name=name,
        legendgroup=name,
        marker=marker,
        hovertemplate=f"trial %{{customdata}}, {name}: %{{y:{shape}}} at %{{x}}<extra></extra>",
    )
