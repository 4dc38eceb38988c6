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

#: The row of the dataset that *Why?* is about.
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
) -> int | None:
    """The faces at ``rows`` of the dataset, each with its caption; the row clicked last."""
    if not len(rows):
        return None
    layout = Layout(len(rows), min(across, len(rows)), FACE_PX, CAPTION_PX)
    picture = montage(
        np.asarray(assessment.images[rows]), layout,
        captions=captions, colours=colours, keypoints_px=keypoints_px,
    )  # fmt: skip
    width, height = layout.size_wh
    width = layout.pitch_wh[0] * across  # a short last row keeps its scale
    x, y = layout.centres_px.T
    cells = go.Scatter(
        x=x, y=y, mode="markers", customdata=rows, hoverinfo="none",
        marker={"symbol": "square", "size": 60, "opacity": 0.01},
    )  # fmt: skip
    figure = base_figure(cells, height_px=round(height * 0.92), hoverdistance=80)
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
    event = st.plotly_chart(
        figure, width="stretch", key=key, on_select="rerun", selection_mode="points",
        config={"displayModeBar": False}, alt=f"{len(rows)} faces",
    )  # fmt: skip
    points = event.selection.points
    position = points[0]["point_index"] if points else 0
    return int(rows[position]) if position < len(rows) else None


def face_panel(assessment: ExpressionAssessment, row: int | None, key: str) -> None:
    """One face closely: its labels, the answer with its bars, and the way to *Why?*."""
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
            st.button(
                "Why this answer?", key=f"why_{key}", icon=":material/help:",
                on_click=explain_face, args=(row,),
            )  # fmt: skip


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
    st.session_state[FACE] = row


def said_captions(
    assessment: ExpressionAssessment, positions: np.ndarray, given: bool = True
) -> tuple[list[str], list[str]]:
    """Captions ``fear → sad 0.93`` (or ``sad 0.93``) with the colour of what was named."""
    names = assessment.labels.expressions
    captions, colours = [], []
    for i in positions:
        named = names[assessment.predicted[i]]
        before = f"{names[assessment.targets[i]]} → " if given else ""
        captions.append(f"{before}{named} {assessment.confidence[i]:.2f}")
        colours.append(EXPRESSION_COLOURS[named])
    return captions, colours
