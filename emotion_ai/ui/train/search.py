"""The Search tab: start a hyperparameter search, watch its trials, use what it found."""

from pathlib import Path

import streamlit as st

from emotion_ai.errors import RunError, SearchError
from emotion_ai.figures.search import (
    NAMES,
    history_plot,
    importance_plot,
    slices_plot,
    trials_table,
)
from emotion_ai.jobs import background
from emotion_ai.settings import settings
from emotion_ai.training import queue, runs
from emotion_ai.training.config import TrainingConfig
from emotion_ai.training.search.searches import (
    FEWEST_FOR_IMPORTANCE,
    JOURNAL,
    Search,
    Trial,
    import_optuna,
    importances,
    in_full,
    job_status,
    open_study,
    read_search,
    search_folders,
    start_work,
    stop_work,
)
from emotion_ai.training.search.worker import is_worked_on
from emotion_ai.ui.access import locked
from emotion_ai.ui.charts import show_plot
from emotion_ai.ui.frame import errors_as_lines
from emotion_ai.ui.train.cards import RUN, state_line
from emotion_ai.ui.train.search_form import BEGUN, search_form
from emotion_ai.ui.wording import count, plain

_CHOSEN = "search"
_NEW = "a new search"
_EVERY_S = 2.0


def show() -> None:
    """The chosen search, or the form for a new one."""
    try:
        import_optuna()
    except SearchError as error:
        st.info(plain(str(error)), icon=":material/download:")
        return
    found = [folder.name for folder in search_folders(settings().searches_dir)]
    if not found:
        st.markdown(
            "**No search yet.** It tries settings, each in a short run, learns from every result "
            "where to look next, and stops hopeless runs early."
        )
        search_form()
        return
    if begun := st.session_state.pop(BEGUN, None):
        st.session_state[_CHOSEN] = begun
    if st.session_state.get(_CHOSEN) not in (*found, _NEW, None):
        del st.session_state[_CHOSEN]
    chosen = st.selectbox(
        "Search", [*found, _NEW], key=_CHOSEN, bind="query-params", width=360,
        label_visibility="collapsed",
    )  # fmt: skip
    if chosen == _NEW:
        search_form()
    else:
        _watch(settings().searches_dir / chosen)


@errors_as_lines()
def _watch(folder: Path) -> None:
    """A search: how far it is, its pictures, what to do with it."""
    working = background.read_job(job_status(folder)).state == "running"
    st.fragment(_state, run_every=_EVERY_S if working else None)(folder, working)
    st.fragment(_pictures, run_every=_EVERY_S if working else None)(folder)
    _use(_search(folder))


def _search(folder: Path) -> Search:
    return read_search(folder, _study(folder))


def _study(folder: Path):
    """Optuna's study, kept: it then reads only what is new."""
    return _open(folder, (folder / JOURNAL).stat().st_ino if (folder / JOURNAL).exists() else 0)


@st.cache_resource(show_spinner=False, max_entries=8)
def _open(folder: Path, file: int):
    return open_study(folder)


@errors_as_lines()
def _state(folder: Path, drawn_working: bool) -> None:
    """How far it is, with the button that fits. Begins the page anew when work begins or ends."""
    job = background.read_job(job_status(folder))
    if (job.state == "running") != drawn_working:
        st.rerun()
    search = _search(folder)
    running = [trial for trial in search.trials if trial.state == "running"]
    early = sum(trial.state == "stopped early" for trial in search.trials)
    failed = sum(trial.state == "failed" for trial in search.trials)
    parts = [f"**{search.over} of {search.plan.trials} trials**"]
    parts += [f"{early} stopped early"] * bool(early) + [f"{failed} failed"] * bool(failed)
    worked_on = is_worked_on(folder)
    if running and worked_on:
        machines = {_machine(trial) for trial in running} - {""}
        where = f" on {len(machines)} machines" if len(machines) > 1 else ""
        parts.append(f"{len(running)} running{where}")
    elif running:
        parts.append(f"{count(len(running), 'trial')} to go on with")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(" · ".join(parts))
        st.space("stretch")
        if drawn_working:
            st.button(
                "Stop", icon=":material/stop_circle:", key="search_stop", on_click=_stop,
                args=(folder,), **locked(),
            )  # fmt: skip
        elif not search.complete and not worked_on:
            st.button(
                "Go on", icon=":material/resume:", key="search_go_on", on_click=_go_on,
                args=(folder,), **locked(),
            )  # fmt: skip
    st.progress(min(1.0, search.over / search.plan.trials))
    for trial in running:
        if worked_on:
            st.caption(f"Trial {trial.number}: {plain(_run_line(trial))}")
    if job.state == "failed" and not search.complete:
        st.error(plain(job.error), icon=":material/error:")
    elif not search.complete and not worked_on:
        st.caption("Nobody is working on it.")


def _run_line(trial: Trial) -> str:
    """How far its run is, where that can be seen from here."""
    try:
        run = runs.read_run(Path(trial.run))
    except RunError:
        return "its run cannot be read"
    return state_line(run, queue.position(run.folder))


def _machine(trial: Trial) -> str:
    """Where its run trains; "" while nothing says so."""
    return runs.read_status(Path(trial.run)).get("host", "") if trial.run else ""


def _stop(folder: Path) -> None:
    with errors_as_lines():
        stop_work(folder)


def _go_on(folder: Path) -> None:
    with errors_as_lines():
        start_work(folder)


@errors_as_lines()
def _pictures(folder: Path) -> None:
    search = _search(folder)
    if all(trial.score is None for trial in search.trials):
        st.caption("The first trial leaves everything as it is, so that there is something to "
                   "beat. Pictures appear after its first epoch.")  # fmt: skip
        return
    _best(search)
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.markdown("**Trials as they came**")
        show_plot(history_plot(search))
    finished = sum(trial.state == "finished" for trial in search.trials)
    with right:
        st.markdown("**What mattered**")
        if mattered := _importances(folder, finished, search):
            show_plot(importance_plot(mattered))
            st.caption("Share of each setting in how different the scores are (functional ANOVA), "
                       "within the limits that were tried.")  # fmt: skip
        else:
            st.caption(f"Shown from {FEWEST_FOR_IMPORTANCE} finished trials on; {finished} so far.")
    st.markdown("**Where good settings lie**")
    show_plot(slices_plot(search))
    with st.expander("All trials as a table"):
        st.dataframe(trials_table(search), hide_index=True)


@st.cache_data(show_spinner=False, max_entries=16)
def _importances(folder: Path, finished: int, _search: Search) -> dict[str, float]:
    return importances(_search, _study(folder))


def _best(search: Search) -> None:
    """The best settings beside those from before."""
    best, first = search.best, search.baseline
    if best is None:
        return
    words = f"Best so far: trial {best.number} with **{_figure(best.score, search)}**"
    if first is not None and first.state == "finished" and first is not best:
        words += f", as it was before: {_figure(first.score, search)}"
    st.markdown(words + ".")
    before = search.plan.unchanged()
    changes = [
        f"{NAMES[name]} **{_short(value)}** (was {_short(before[name])})"
        for name, value in best.settings.items()
    ]
    st.caption(" · ".join(changes))


def _use(search: Search) -> None:
    """Train in full with the best settings; work on it elsewhere too."""
    if search.best is not None:
        base = search.plan.config
        usual = TrainingConfig.for_task(base.task, base.data, preset=base.preset).epochs
        with st.container(horizontal=True, vertical_alignment="bottom"):
            epochs = st.number_input("Epochs", 1, 1000, usual, key="search_full", width=140)
            st.button(
                "Start the best in full", icon=":material/rocket_launch:", type="primary",
                key="search_full_start", on_click=_start_in_full, args=(search, epochs), **locked(),
            )  # fmt: skip
        if search.plan.config.hold_out:
            st.caption("The full run learns from all of train and picks its epoch on validation, "
                       "as runs usually do.")  # fmt: skip
    with st.expander("More machines"):
        st.markdown("On a Ray cluster trials run side by side; this page shows them as any others:")
        st.code(f"emotion-ai search work {search.name} --on ray --address auto", language="bash")


def _start_in_full(search: Search, epochs: int) -> None:
    with errors_as_lines():
        runs_dir = settings().runs_dir
        run = queue.enqueue(in_full(search, epochs), name=f"{search.name}-best", runs_dir=runs_dir)
        queue.start_worker(runs_dir)
        st.session_state["tab"] = "Runs"
        st.query_params[RUN] = run.name


def _figure(score: float, search: Search) -> str:
    return f"{100 * score:.1f} %" if search.plan.maximise else f"{score:.2f} px"


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
