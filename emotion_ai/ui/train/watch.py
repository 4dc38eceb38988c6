"""One run closely: how far it is, its curves, and the mistakes it makes right now."""

from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import streamlit as st

from emotion_ai.errors import EmotionAIError
from emotion_ai.faces.montage import Layout, montage
from emotion_ai.figures.base import Plot
from emotion_ai.figures.faces import joined_points
from emotion_ai.figures.training import learning_curve_plot
from emotion_ai.labels import colours, label_set
from emotion_ai.media.images import encode_png
from emotion_ai.storage.arrays import load_arrays
from emotion_ai.training import runs, shipped
from emotion_ai.training.describe import changed_settings, flat_settings
from emotion_ai.training.queue import position
from emotion_ai.training.runs import Run
from emotion_ai.ui.access import locked
from emotion_ai.ui.charts import show_plot
from emotion_ai.ui.frame import errors_as_lines
from emotion_ai.ui.train import promotion
from emotion_ai.ui.train.cards import (
    RUN,
    STATES,
    open_run,
    share_done,
    state_line,
    stop_or_resume,
)
from emotion_ai.ui.wording import plain

__all__ = ["RUN", "watch"]

_ALIVE = ("queued", "running")
_EVERY_S = 1.0


def watch(folder: Path) -> None:
    """The run in ``folder``; while it lives its parts refresh by themselves."""
    run = shipped.read(folder)
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("All runs", icon=":material/arrow_back:", type="tertiary"):
            open_run(None)
        st.header(plain(run.name), anchor=False)
    every = _EVERY_S if run.state in _ALIVE else None
    st.fragment(_head, run_every=every)(folder, _drawn_as(run))
    st.fragment(_learning, run_every=every and 2 * every)(folder)
    _below(run)


def _drawn_as(run: Run) -> tuple[str, bool]:
    """What the parts that do not refresh by themselves are drawn for: its state, and whether there
    is anything to save yet."""
    return run.state, (run.folder / runs.BEST).exists()


@errors_as_lines()
def _head(folder: Path, drawn_as: tuple[str, bool]) -> None:
    """State, progress and buttons. When the rest of the page is out of date, it begins anew."""
    run = shipped.read(folder)
    if _drawn_as(run) != drawn_as:
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center"):
        place = position(folder) if run.state == "queued" else 0
        st.markdown(f":material/{STATES[run.state][0]}: {plain(state_line(run, place))}")
        st.space("stretch")
        stop_or_resume(run, "watch")
    if run.state in _ALIVE:
        st.progress(share_done(run), "epochs")
        batch, batches = (run.progress.get(name, 0) for name in ("batch", "batches"))
        if batches:
            phase = run.progress.get("phase", "training")
            text = f"batch {batch:,} of {batches:,}" if phase == "training" else phase
            st.progress(min(1.0, batch / batches), text)
    if run.damage and run.state != "damaged":
        st.warning(f"Damaged: {plain(run.damage)}", icon=":material/broken_image:")
    if run.state in ("failed", "interrupted", "damaged") and (log := runs.read_log(folder)):
        with st.expander("The last lines of its log", expanded=run.state == "failed"):
            st.code(log, language=None, wrap_lines=True)


@errors_as_lines()
def _learning(folder: Path) -> None:
    """Curves, and below them the mistakes."""
    run = shipped.read(folder)
    if not run.metrics:
        if run.state in _ALIVE:
            st.caption("Curves and mistakes appear after the first epoch.")
        return
    epochs = int(run.config.get("epochs", len(run.metrics)))
    score = "rmse" if run.config.get("task") == "keypoints" else "accuracy"
    columns = st.columns([3, 3, 2], gap="medium")
    for column, kind in zip(columns, (score, "loss", "rate"), strict=True):
        with column:
            show_plot(_plot((str(folder), len(run.metrics), run.metrics[-1]["loss"]),
                            kind, epochs, run.metrics))  # fmt: skip
    _mistakes(run)


@st.cache_resource(show_spinner=False, max_entries=64)
def _plot(key: tuple, kind: str, epochs: int, _metrics: list[dict]) -> Plot:
    """Drawn once an epoch, not once a second: building a figure is what costs here."""
    return learning_curve_plot(_metrics, kind, epochs)


def _mistakes(run: Run) -> None:
    """Faces of the validation split that the network gets wrong after its latest epoch."""
    path = run.folder / runs.MISTAKES
    try:
        stamp = path.stat().st_mtime_ns
        picture, caption = _mistakes_picture(path, stamp, _labels(run))
    except (OSError, BadZipFile, ValueError, KeyError, IndexError, EmotionAIError):
        return  # none yet, or not readable: the curves do without
    now = " right now" if run.state == "running" else ""
    st.markdown(f"**The mistakes it makes{now}**")
    st.caption(caption)
    if picture is not None:  # a PNG is passed on as it is, anything else would be encoded again
        st.image(picture, width="content", alt="Faces that the network gets wrong")


def _labels(run: Run) -> tuple[str, ...]:
    if run.config.get("task") == "keypoints":
        return ()
    return label_set(str(run.config.get("label_set")), run.config.get("classes")).expressions


@st.cache_data(show_spinner=False, max_entries=8)
def _mistakes_picture(path: Path, stamp: int, names: tuple[str, ...]) -> tuple[bytes | None, str]:
    found = load_arrays(path)
    if found is None:
        raise ValueError("torn")
    images = found["images"]
    epoch, wrong, looked_at = found["counts"].tolist()
    if "truth" in found:
        said = [names[i] for i in found["said"]]
        captions = [f"{names[t]} > {s}" for t, s in zip(found["truth"], said, strict=True)]
        caption = (
            f"After epoch {epoch}, {wrong} of {looked_at} validation faces are named wrongly. "
            "The worst of every label in turn: the label > what it says."
        )
        if not len(images):
            return None, caption
        layout = Layout(len(images), 8, 116, 20)
        plates = [colours(names)[name] for name in said]
        return encode_png(montage(images, layout, captions=captions, colours=plates)), caption
    caption = (
        f"After epoch {epoch}, the worst of {looked_at} validation faces. White squares are the "
        "labels, orange dots what it says."
    )
    faces = zip(images[:12], found["truth_px"], found["said_px"], strict=False)
    tiles = [joined_points(image, truth, said, 150) for image, truth, said in faces]
    rows = [np.hstack(tiles[i : i + 6]) for i in range(0, len(tiles) - len(tiles) % 6, 6)]
    return (encode_png(np.vstack(rows)) if rows else None), caption


def _below(run: Run) -> None:
    """What it was told, promoting it, deleting it."""
    if run.config.get("teachers"):
        st.caption(
            "Training goes by what the teachers say of changed and blended faces, validation by "
            "the labels of faces as they are: the two curves are not to be compared."
        )
    is_model = shipped.is_training(run.folder)
    if is_model:
        st.caption(
            f"This is how the model {plain(run.name)} was trained. "
            "*Models & serving* says what it scores."
        )
    elif run.state != "damaged":
        promotion.show(run.folder)
    with st.expander("Settings of this run"):
        changed = changed_settings(run.config)
        st.caption(
            "Beside the defaults: "
            + (", ".join(f"{plain(k)} {plain(str(v))}" for k, (_, v) in changed.items()) or "none")
        )
        told = flat_settings(run.config)
        st.dataframe(
            {"setting": list(told), "value": [str(value) for value in told.values()]}, height=260
        )
    if run.state not in _ALIVE and not is_model:
        with st.popover("Delete", icon=":material/delete:"):
            st.markdown(f"Delete **{plain(run.name)}** with its checkpoints? Saved models stay.")
            if st.button("Delete it for good", key="delete_run", type="primary", **locked()):
                with errors_as_lines():
                    runs.delete_run(run.folder)
                    open_run(None)
