"""Runs as cards: how far each is, how well it does, and what can be done about it."""

import base64
from html import escape

import streamlit as st

from emotion_ai.figures.training import sparkline_svg
from emotion_ai.settings import settings
from emotion_ai.training import queue, runs, shipped
from emotion_ai.training.runs import Run
from emotion_ai.ui import resources
from emotion_ai.ui.access import locked
from emotion_ai.ui.frame import errors_as_lines
from emotion_ai.ui.wording import count, duration, plain

#: Seconds between looks at the folders.
BUSY_S, IDLE_S = 1.0, 5.0
#: Cards of runs that are over, before *Show more*.
SHOWN = 6
RUN = "run"
#: States in words, never by colour alone.
STATES = {
    "queued": ("schedule", "waiting"),
    "running": ("play_circle", "running"),
    "finished": ("check_circle", "finished"),
    "cancelled": ("cancel", "cancelled"),
    "failed": ("error", "failed"),
    "interrupted": ("pause_circle", "interrupted"),
    "damaged": ("broken_image", "damaged"),
}


def cards() -> None:
    """Every run that is under way or waits, then the latest others; refreshed by itself."""
    busy = _busy(runs.list_runs(settings().runs_dir))
    st.fragment(_cards, run_every=BUSY_S if busy else IDLE_S)(busy)


def _busy(found: list[Run]) -> bool:
    return any(run.state in ("queued", "running") for run in found)


@errors_as_lines()
def _cards(drawn_as: bool) -> None:
    found = runs.list_runs(settings().runs_dir)
    if _busy(found) is not drawn_as:
        st.rerun()  # another pace
    if not found:
        st.markdown("**No run yet.** The first one appears here, with its curve, as it learns.")
    active = [run for run in found if run.state == "running"]
    waiting = {folder: i for i, folder in enumerate(queue.queued(settings().runs_dir), 1)}
    queued = sorted((r for r in found if r.folder in waiting), key=lambda r: waiting[r.folder])
    others = [run for run in found if run not in active and run.folder not in waiting]
    shown = st.session_state.get("train_shown", SHOWN)
    for run in (*active, *queued, *others[:shown]):
        _card(run, waiting.get(run.folder, 0))
    if len(others) > shown:
        st.button(
            f"Show more: {count(len(others) - shown, 'earlier run')}", key="train_more",
            type="tertiary", icon=":material/expand_more:", on_click=_show_more,
        )  # fmt: skip
    taken, trainings = {run.name for run in found}, shipped.trainings(resources.models())
    if trainings := [run for run in trainings if run.name not in taken]:
        st.markdown("**How the saved models were trained**")
        for run in trainings:
            _card(run, 0)


def _show_more() -> None:
    st.session_state["train_shown"] = st.session_state.get("train_shown", SHOWN) + 4 * SHOWN


def _card(run: Run, place: int) -> None:
    with st.container(border=True, gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button(
                f"**{plain(run.name)}**", key=f"open_{run.name}", type="tertiary",
                icon=f":material/{STATES[run.state][0]}:", help="Look at it closely",
            ):  # fmt: skip
                open_run(run.name)
            st.space("stretch")
            stop_or_resume(run, "card")
        st.html(_picture(run, place))


def open_run(name: str | None) -> None:
    """Begin the page anew with one run closely, or with all of them."""
    if name is None:
        st.query_params.pop(RUN, None)
    else:
        st.query_params[RUN] = name
    st.rerun()


def stop_or_resume(run: Run, where: str) -> None:
    """The one button that fits a run's state."""
    if run.state in ("queued", "running"):
        st.button(
            "Stopping …" if run.stopping else "Stop", key=f"stop_{where}_{run.name}",
            icon=":material/stop_circle:", on_click=_cancel, args=(run,),
            **({"disabled": True} if run.stopping else locked()),
        )  # fmt: skip
    elif run.state in queue.RESUMABLE:
        st.button(
            "Resume", key=f"resume_{where}_{run.name}", icon=":material/resume:",
            on_click=_resume, args=(run,), **locked(),
        )  # fmt: skip


def _cancel(run: Run) -> None:
    with errors_as_lines():
        queue.cancel(run.folder)


def _resume(run: Run) -> None:
    with errors_as_lines():
        queue.resume(run.folder)
        queue.start_worker(run.folder.parent)


def _picture(run: Run, place: int) -> str:
    """The sparkline, the bar and the figures of a card, as HTML."""
    losses = [record["validation_loss"] for record in run.metrics]
    svg = base64.b64encode(sparkline_svg(losses).encode()).decode()
    share = share_done(run)
    bar = (
        f'<div class="ea-run-bar" role="progressbar" aria-valuenow="{100 * share:.0f}">'
        f'<div style="width:{share:.1%}"></div></div>'
    )
    return (
        f'<div class="ea-run"><img src="data:image/svg+xml;base64,{svg}" '
        f'alt="validation loss over {len(losses)} epochs"><div>'
        f'<div class="ea-run-line">{escape(state_line(run, place))}</div>'
        f"{bar if run.state == 'running' else ''}"
        f'<div class="ea-run-line ea-quiet">{escape(about_line(run))}</div></div></div>'
    )


def share_done(run: Run) -> float:
    """How much of the epochs is done, 0 to 1, the one under way included."""
    if run.state == "finished":
        return 1.0
    epochs = run.config.get("epochs", 1)
    done = float(len(run.metrics))
    if run.state == "running" and run.progress.get("epoch") == done + 1:
        done += min(1.0, run.progress.get("batch", 0) / (run.progress.get("batches") or 1))
    return min(1.0, done / epochs)


def state_line(run: Run, place: int = 0) -> str:
    """``"epoch 12/60 · 214 images/s · 31 min left · 812 MB"``, or what else is to be said."""
    if run.state == "damaged":
        return f"damaged: {run.damage}"
    if run.state == "queued":
        return "next in line" if place == 1 else f"waits, number {place} in line"
    epochs = run.config.get("epochs", 0)
    if run.state == "running":
        if run.stopping:
            return "stopping; its best epoch is kept"
        if not run.progress:
            return "starting: reads the data and builds the network"
        said = run.progress
        parts = [f"epoch {said.get('epoch', 1)}/{epochs}"]
        if rate := said.get("images_per_s"):
            parts.append(f"{rate:,.0f} images/s")
        left_s = said.get("left_s")
        parts.append(f"{duration(left_s)} left" if left_s is not None else "the first batches")
        if memory := said.get("memory_mb"):
            parts.append(f"{memory:,.0f} MB")
        return " · ".join(parts)
    word = STATES[run.state][1]
    reached = f"{word} after epoch {len(run.metrics)}/{epochs}" if run.metrics else word
    message = run.status.get("message")
    return f"{reached}: {message}" if message else reached


def about_line(run: Run) -> str:
    """What is wrong with its files, the best epoch so far, and what learns from what."""
    parts = [f"damaged: {run.damage}"] if run.damage and run.state != "damaged" else []
    if best := run.best:
        score = score_text(best)
        parts.append(f"best {score} in epoch {best['epoch']}" if score else "")
    config = run.config
    data = config.get("data") or ()
    parts.append(f"{config.get('preset', '?')} on {', '.join(map(str, data))}")
    return " · ".join(part for part in parts if part)


def score_text(record: dict) -> str:
    """The validation score of an epoch: ``"63.0 %"`` or ``"1.74 px"``."""
    if (rmse := record.get("validation_rmse_px")) is not None:
        return f"{rmse:.2f} px"
    if (accuracy := record.get("validation_accuracy")) is not None:
        crowd = record.get("validation_crowd_accuracy")
        if crowd is None:
            return f"{100 * accuracy:.1f} %"
        return f"{100 * crowd:.1f} % as the crowd says, {100 * accuracy:.1f} % as labelled"
    return ""
