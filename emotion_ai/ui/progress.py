"""Long work: in a page's own run a bar, *Stop* and *Go on*; in another process a bar and *Stop*.

Call ``with_progress`` outside of fragments: a click inside a fragment does not interrupt it, so
*Stop* would wait for the end.
"""

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import streamlit as st

from emotion_ai.access.rate_limits import COMPUTATIONS
from emotion_ai.jobs import background
from emotion_ai.jobs.background import Job
from emotion_ai.progress import Progress
from emotion_ai.ui.access import locked, spend
from emotion_ai.ui.frame import errors_as_lines

_STOPPED = "stopped_work"
#: One long computation at a time in this process: two would only take turns on the same cores.
_lock = threading.Lock()


def with_progress(
    what: str,
    key: str,
    work: Callable[[Progress], object],
    on_stop: Callable[[], object] | None = None,
) -> bool:
    """Do ``work`` under a bar with *Stop*; False when it was stopped before.

    *Stop*, or any other click, interrupts the work at its next step; nothing half-done is kept.
    What every run of the page would begin anew then waits for *Go on*; where ``on_stop`` is called
    instead, the page must not begin it again by itself (see ``only_interrupt``).
    """
    stopped = st.session_state.setdefault(_STOPPED, set())
    if key in stopped:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.info(f"Stopped: {what}.", icon=":material/pause:")
            st.button("Go on", on_click=stopped.discard, args=(key,), key=f"go_on_{key}")
        return False
    spend(COMPUTATIONS)
    place = st.empty()
    with place.container(horizontal=True, vertical_alignment="center"):
        bar = st.progress(0.0, f"{what} …")
        st.button("Stop", on_click=on_stop or partial(stopped.add, key), key=f"stop_{key}")

    def step(done: int, total: int, unit: str) -> None:
        share = done / total if total else 0.0
        bar.progress(min(share, 1.0), f"{what}: {done:,} of {total:,} {unit}")

    while not _lock.acquire(timeout=0.2):  # in short steps, so that a click on Stop is noticed
        bar.progress(0.0, f"{what}: waits for another computation to end …")
    try:
        work(step)
    finally:
        _lock.release()
        place.empty()
    return True


@st.fragment(run_every=1)
def job_bar(status: Path, words: Callable[[Job], str], for_everyone: bool = False) -> None:
    """The bar of a background job, saying ``words`` of it; the page goes on when it has ended."""
    job = background.read_job(status)
    if job.state != "running":
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(min(job.done / job.total, 1.0) if job.total else 0.0, words(job))
        st.button(
            "Stop", key=f"stop_{status.stem}", on_click=errors_as_lines()(background.stop),
            args=(status,), **({} if for_everyone else locked()),
        )  # fmt: skip


def only_interrupt() -> None:
    """``on_stop`` of work that a click began: the next such click begins it anew."""
