"""Runs side by side: a table, curves over each other, what differs, scores on the same faces."""

import json
from pathlib import Path

import pandas as pd
import streamlit as st

from emotion_ai.access.permissions import require_editor
from emotion_ai.errors import RecordError
from emotion_ai.evaluation.scores import headline
from emotion_ai.figures.training import overlay_plot, score_plot
from emotion_ai.jobs import background
from emotion_ai.optional import require
from emotion_ai.settings import settings
from emotion_ai.training import runs, shipped
from emotion_ai.training.describe import flat_settings
from emotion_ai.training.records import RunScore, read_scores
from emotion_ai.training.runs import Run
from emotion_ai.ui import resources
from emotion_ai.ui.access import locked
from emotion_ai.ui.charts import show_plot
from emotion_ai.ui.progress import job_bar
from emotion_ai.ui.train.cards import STATES
from emotion_ai.ui.wording import TASK_TITLES, count, plain

#: More curves than this cannot be told apart.
MOST = 7


def compare_tab() -> None:
    found = runs.list_runs(settings().runs_dir)
    taken = {run.name for run in found}
    trainings = shipped.trainings(resources.models())
    found += [run for run in trainings if run.name not in taken]
    if not found:
        st.info("No run yet: start one under *Runs*.", icon=":material/info:")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        task = st.segmented_control(
            "Task", list(TASK_TITLES), format_func=TASK_TITLES.get, default=_latest_task(found),
            required=True, key="compare_task",
        )  # fmt: skip
        states = st.multiselect(
            "State", list(STATES), format_func=lambda s: STATES[s][1], key="compare_states",
            placeholder="any", width=260,
        )  # fmt: skip
        text = st.text_input("Contains", key="compare_text", placeholder="a name, a dataset …",
                             width=220)  # fmt: skip
    found = [
        run
        for run in found
        if run.config.get("task") == task
        and (not states or run.state in states)
        and text.casefold() in f"{run.name} {json.dumps(run.config)}".casefold()
    ]
    if not found:
        st.info("No run fits.", icon=":material/filter_alt_off:")
        return
    st.caption(f"{count(len(found), 'run')}. Click a heading to sort; tick up to {MOST} rows.")
    chosen = _choose(found)
    if chosen:
        _curves(chosen)
        left, right = st.columns(2, gap="large")
        with left:
            _same_faces(chosen)
        with right:
            _differences(chosen)


def _latest_task(found: list[Run]) -> str:
    tasks = (run.config.get("task") for run in found)
    return next((task for task in tasks if task in TASK_TITLES), "expression")


def _choose(found: list[Run]) -> list[Run]:
    """The ticked rows of the table, or the two latest with a curve."""
    table = runs_table(found)
    score = st.column_config.NumberColumn(format="%.2f", help="of the best epoch, validation")
    state = st.dataframe(
        table, hide_index=True, height=min(420, 38 + 35 * len(table)), key="compare_table",
        selection_mode="multi-row", on_select="rerun",
        column_config={"score": score, "95 %": st.column_config.TextColumn(width="small"),
                       "started": st.column_config.DatetimeColumn(format="D MMM, HH:mm")},
    )  # fmt: skip
    ticked = [found[i] for i in state["selection"]["rows"] if i < len(found)]
    if len(ticked) > MOST:
        st.caption(f"The first {MOST} of {len(ticked)} ticked runs are shown.")
    return ticked[:MOST] or [run for run in found if run.metrics][:2]


def runs_table(found: list[Run]) -> pd.DataFrame:
    """One row a run; ``score`` is a percentage or pixels, as the task has it."""
    rows = []
    for run in found:
        best, config = run.best or {}, run.config
        # The epoch's score is of what it learned; of two heads, of the dataset's labels.
        truth = {"both": "given"}.get(config.get("labels"), config.get("labels"))
        scores = [s for s in run_scores(run) if s.get("labels_from", truth) == truth]
        figure = headline(scores[0]) if len(scores) == 1 else None
        rows.append(
            {
                "run": run.name,
                "state": STATES[run.state][1],
                "network": config.get("preset"),
                "data": ", ".join(map(str, config.get("data") or ())),
                "labels": config.get("labels") if config.get("task") == "expression" else None,
                "epochs": f"{len(run.metrics)}/{config.get('epochs', '?')}",
                "score": figure.scaled if figure else _own_score(best),
                "95 %": figure.limits() if figure else "",
                "loss": best.get("validation_loss"),
                "minutes": round(sum(m.get("seconds", 0) for m in run.metrics) / 60, 1),
                "started": pd.to_datetime(run.status.get("created"), errors="coerce", utc=True),
            }
        )
    return pd.DataFrame(rows)


def _own_score(best: dict) -> float | None:
    if "validation_rmse_px" in best:
        return best["validation_rmse_px"]
    return 100 * best["validation_accuracy"] if "validation_accuracy" in best else None


def _curves(chosen: list[Run]) -> None:
    kinds = ("rmse" if chosen[0].config.get("task") == "keypoints" else "accuracy", "loss")
    for column, kind in zip(st.columns(2, gap="large"), kinds, strict=True):
        with column:
            show_plot(overlay_plot({run.name: run.metrics for run in chosen}, kind))


def run_scores(run: Run) -> list[RunScore]:
    """What ``training.score`` measured; empty where it did not, or the file cannot be read."""
    return _scores_and_damage(run)[0]


def _scores_and_damage(run: Run) -> tuple[list[RunScore], str]:
    path = run.folder / runs.SCORES
    try:
        return _read_scores(path, path.stat().st_mtime_ns)
    except OSError:
        return [], ""


@st.cache_data(show_spinner=False, max_entries=512)
def _read_scores(path: Path, stamp: int) -> tuple[list[RunScore], str]:
    try:
        return read_scores(path), ""
    except RecordError as error:
        return [], str(error)


def _same_faces(chosen: list[Run]) -> None:
    """Scores of the best weights, with intervals, for every set of faces that two runs share."""
    st.markdown("**Scores on the same faces**")
    groups: dict[tuple, dict[str, dict]] = {}
    for run in chosen:
        for score in run_scores(run):
            key = tuple(score.get(k) for k in ("data", "digest", "split", "label_set",
                                               "labels_from", "n"))  # fmt: skip
            groups.setdefault(key, {})[run.name] = score
    for i, (key, scores) in enumerate(groups.items()):
        data, _, split, labels, truth, n = key
        told = f"{plain(data)} **{plain(split)}**, {count(n, 'face')}"
        if labels:
            told += f", {plain(labels)}, {plain(truth)} labels"
        st.caption(told + (". Whiskers: 95 %." if len(scores) > 1 else ": one run only."))
        show_plot(score_plot(scores), str(i))
    if len({key[:4] for key in groups}) > 1:
        st.caption("Runs in different charts saw different faces: their scores do not compare.")
    for run in chosen:
        if damage := _scores_and_damage(run)[1]:
            st.caption(f":material/broken_image: {plain(run.name)} is damaged: {plain(damage)}")
    missing = [run for run in chosen if not run_scores(run) and (run.folder / runs.BEST).exists()]
    if missing:
        _score_them(missing)


def _score_them(missing: list[Run]) -> None:
    status = settings().cache_dir / "scoring" / "runs.json"
    job = background.read_job(status)
    if job.state == "running":
        job_bar(status, lambda job: f"Scoring: {job.done} of {job.total}")
        return
    if job.state == "failed":
        st.error(plain(job.error), icon=":material/error:")
    names = ", ".join(plain(run.name) for run in missing)
    st.caption(f"Not scored yet: {names}.")
    if st.button("Score them", icon=":material/straighten:", key="score_runs", **locked()):
        require_editor("score runs")
        require("Scoring a run", "keras")
        folders = [str(run.folder) for run in missing]
        background.start(status, "emotion_ai.training.score", [str(status), *folders])
        st.rerun()


def _differences(chosen: list[Run]) -> None:
    """The settings in which the chosen runs differ."""
    st.markdown("**What differs in their settings**")
    told = {
        run.name: {name: _said(value) for name, value in flat_settings(run.config).items()}
        for run in chosen
    }
    table = pd.DataFrame(told).fillna("")
    differing = table[table.nunique(axis=1) > 1] if len(chosen) > 1 else table
    if differing.empty:
        st.caption("Nothing: their settings are the same.")
        return
    shown = differing.reset_index(names="setting")
    st.dataframe(shown, hide_index=True, height=min(420, 38 + 35 * len(shown)))
    st.download_button(
        "Settings (CSV)", lambda: shown.to_csv(index=False), "settings.csv", "text/csv",
        icon=":material/download:", type="tertiary", on_click="ignore",
    )  # fmt: skip


def _said(value: object) -> str:
    """A setting in words; 5 and 5.0 are the same."""
    plain_number = isinstance(value, int | float) and not isinstance(value, bool)
    return f"{value:g}" if plain_number else str(value)
