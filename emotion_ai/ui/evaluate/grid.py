"""The faces of an assessment in a grid, and the chosen one closely."""

import numpy as np
import streamlit as st

from emotion_ai.datasets.truths import vote_shares
from emotion_ai.evaluation.assessment import Assessment, ExpressionAssessment
from emotion_ai.labels import colours as colours_of
from emotion_ai.results import Expression
from emotion_ai.ui import markup
from emotion_ai.ui.datasets import grid
from emotion_ai.ui.wording import plain


def face_grid(
    assessment: Assessment,
    rows: np.ndarray,
    key: str,
    *,
    captions: list[str],
    colours: list[str | None],
    across: int = 6,
    keypoints_px: np.ndarray | None = None,
    drawn_by: str = "",
    chosen: int | None = None,
) -> None:
    """The faces at ``rows`` of the dataset, each with its caption; a click chooses one.

    ``drawn_by`` is the digest of the model whose ``keypoints_px`` are drawn; ``chosen`` is the
    row that is framed, by default ``chosen_face`` of these.
    """
    if len(rows):
        grid.face_grid(
            assessment.images, rows, key, across=across, captions=captions, colours=colours,
            digest=assessment.dataset.digest + drawn_by, keypoints_px=keypoints_px,
            highlight=chosen_face(rows) if chosen is None else chosen, width_px=94 * across,
        )  # fmt: skip


def chosen_face(rows: np.ndarray) -> int | None:
    """The face in the address, when it is one of ``rows``; otherwise the first of them."""
    row = grid.chosen_face()
    if row is not None and row in rows:
        return row
    return int(rows[0]) if len(rows) else None


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
            label = labels.expressions[assessment.targets[i]]
            truth = assessment.question.truth
            st.markdown(
                f"{truth} **{plain(label)}**, named **{plain(said.label)}** ({said.confidence:.2f})"
            )
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
    grid.choose_face(row)


def said_captions(
    assessment: ExpressionAssessment, positions: np.ndarray, label: bool = True
) -> tuple[list[str], list[str]]:
    """Captions ``fear > sad`` (or ``sad 0.93``) with the colour of what was named."""
    names = assessment.labels.expressions
    captions, colours = [], []
    for i in positions:
        named = names[assessment.predicted[i]]
        captions.append(
            f"{names[assessment.targets[i]]} > {named}" if label
            else f"{named} {assessment.confidence[i]:.2f}"
        )  # fmt: skip
        colours.append(colours_of(names)[named])
    return captions, colours
