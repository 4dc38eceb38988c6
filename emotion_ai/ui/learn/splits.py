"""Chapter 4: three piles, over-fitting, and what leaks from one pile to another."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from plotly.subplots import make_subplots

from emotion_ai.datasets.splits import SPLIT_RULES
from emotion_ai.learn import leaks, perceptron
from emotion_ai.learn.perceptron import Film
from emotion_ai.learn.texts import Words
from emotion_ai.ui.charts import base_figure
from emotion_ai.ui.learn.faces import dataset_named
from emotion_ai.ui.learn.figures import (
    ACCENT,
    BETWEEN,
    FIRST,
    GRID,
    QUIET,
    SECOND,
    calm,
    choice,
    film,
    frame,
    key_on_top,
    percent,
    plain_axes,
    revealed,
    show_film,
    slider,
    two_classes,
    view,
)

_PEOPLE, _PHOTOS = 20, 5
_PILES = {"train": (SECOND, "square"), "validation": (FIRST, "diamond"), "test": (ACCENT, "circle")}
_POINTS, _REACH, _CELLS = 150, 2.2, 31


def show(words: Words, picture, side) -> None:
    with picture:
        chosen = view(words, ("piles", "overfitting", "leaks"))
    {"piles": _piles, "overfitting": _overfitting, "leaks": _leaks}[chosen](words, picture, side)


def _piles(words: Words, picture, side) -> None:
    with side:
        rule = choice(words, "rule", tuple(SPLIT_RULES), "60/20/20")
        seed = slider(words, "deal", 0, 20, 0, 1)
        together = st.toggle(words("together"), key="splits_together", bind="query-params")
        seen = revealed(words)
    splits = leaks.split_people(_PEOPLE, _PHOTOS, rule, together, seed)

    def moving(dealt: int) -> list:
        traces = []
        for name, (colour, symbol) in _PILES.items():
            person, photo = np.nonzero(splits[:dealt] == name)
            traces.append(
                go.Scatter(
                    x=person + 1,
                    y=photo + 1,
                    mode="markers",
                    name=words(name),
                    marker={"color": colour, "symbol": symbol, "size": 13},
                    hovertemplate=words("hover_photo"),
                )
            )
        return traces

    figure = base_figure(*moving(_PEOPLE), height_px=330)
    plain_axes(figure, words("person"), words("photo"))
    figure.update_xaxes(range=(0.3, _PEOPLE + 0.7), dtick=5, tick0=0)
    figure.update_yaxes(range=(0.4, _PHOTOS + 0.6), dtick=1)
    key_on_top(figure)
    frames = [frame(moving(i), [0, 1, 2]) for i in range(_PEOPLE + 1)]
    torn = [leaks.on_both_sides(splits[:i]) for i in range(_PEOPLE + 1)]
    said = "film_torn" if seen else "film_piles"
    captions = [words(said, n=i, torn=torn[i]) for i in range(_PEOPLE + 1)]
    with picture:
        figure = film(figure, frames, captions, start=_PEOPLE)
        table = pd.DataFrame(splits, columns=[f"photo_{i + 1}" for i in range(_PHOTOS)])
        table.insert(0, "person", range(1, _PEOPLE + 1))
        show_film(figure, table, "piles", words("alt_piles"))
    if seen:
        side.markdown(words("torn", torn=torn[-1], people=_PEOPLE))


def _overfitting(words: Words, picture, side) -> None:
    with side:
        share = choice(words, "share", ("60", "80"))
        units = slider(words, "units", 1, 32, 24, 1)
        noise = slider(words, "noise", 0.0, 0.5, 0.35, 0.05)
    trained, (points, targets), held_back = _overfitted(int(share) / 100, units, noise)
    grid = np.linspace(-_REACH, _REACH, _CELLS)
    places = np.stack(np.meshgrid(grid, grid), axis=-1).reshape(-1, 2)

    def moving(i: int) -> list:
        said = perceptron.answers(trained.networks[i], places, "tanh").reshape(_CELLS, _CELLS)
        return [
            go.Heatmap(
                x=grid, y=grid, z=said.astype(np.float32), zmin=0, zmax=1, colorscale=BETWEEN,
                showscale=False, zsmooth="fast", hoverinfo="skip", showlegend=False,
            ),
            go.Scatter(
                x=[trained.steps[i]] * 2, y=[trained.loss[i], trained.held_back_loss[i]],
                mode="markers", marker={"size": 11, "color": [SECOND, FIRST]}, hoverinfo="skip",
                showlegend=False,
            ),
        ]  # fmt: skip

    last = len(trained.steps) - 1
    figure = _border_over_losses(words, trained, moving(last), points, targets)
    frames = [frame(moving(i), [0, 1]) for i in range(last + 1)]
    captions = [
        words("film_overfitting", step=step, loss=loss, held_back=held)
        for step, loss, held in zip(
            trained.steps, trained.loss, trained.held_back_loss, strict=True
        )
    ]
    best = int(trained.held_back_loss.argmin())
    with picture:
        figure = film(figure, frames, captions, start=last, ms=160)
        table = {
            "step": trained.steps,
            "training": trained.loss,
            "held_back": trained.held_back_loss,
        }
        show_film(figure, pd.DataFrame(table), "overfitting", words("alt_overfitting"))
    with side:
        right = [
            percent(
                float(((perceptron.answers(trained.networks[-1], p, "tanh") > 0.5) == t).mean())
            )
            for p, t in ((points, targets), held_back)
        ]
        if revealed(words):
            st.markdown(words("best_step", step=trained.steps[best], train=right[0], held=right[1]))


def _border_over_losses(
    words: Words, trained: Film, moving: list, points: np.ndarray, targets: np.ndarray
) -> go.Figure:
    """The network's border above, both losses over the steps below; ``moving``: the two traces
    that a film changes."""
    heat, dots = moving
    figure = make_subplots(rows=2, cols=1, row_heights=[0.58, 0.42], vertical_spacing=0.13)
    figure.add_trace(heat, row=1, col=1)
    figure.add_trace(dots, row=2, col=1)
    for trace in two_classes(points, targets, (words("class_0"), words("class_1"))):
        figure.add_trace(trace.update(showlegend=False), row=1, col=1)
    for values, name, colour, dash in (
        (trained.loss, words("train"), SECOND, "solid"),
        (trained.held_back_loss, words("held_back"), FIRST, "dash"),
    ):
        line = {"color": colour, "width": 3, "dash": dash}
        figure.add_trace(
            go.Scatter(x=trained.steps, y=values, name=name, line=line, mode="lines"), row=2, col=1
        )
    calm(figure, 560)
    key_on_top(figure)
    figure.update_xaxes(fixedrange=True, gridcolor=GRID, zerolinecolor=GRID)
    figure.update_yaxes(fixedrange=True, gridcolor=GRID, zerolinecolor=GRID)
    figure.update_xaxes(range=(-_REACH, _REACH), showticklabels=False, row=1, col=1)
    figure.update_yaxes(range=(-_REACH, _REACH), showticklabels=False, row=1, col=1)
    figure.update_xaxes(title_text=words("steps"), row=2, col=1)
    top = min(max(trained.held_back_loss.max(), trained.loss.max()) * 1.05, 2.0)
    figure.update_yaxes(title_text=words("loss"), range=(0, top), row=2, col=1)
    return figure


@st.cache_data(show_spinner=False, max_entries=64)
def _overfitted(share: float, units: int, noise: float) -> tuple[Film, tuple, tuple]:
    points, targets = perceptron.draw_points("moons", _POINTS, noise, seed=5)
    order = np.random.default_rng(0).permutation(_POINTS)
    inside, outside = np.split(order, [round(share * _POINTS)])
    training, held_back = (points[inside], targets[inside]), (points[outside], targets[outside])
    trained = perceptron.train(*training, (units, units), steps=400, held_back=held_back)
    return trained, training, held_back


def _leaks(words: Words, picture, side) -> None:
    fer2013 = dataset_named("fer2013")
    found = (fer2013.description.get("duplicates") or {}) if fer2013 else {}
    with side:
        honest = slider(words, "honest", 10, 95, 65, 1, format="%d %%") / 100
    shares = np.linspace(0, 0.5, 26)

    def moving(share: float) -> list:
        known = round(100 * share)
        right = known + round((100 - known) * honest)
        groups = (
            (range(known), words("known"), FIRST, "diamond"),
            (range(known, right), words("right"), SECOND, "square"),
            (range(right, 100), words("wrong"), QUIET, "x-thin"),
        )
        return [
            go.Scatter(
                x=[i % 10 for i in cells], y=[i // 10 for i in cells], mode="markers", name=name,
                marker={"color": colour, "symbol": symbol, "size": 17,
                        "line": {"width": 2 if symbol == "x-thin" else 0, "color": colour}},
                hoverinfo="skip",
            )
            for cells, name, colour, symbol in groups
        ]  # fmt: skip

    figure = base_figure(*moving(shares[4]), height_px=400)
    key_on_top(figure)
    figure.update_xaxes(visible=False, range=(-0.7, 9.7), fixedrange=True)
    figure.update_yaxes(visible=False, range=(9.7, -0.7), fixedrange=True)
    frames = [frame(moving(share), [0, 1, 2]) for share in shares]
    seen = [leaks.expected_accuracy(honest, share) for share in shares]
    captions = [
        words("film_leaks", share=percent(share), seen=percent(value), honest=percent(honest))
        for share, value in zip(shares, seen, strict=True)
    ]
    with picture:
        figure = film(figure, frames, captions, start=4, ms=200)
        table = pd.DataFrame({"share_leaked": shares, "seen_accuracy": seen})
        show_film(figure, table, "leaks", words("alt_leaks"))
    with side:
        if not revealed(words):
            return
        measured = _memoriser()
        st.markdown(words("memoriser", none=percent(measured[0]), half=percent(measured[1])))
        if found:
            st.markdown(_real_count(words, fer2013, found))
        else:
            st.caption(words("no_fer2013"))


@st.cache_data(show_spinner=False)
def _memoriser() -> tuple[float, float]:
    return leaks.memoriser_accuracy(0.0), leaks.memoriser_accuracy(0.5)


def _real_count(words: Words, dataset, found: dict) -> str:
    told = [words("duplicates", surplus=found["surplus"], groups=found["groups"],
                  conflicting=found.get("conflicting", 0))]  # fmt: skip
    splits = dataset.description["splits"]
    told += [
        words("also_in_train", n=n, split=words(split), total=splits[split],
              share=f"{100 * n / splits[split]:.1f} %")
        for split, n in found["also_in_train"].items()
    ]  # fmt: skip
    return " ".join(told)
