"""Chapter 10: what a face does not tell: how people disagree, who is missing, the law."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from emotion_ai.labels import (
    EXPRESSION_COLOURS,
    FER7,
    FERPLUS_COLUMNS,
    FERPLUS_EXPRESSIONS,
    colours,
)
from emotion_ai.learn import agreement
from emotion_ai.learn.texts import Words
from emotion_ai.ui import resources
from emotion_ai.ui.charts import base_figure
from emotion_ai.ui.frame import EU_RULE
from emotion_ai.ui.learn.faces import dataset_named
from emotion_ai.ui.learn.figures import (
    QUIET,
    as_picture,
    film,
    frame,
    grey_picture,
    percent,
    plain_axes,
    revealed,
    show_film,
    slider,
    view,
)
from emotion_ai.ui.learn.vote import show_board
from emotion_ai.ui.wording import plain

_SHOWN = 12


def show(words: Words, picture, side) -> None:
    dataset = dataset_named("fer2013")
    voted = dataset is not None and agreement.has_ballots(dataset)
    with picture:
        chosen = view(words, ("agreement", *(["votes"] if voted else []), "vote", "missing"))
    if chosen == "votes":
        _votes(words, picture, side, dataset)
    else:
        {"agreement": _agreement, "vote": show_board, "missing": _missing}[chosen](
            words, picture, side
        )
    with side:
        st.warning(EU_RULE, icon=":material/gavel:")


def _agreement(words: Words, picture, side) -> None:
    found = agreement.shipped()
    shares = found.counts / found.counts.sum(axis=1, keepdims=True)
    names = [*FER7.expressions, words("no_majority")]

    def moving(i: int) -> go.Bar:
        return go.Bar(
            x=shares[i], y=names, orientation="h", text=[percent(one) for one in shares[i]],
            textposition="outside", cliponaxis=False, hoverinfo="skip",
            marker={"color": [*EXPRESSION_COLOURS.values(), QUIET],
                    "line": {"width": [3 if j == i else 0 for j in range(8)], "color": QUIET}},
        )  # fmt: skip

    start = FER7.index("fear")
    figure = base_figure(moving(start), height_px=400, bargap=0.28)
    bare = {"range": (0, 1.08), "showgrid": False, "showticklabels": False}
    plain_axes(figure, words("axis_agreement"), "", xaxis=bare)
    figure.update_yaxes(autorange="reversed", ticksuffix="  ", showgrid=False)
    frames = [frame([moving(i)], [0]) for i in range(len(FER7))]
    # Of all faces so labelled, as the bars are.
    captions = [
        words("film_agreement", name=name, share=percent(shares[i, i]))
        for i, name in enumerate(FER7.expressions)
    ]
    with picture:
        figure = film(figure, frames, captions, start=start, ms=1300)
        table = pd.DataFrame(found.counts, columns=names)
        table.insert(0, "given", FER7.expressions)
        show_film(figure, table, "agreement", words("alt_agreement"))
    with side:
        undecided = 1 - found.decided / found.n
        if not revealed(words):
            return
        st.markdown(words("agree", share=f"{100 * found.share:.1f} %", n=found.decided,
                          undecided=percent(undecided)))  # fmt: skip
        st.caption(words("source"))


def _votes(words: Words, picture, side, dataset) -> None:
    votes = dataset.votes
    order = agreement.split_ballots(votes)
    with side:
        disputed = slider(words, "disputed", 0, 100, 70, 5, format="%d %%")
    first = round(disputed / 100 * max(0, len(order) - _SHOWN))
    rows = order[first : first + _SHOWN]
    names = FERPLUS_COLUMNS[:8]
    shades = [EXPRESSION_COLOURS.get(name, QUIET) for name in FERPLUS_EXPRESSIONS[: len(names)]]

    def moving(row: int, seen: bool) -> list:
        shown = votes[row, : len(names)] * seen
        return [
            grey_picture(dataset.images[row]),
            go.Bar(
                x=shown, y=names, orientation="h", marker_color=shades,
                text=shown if seen else None, textposition="outside", cliponaxis=False,
                hoverinfo="skip", xaxis="x2", yaxis="y2",
            ),
        ]  # fmt: skip

    figure = base_figure(*moving(rows[0], False), height_px=400)
    as_picture(figure, dataset.images.shape[1:])
    figure.update_layout(
        xaxis={"domain": (0, 0.42)},
        xaxis2={"domain": (0.64, 0.96), "range": (0, 10.5), "visible": False, "fixedrange": True},
        yaxis2={
            "autorange": "reversed",
            "anchor": "x2",
            "fixedrange": True,
            "ticksuffix": " ",
            "showgrid": False,
        },
        bargap=0.3,
    )
    given = dataset.samples["expression"].to_numpy()
    frames, captions = [], []
    for i, row in enumerate(rows):  # the face alone, so that the class votes first; then the ten
        frames += [frame(moving(row, seen), [0, 1]) for seen in (False, True)]
        most, n = int(votes[row].max()), int(votes[row].sum())
        captions.append(words("film_ask", number=i + 1))
        captions.append(words("film_votes", number=i + 1, given=given[row], most=most, n=n))
    with picture:
        figure = film(figure, frames, captions, ms=2000)
        table = pd.DataFrame(votes[rows], columns=FERPLUS_COLUMNS)
        table.insert(0, "given", given[rows])
        show_film(figure, table, "votes", words("alt_votes"))
    with side:
        share = votes[order].max(axis=1) / votes[order].sum(axis=1)
        if not revealed(words):
            return
        st.markdown(words("unanimous", all=percent(float((share == 1).mean())),
                          few=percent(float((share <= 0.5).mean())), n=len(order)))  # fmt: skip


def _missing(words: Words, picture, side) -> None:
    """How many faces of each expression a model's scores rest on, and what nobody wrote down."""
    score = next(
        (one for model in resources.models() for one in model.card["scores"]
         if one["task"] == "expression"), None,
    )  # fmt: skip
    if score is None:
        picture.warning(words("no_models"), icon=":material/info:")
        return
    counts = {name: row["support"] for name, row in score["per_class"].items()}
    names = sorted(counts, key=counts.get, reverse=True)
    shown = [counts[name] for name in names]

    def moving(i: int) -> go.Bar:
        return go.Bar(
            x=shown, y=names, orientation="h", cliponaxis=False, hoverinfo="skip",
            text=[f"{n:,}" for n in shown], textposition="outside",
            marker={"color": [*colours(names).values()],
                    "opacity": [1 if j == i else 0.4 for j in range(len(names))]},
        )  # fmt: skip

    last = len(names) - 1
    figure = base_figure(moving(last), height_px=360, bargap=0.28)
    plain_axes(figure, "", "", xaxis={"range": (0, 1.12 * max(shown)), "visible": False})
    figure.update_yaxes(type="category", autorange="reversed", ticksuffix="  ", showgrid=False)
    total = int(np.sum(shown))
    captions = [
        words(
            "film_missing", name=name, n=counts[name], share=f"{100 * counts[name] / total:.1f} %"
        )
        for name in names
    ]
    with picture:
        frames = [frame([moving(i)], [0]) for i in range(len(names))]
        figure = film(figure, frames, captions, start=last, ms=900)
        table = pd.DataFrame({"expression": names, "faces": shown})
        show_film(figure, table, "missing", words("alt_missing"))
    with side:
        st.markdown(
            words(
                "missing_note", data=plain(score["data"]), split=score["split"], n=total,
                rare=names[-1], few=shown[-1],
            )
        )  # fmt: skip
        st.caption(words("missing_columns"))
