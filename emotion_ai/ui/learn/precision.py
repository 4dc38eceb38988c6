"""Chapter 8: accuracy, precision and recall; rare things; one expression of a saved model."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from emotion_ai.labels import colours
from emotion_ai.learn import counting
from emotion_ai.learn.counting import HUNDRED_PATIENTS, Counts
from emotion_ai.learn.texts import Words
from emotion_ai.ui.charts import base_figure, show_chart
from emotion_ai.ui.learn.figures import (
    ACCENT,
    FIRST,
    QUIET,
    SECOND,
    film,
    frame,
    key_on_top,
    percent,
    plain_axes,
    revealed,
    show_film,
    slider,
    view,
)
from emotion_ai.ui.learn.truths import Answers, answers_of_a_model

#: The four counts: their field, colour and symbol. Filled: there was something to be found.
_GROUPS = {
    "true_positive": (FIRST, "diamond"),
    "false_negative": (FIRST, "diamond-open"),
    "false_positive": (SECOND, "circle-x-open"),
    "true_negative": (QUIET, "circle"),
}
#: Which of them each measure looks at.
_LOOKS_AT = {
    "everyone": tuple(_GROUPS),
    "accuracy": ("true_positive", "true_negative"),
    "precision": ("true_positive", "false_positive"),
    "recall": ("true_positive", "false_negative"),
}
_MOST_DOTS = 400


def show(words: Words, picture, side) -> None:
    with picture:
        chosen = view(words, ("counts", "rare", "expression"))
    {"counts": _counts, "rare": _rare, "expression": _expression}[chosen](words, picture, side)


def _counts(words: Words, picture, side) -> None:
    with side:
        counts = _edited(words)
    if not counts.n:
        picture.info(words("nobody"))
        return
    cells = _cells(counts)
    across = max(10, int(np.ceil(np.sqrt(min(counts.n, _MOST_DOTS)))))

    def moving(measure: str) -> list:
        traces = []
        for name, (colour, symbol) in _GROUPS.items():
            place = np.flatnonzero(cells == name)
            lit = name in _LOOKS_AT[measure]
            traces.append(
                go.Scatter(
                    x=place % across,
                    y=place // across,
                    mode="markers",
                    name=words(name),
                    opacity=1 if lit else 0.13,
                    hoverinfo="name",
                    marker={
                        "color": colour,
                        "symbol": symbol,
                        "size": 15 if across < 20 else 10,
                        "line": {"width": 2, "color": colour},
                    },
                )
            )
        return traces

    figure = base_figure(*moving("everyone"), height_px=400)
    figure.update_xaxes(visible=False, range=(-0.8, across - 0.2), fixedrange=True)
    rows = (len(cells) - 1) // across
    figure.update_yaxes(visible=False, range=(rows + 0.8, -0.8), fixedrange=True)
    key_on_top(figure)
    frames = [frame(moving(measure), [0, 1, 2, 3]) for measure in _LOOKS_AT]
    values = {"accuracy": counts.accuracy, "precision": counts.precision, "recall": counts.recall}
    captions = [words("film_everyone", n=counts.n)]
    captions += [words(f"film_{name}", value=percent(value)) for name, value in values.items()]
    with picture:
        figure = film(figure, frames, captions, ms=1800)
        show_film(figure, pd.DataFrame([vars(counts)]), "counts", words("alt_counts"))
    with side:
        if not revealed(words):
            return
        columns = st.columns(3)
        for column, (name, value) in zip(columns, values.items(), strict=True):
            column.metric(words(name), percent(value))


def _edited(words: Words) -> Counts:
    """Four counts in the shape of a confusion matrix, and the way back to the preset."""
    keys = {name: f"precision_{name}" for name in _GROUPS}
    preset = vars(HUNDRED_PATIENTS)
    pairs = (("true_positive", "false_negative"), ("false_positive", "true_negative"))
    values = {}
    for pair, row in zip(pairs, ("ill", "healthy"), strict=True):
        st.markdown(f"**{words(row)}**")
        with st.container(horizontal=True):
            for name in pair:
                values[name] = st.number_input(
                    words(name), 0, 10_000, preset[name], 1, key=keys[name], width=150,
                    bind="query-params",
                )  # fmt: skip

    def reset() -> None:
        for name, key in keys.items():
            st.session_state[key] = preset[name]

    st.button(
        words("preset"), icon=":material/restart_alt:", on_click=reset, key="precision_preset"
    )
    return Counts(**values)


def _cells(counts: Counts) -> np.ndarray:
    """A name a dot: one a person, or, beyond ``_MOST_DOTS``, in proportion."""
    share = min(1.0, _MOST_DOTS / counts.n)
    values = {name: getattr(counts, name) for name in _GROUPS}
    shown = [max(round(value * share), int(value > 0)) for value in values.values()]
    return np.repeat(list(values), shown)


def _rare(words: Words, picture, side) -> None:
    with side:
        recall = slider(words, "finds", 0, 100, 90, 1, format="%d %%") / 100
        alarms = slider(words, "alarms", 0, 50, 10, 1, format="%d %%") / 100
    shares = np.geomspace(0.5, 0.005, 31)
    measures = ("accuracy", "precision", "recall")

    def moving(share: float) -> list:
        readers = {
            "reader": (counting.reader(share, recall, alarms), SECOND, ""),
            "lazy": (counting.always_no(share, 10_000), QUIET, "/"),
        }
        traces = []
        for name, (counts, colour, pattern) in readers.items():
            values = [getattr(counts, measure) for measure in measures]
            traces.append(
                go.Bar(
                    x=[words(measure) for measure in measures],
                    y=[v or 0 for v in values],
                    text=[percent(value) for value in values],
                    textposition="outside",
                    name=words(name),
                    marker_color=colour,
                    marker_pattern_shape=pattern,
                    cliponaxis=False,
                    hoverinfo="skip",
                )
            )
        return traces

    last = len(shares) - 1
    figure = base_figure(*moving(shares[last]), height_px=420, barmode="group")
    plain_axes(figure, "", "", yaxis={"range": (0, 1.12), "tickformat": ".0%"})
    key_on_top(figure)
    frames = [frame(moving(share), [0, 1]) for share in shares]
    captions = [words("film_rare", one_in=1 / share) for share in shares]
    rows = [vars(counting.reader(share, recall, alarms)) | {"share": share} for share in shares]
    with picture:
        figure = film(figure, frames, captions, start=last, ms=120)
        show_film(figure, pd.DataFrame(rows), "rare", words("alt_rare"))
    with side:
        if not revealed(words):
            return
        rare = counting.reader(0.01, recall, alarms)
        st.markdown(words("one_percent", precision=percent(rare.precision)))


def _expression(words: Words, picture, side) -> None:
    with side:
        answers = answers_of_a_model(words)
        if answers is None:
            return
        names = answers.labels
        usual = names.index("disgust") if "disgust" in names else 0
        name = st.selectbox(
            words("expression"), names, usual, key="precision_expression", bind="query-params"
        )
    counts = counting.one_against_rest(answers.confusion, names.index(name))
    with side:
        st.markdown(
            words(
                "of_model", name=name, n=counts.n,
                given=counts.true_positive + counts.false_negative,
                accuracy=percent(counts.accuracy), precision=percent(counts.precision),
                recall=percent(counts.recall), lazy=percent(1 - _share_of(counts)),
            )
        )  # fmt: skip
        st.caption(answers.basis)
    colour = colours(names)[name]
    if answers.probabilities is None:
        _card_only(words, picture, name, colour, counts)
    else:
        _threshold(words, picture, name, colour, answers)


def _share_of(counts: Counts) -> float:
    return (counts.true_positive + counts.false_negative) / max(counts.n, 1)


def _card_only(words: Words, picture, name: str, colour: str, counts: Counts) -> None:
    """Without the pictures there is one point of the curve: what the model's card says."""
    values = {"accuracy": counts.accuracy, "precision": counts.precision, "recall": counts.recall}
    figure = base_figure(
        go.Bar(
            x=[words(key) for key in values], y=[value or 0 for value in values.values()],
            text=[percent(value) for value in values.values()], textposition="outside",
            marker_color=colour, cliponaxis=False, hoverinfo="skip",
        ),
        height_px=420,
    )  # fmt: skip
    plain_axes(figure, name, "", yaxis={"range": (0, 1.12), "tickformat": ".0%"})
    with picture:
        show_chart(figure, pd.DataFrame([vars(counts)]), "expression", words("alt_card"))
        st.caption(words("only_card"))


def _threshold(words: Words, picture, name: str, colour: str, answers: Answers) -> None:
    """A threshold moving over one expression's probabilities, and where that is on the curve."""
    scores = answers.probabilities[:, answers.labels.index(name)]
    positive = answers.targets == answers.labels.index(name)
    limits = counting.thresholds(scores, positive)
    at = [counting.at_threshold(scores, positive, limit) for limit in limits]
    recall = [counts.recall or 0.0 for counts in at]
    precision = [counts.precision for counts in at]
    curve = go.Scatter(
        x=recall, y=precision, mode="lines", line={"color": colour, "width": 4},
        name=words("curve"), hovertemplate=words("hover_curve"),
    )  # fmt: skip
    chance = float(positive.mean())
    guess = go.Scatter(
        x=[0, 1], y=[chance, chance], mode="lines", name=words("chance"), hoverinfo="skip",
        line={"color": QUIET, "width": 2, "dash": "dot"},
    )  # fmt: skip

    def moving(i: int) -> go.Scatter:
        return go.Scatter(
            x=[recall[i]], y=[precision[i]], mode="markers", name=words("here"), hoverinfo="skip",
            marker={"size": 17, "color": ACCENT, "line": {"width": 2, "color": "white"}},
        )  # fmt: skip

    start = int(np.argmax([counts.f1 or 0 for counts in at]))
    figure = base_figure(curve, guess, moving(start), height_px=420)
    plain_axes(
        figure, words("recall"), words("precision"),
        xaxis={"range": (-0.03, 1.03), "tickformat": ".0%"},
        yaxis={"range": (-0.03, 1.05), "tickformat": ".0%"},
    )  # fmt: skip
    key_on_top(figure)
    frames = [frame([moving(i)], [2]) for i in range(len(limits))]
    captions = [
        words("film_threshold", threshold=limit, precision=percent(c.precision),
              recall=percent(c.recall))
        for limit, c in zip(limits, at, strict=True)
    ]  # fmt: skip
    with picture:
        figure = film(figure, frames, captions, start=start, ms=160)
        table = pd.DataFrame([vars(counts) for counts in at])
        table = table.assign(threshold=limits, recall=recall, precision=precision)
        show_film(figure, table, "threshold", words("alt_threshold"))
