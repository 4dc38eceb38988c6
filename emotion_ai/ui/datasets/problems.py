"""What is probably wrong, as a queue to work through: look, keep, drop or relabel, next."""

import numpy as np
import pandas as pd
import streamlit as st

from emotion_ai.datasets.marks import marks_table, relabels
from emotion_ai.ui.access import locked
from emotion_ai.ui.datasets import findings
from emotion_ai.ui.datasets.browse import face_captions
from emotion_ai.ui.datasets.face import face_panel
from emotion_ai.ui.datasets.grid import choose_face, chosen_face, chosen_faces, face_grid
from emotion_ai.ui.datasets.marking import SEVERAL, download_faces, put_marks, several_panel
from emotion_ai.ui.datasets.view import View
from emotion_ai.ui.wording import count

_ACROSS, _DOWN = 9, 4
#: The value that stands under each face, by what is looked for.
_CAPTIONS = {"Suspect points": "distance from the model's points"}


def problems_tab(view: View) -> None:
    kinds = {
        "Exact copies": findings.exact,
        "Near copies": findings.near,
        "Blank": findings.blank,
        "Unusual": findings.unusual,
    }
    if "expression" in view.table:
        kinds = {"Suspect labels": findings.suspect_labels, **kinds}
    else:
        kinds = {"Suspect points": findings.suspect_points, **kinds}
    kind = st.segmented_control(
        "What to look for", list(kinds), default="Exact copies", required=True, key="kind",
        bind="query-params", on_change=_from_the_start, label_visibility="collapsed",
    )  # fmt: skip
    rows = kinds[kind](view)
    if rows is not None and len(rows):
        _queue(view, rows, kind)
    _marks(view)


def _from_the_start() -> None:
    choose_face(None)


def _queue(view: View, rows: np.ndarray, kind: str) -> None:
    """What was found as a grid, the face to decide on beside it."""
    looked = sum(int(row) in view.marks for row in rows)
    st.progress(looked / len(rows), f"{looked:,} of {len(rows):,} decided")
    left, right = st.columns([2.6, 1.4], gap="medium")
    row = chosen_face()
    if row is None or row not in rows:
        undecided = [i for i in rows.tolist() if i not in view.marks]
        row = undecided[0] if undecided else int(rows[0])
    at = int(np.flatnonzero(rows == row)[0])
    size = _ACROSS * _DOWN
    with left:
        pages = -(-len(rows) // size)
        # A key for each page that the queue is at: with one key for all, the control would
        # stay at the page it was last turned to when the queue moves on.
        here = at // size + 1
        page = (
            st.pagination(pages, key=f"queue_{here}", default=here, width=330) if pages > 1 else 1
        )
        shown = rows[(page - 1) * size : page * size]
        captions, colours = face_captions(
            view, shown, _CAPTIONS.get(kind, ""), with_split="copies" in kind
        )
        face_grid(
            view.dataset.images, shown, "queue_grid", across=_ACROSS,
            digest=view.dataset.digest, captions=captions, colours=colours,
            keypoints_px=view.dataset.keypoints_px[shown]
            if view.dataset.task == "keypoints" else None,
            highlight=row, several=True,
        )  # fmt: skip
        accept = "**A** accept the suggestion, " if kind == "Suspect labels" else ""
        classes = min(len(relabels(view.dataset)), 9)
        relabel = f"**1**–**{classes}** relabel, " if classes else ""
        st.caption(
            f"✓ keep, ✗ drop, → relabelled. Keys: **K** keep, **D** drop, {accept}**U** unmark, "
            f"{relabel}**← →** back and next. A decision leads on to the next face. {SEVERAL}"
        )
        download_faces(view, rows, kind.lower().replace(" ", "_"))
    with right:
        together = chosen_faces("queue_grid", shown)
        if together:
            at = int(np.flatnonzero(np.isin(rows, together))[-1])
        following = int(rows[at + 1]) if at + 1 < len(rows) else None

        def lead_on() -> None:
            choose_face(following)

        if together:
            several_panel(view, together, lead_on)
        else:
            face_panel(view, row, rows, after=lead_on)


def _marks(view: View) -> None:
    """What was decided so far, as a table to take away, and how training honours it."""
    if not view.marks:
        return
    kinds = pd.Series([mark.kind for mark in view.marks.values()]).value_counts()
    listed = ", ".join(f"{kind} {n:,}" for kind, n in kinds.items())
    with st.expander(f"All marks: {listed}"):
        table = marks_table(view.dataset, view.marks)
        st.dataframe(table, hide_index=True, height=240)
        with st.container(horizontal=True):
            st.download_button(
                "Marks (CSV)", table.to_csv(index=False), f"{view.dataset.name}_marks.csv",
                "text/csv", icon=":material/download:", on_click="ignore",
            )  # fmt: skip
            with st.popover("Take all marks back", **locked()):
                st.button(
                    f"Take back {count(len(view.marks), 'mark')}", type="primary",
                    on_click=put_marks, args=(view, list(view.marks), None), **locked(),
                )  # fmt: skip
        st.caption(
            "The images stay as they are. Training leaves out and relabels: on the Train page "
            "*Honour marks* (below *More*) is on wherever there are marks, a command has to ask "
            "for it:"
        )
        st.code(
            f"emotion-ai train {view.dataset.task} --data {view.dataset.name} --honour-marks",
            language="bash",
        )
