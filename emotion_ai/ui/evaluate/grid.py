"""Faces side by side as one picture in which every face can be clicked."""

import base64

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from emotion_ai.assessment import Assessment, ExpressionAssessment
from emotion_ai.evaluation import vote_shares
from emotion_ai.figures.base import base_figure
from emotion_ai.labels import EXPRESSION_COLOURS
from emotion_ai.montage import Layout, encode_webp, montage
from emotion_ai.results import Expression
from emotion_ai.ui import markup
from emotion_ai.ui.wording import plain

#: The row of the dataset that is looked at closely, in the address; *Why?* is about it.
FACE = "face"
FACE_PX, CAPTION_PX = 96, 22


def face_grid(
    assessment: Assessment,
    rows: np.ndarray,
    key: str,
    *,
    captions: list[str],
    colours: list[str | None],
    across: int = 6,
    keypoints_px: np.ndarray | None = None,
) -> None:
    """The faces at ``rows`` of the dataset, each with its caption; a click chooses one."""
    if not len(rows):
        return
    layout = Layout(len(rows), min(across, len(rows)), FACE_PX, CAPTION_PX)
    picture = montage(
        np.asarray(assessment.images[rows]), layout,
        captions=captions, colours=colours, keypoints_px=keypoints_px,
    )  # fmt: skip
    width, height = layout.size_wh
    width = layout.pitch_wh[0] * across  # a short last row keeps its scale
    x, y = layout.centres_px.T
    cells = go.Scatter(
        x=x, y=y, mode="markers", hoverinfo="none",
        marker={"symbol": "square", "size": 60, "opacity": 0.01},
    )  # fmt: skip
    figure = base_figure(cells, height_px=round(height * 0.82), hoverdistance=80)
    source = "data:image/webp;base64," + base64.b64encode(encode_webp(picture)).decode()
    figure.add_layout_image(
        source=source, xref="x", yref="y", x=0, y=0, sizex=layout.size_wh[0], sizey=height,
        sizing="stretch", layer="below",
    )  # fmt: skip
    figure.update_xaxes(range=(0, width), visible=False, constrain="domain",
                        constraintoward="left")  # fmt: skip
    figure.update_yaxes(range=(height, 0), visible=False, scaleanchor="x", constrain="domain",
                        constraintoward="top")  # fmt: skip
    figure.update_layout(margin={"l": 0, "r": 0, "t": 0, "b": 0})

    def choose() -> None:
        if points := st.session_state[key].selection.points:
            choose_face(int(rows[points[0]["point_index"]]))

    st.plotly_chart(
        figure, width="stretch", key=key, on_select=choose, selection_mode="points",
        config={"displayModeBar": False}, alt=f"{len(rows)} faces",
    )  # fmt: skip


def chosen_face(rows: np.ndarray) -> int | None:
    """The face in the address, when it is one of ``rows``; otherwise the first of them."""
    text = st.query_params.get(FACE, "")
    if text.isdecimal() and int(text) in rows:
        return int(text)
    return int(rows[0]) if len(rows) else None


def choose_face(row: int) -> None:
    st.query_params[FACE] = str(row)


def face_panel(assessment: ExpressionAssessment, rows: np.ndarray, key: str) -> None:
    """The chosen one of ``rows`` closely: its labels, the answer, and the way to *Why?*."""
    row = chosen_face(rows)
    if row is None:
        return
    i = int(np.flatnonzero(assessment.rows == row)[0])
    labels = assessment.labels
    said = Expression(labels.expressions, assessment.probabilities[i])
    with st.container(border=True):
        picture, words = st.columns([1, 2], vertical_alignment="center")
        picture.image(np.asarray(assessment.images[row]), width="stretch", alt="The chosen face")
        with words:
            given = labels.expressions[assessment.targets[i]]
            st.markdown(f"given **{given}**, named **{said.label}** ({said.confidence:.2f})")
            st.html(markup.probability_bars(said))
            source = assessment.dataset.samples["source"].iloc[row]
            st.caption(f"face {row} · {plain(str(source))}{_crowd(assessment, row)}")
            if st.button(
                "Why this answer?", key=f"why_{key}", icon=":material/help:",
                on_click=explain_face, args=(row,),
            ):  # fmt: skip
                st.rerun()  # the whole page: another tab opens


def _crowd(assessment: ExpressionAssessment, row: int) -> str:
    votes = assessment.dataset.votes
    if votes is None or not votes[row].any():
        return ""
    shares = vote_shares(votes[row : row + 1], assessment.labels)[0]
    named = [
        f"{name} {share:.0%}"
        for share, name in sorted(zip(shares, assessment.labels.expressions, strict=True))[::-1]
        if share
    ]
    return f" · people said: {', '.join(named)}" if named else ""


def explain_face(row: int) -> None:
    """Open the *Why?* tab on this face."""
    st.session_state["tab"] = "Why?"
    choose_face(row)


def said_captions(
    assessment: ExpressionAssessment, positions: np.ndarray, given: bool = True
) -> tuple[list[str], list[str]]:
    """Captions ``fear > sad`` (or ``sad 0.93``) with the colour of what was named."""
    names = assessment.labels.expressions
    captions, colours = [], []
    for i in positions:
        named = names[assessment.predicted[i]]
        captions.append(
            f"{names[assessment.targets[i]]} > {named}" if given
            else f"{named} {assessment.confidence[i]:.2f}"
        )  # fmt: skip
        colours.append(EXPRESSION_COLOURS[named])
    return captions, colours
