"""Deciding on faces: one, several that were chosen together, or all that were found."""

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import streamlit as st

from emotion_ai.audit.catalogue import listing
from emotion_ai.datasets.marks import Mark, relabels, set_marks
from emotion_ai.ui.access import locked
from emotion_ai.ui.datasets.grid import choose_face, chosen_face
from emotion_ai.ui.datasets.view import View
from emotion_ai.ui.frame import errors_as_lines
from emotion_ai.ui.wording import count, plain

#: How several faces are chosen, for those who look at a grid.
SEVERAL = "Several at once: **Shift** or **Ctrl** and click, or draw a line around them."


def mark_buttons(view: View, rows: Sequence[int], after: Callable[[], None] | None = None) -> None:
    """Keep, drop, relabel or nothing for all of ``rows``, by click or key; ``after`` is called when
    one was chosen."""

    def put(mark: Mark | None) -> None:
        with errors_as_lines():
            set_marks(view.dataset, rows, mark)
            if after:
                after()

    marks = {view.marks.get(row) for row in rows}
    now, only_editors = marks.pop() if len(marks) == 1 else None, locked()
    marked = any(row in view.marks for row in rows)
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="center"):
        for kind, key in (("keep", "K"), ("drop", "D")):
            st.button(
                kind.capitalize(), key=f"mark_{kind}", shortcut=key,
                type="primary" if now and now.kind == kind else "secondary",
                on_click=put, args=(Mark(kind),), **only_editors,
            )  # fmt: skip
        # Always there: the others keep their places, and the key its meaning.
        st.button(
            "Unmark", key="mark_none", shortcut="U", type="tertiary", on_click=put, args=(None,),
            **({"disabled": True} | only_editors if not marked else only_editors),
        )  # fmt: skip
        suggested = _suggestion(view, rows)
        if suggested:
            st.button(
                f"→ {plain(suggested)}", key="mark_suggested", shortcut="A",
                on_click=put, args=(Mark("relabel", suggested),),
                **{"help": "Accept the suggestion", **only_editors},
            )  # fmt: skip
    if view.dataset.task == "expression":
        st.caption("Relabel as")
        with st.container(horizontal=True, gap="xsmall", key="relabel"):
            for i, expression in enumerate(relabels(view.dataset), 1):
                mark = Mark("relabel", expression)
                st.button(
                    plain(expression), key=f"mark_{expression}",
                    shortcut=str(i) if i < 10 else None,
                    type="primary" if now == mark else "tertiary",
                    on_click=put, args=(mark,),
                    **{"help": f"Relabel as {plain(expression)}", **only_editors},
                )  # fmt: skip
    if now:
        st.caption(f"Marked: **{plain(str(now))}**")


def _suggestion(view: View, rows: Sequence[int]) -> str | None:
    """The expression that fits a suspect label better."""
    if len(rows) > 1 or "suggested" not in view.table or not view.table["suspect"].iloc[rows[0]]:
        return None
    suggested = view.table["suggested"].iloc[rows[0]]
    return suggested if suggested in relabels(view.dataset) else None


def several_panel(view: View, rows: Sequence[int], after: Callable[[], None] | None = None) -> None:
    """Faces that were chosen together: marked at once, taken away as a table."""
    with st.container(border=True, gap="small"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{count(len(rows), 'face')} chosen**", width="stretch")
            st.button(
                "One alone", type="tertiary", icon=":material/close:", key="one_alone",
                on_click=lambda: choose_face(chosen_face()),
                help="Choose one face again (Esc in the grid)",
            )  # fmt: skip
        if "expression" in view.table:
            labels = view.table["expression"].iloc[list(rows)].fillna("no label")
            st.caption(
                ", ".join(f"{plain(name)} {n:,}" for name, n in Counter(labels).most_common())
            )
        mark_buttons(view, rows, after)
        marked = sum(row in view.marks for row in rows)
        st.caption(f"{marked} of {len(rows)} marked. One click or key marks all of them.")
        download_faces(view, np.array(rows), "chosen")


def bulk(
    view: View, rows: np.ndarray, words: str, key: str, why: str, mark: Mark | None = None
) -> None:
    """A button that marks all of ``rows`` that are not decided yet, after one more question;
    ``mark``: to be dropped, if not said."""
    mark = mark or Mark("drop")
    open_rows = [int(row) for row in rows if int(row) not in view.marks]
    icon = ":material/delete_sweep:" if mark.kind == "drop" else ":material/done_all:"
    box = f"bulk_box_{key}"
    with st.popover(
        words, icon=icon, key=box, on_change="rerun", **{"disabled": not open_rows, **locked()}
    ):
        st.markdown(
            f"{why} {count(len(open_rows), 'image')} not decided yet will be marked "
            f"*{plain(str(mark))}*. Nothing is deleted, and every mark can be taken back."
        )
        st.button(
            "Mark them", key=f"bulk_{key}", type="primary", on_click=_mark_all,
            args=(view, open_rows, mark, box), **locked(),
        )  # fmt: skip


def _mark_all(view: View, rows: Sequence[int], mark: Mark, box: str) -> None:
    st.session_state[box] = False
    put_marks(view, rows, mark)


def put_marks(view: View, rows: Sequence[int], mark: Mark | None) -> None:
    with errors_as_lines():
        set_marks(view.dataset, rows, mark)


def download_faces(view: View, rows: np.ndarray, what: str) -> None:
    """The faces at ``rows`` as CSV, with all that is known of them; ``what`` names the file."""
    st.download_button(
        f"{count(len(rows), 'face')} (CSV)",
        lambda: listing(view.table, rows, view.marks, view.own).to_csv(index=False),
        f"{view.dataset.name}_{what}.csv", "text/csv", key=f"csv_{what}", type="tertiary",
        icon=":material/download:", on_click="ignore",
    )  # fmt: skip
