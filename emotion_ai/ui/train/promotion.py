"""Make a run's best epoch a saved model, in a process of its own, and let the app read with it."""

from pathlib import Path

import streamlit as st

from emotion_ai.errors import EmotionAIError
from emotion_ai.jobs import background
from emotion_ai.labels import BOTH, HEADS, TRUTH_TITLES
from emotion_ai.models.store import check_task
from emotion_ai.settings import settings
from emotion_ai.training import promotion_job, runs
from emotion_ai.ui import resources
from emotion_ai.ui.access import locked
from emotion_ai.ui.defaults import offer_back, offer_default
from emotion_ai.ui.frame import errors_as_lines
from emotion_ai.ui.progress import job_bar
from emotion_ai.ui.saved_models import offer_rename_and_delete
from emotion_ai.ui.wording import headline_score, plain, score_line

#: What the heads of a run that trained both are called here.
_HEADS = TRUTH_TITLES | {BOTH: "either"}


@errors_as_lines()
def show(run_folder: Path) -> None:
    """Below a run's curves: save it, watch that being done, use what was saved."""
    run = runs.read_run(run_folder)
    with st.container(border=True):
        st.markdown("**Save it as a model**")
        if not (run_folder / runs.BEST).exists():
            st.caption("Possible as soon as its first epoch is done.")
            return
        status = promotion_job.job_status(run_folder)
        job = background.read_job(status)
        if job.state == "running":
            job_bar(status, lambda job: f"{plain(job.unit or 'starting')} …")
            return
        if job.state == "failed":
            st.error(f"It was not saved: {plain(job.error)}", icon=":material/error:")
        saved = [model for model in resources.models() if model.card.get("run") == run.name]
        _saved(saved)
        _form(run, [model.name for model in saved])


def _saved(models: list) -> None:
    """What this run was saved as, with the way to use it."""
    for model in models:
        with st.container(horizontal=True, vertical_alignment="center"):
            score = headline_score(model)
            figure = f": {score_line(score)}" if score else ", not scored"
            st.markdown(f"Saved as **{plain(model.name)}**{plain(figure)}")
            offer_default(model)
            offer_back(model.name)
            offer_rename_and_delete(model)


def _form(run: runs.Run, names: list[str]) -> None:
    task = run.config["task"]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input(
            "Name", names[0] if names else f"my_{task}", max_chars=64, width=260,
            key=f"promote_name_{run.name}",
        )  # fmt: skip
        head = HEADS[0]
        if run.config.get("labels") == "both":
            head = st.selectbox(
                "Says", (*HEADS, BOTH), format_func=_HEADS.get, width=220,
                key=f"promote_head_{run.name}",
            )  # fmt: skip
        quantise = st.toggle(
            "Small and fast", True, key=f"promote_int8_{run.name}",
            help="Whole numbers of 8 bits (int8): a quarter of the size, several times as fast, "
            "nearly as good. Off: floating point.",
        )  # fmt: skip
        wrong = _what_is_wrong(name, task)
        if st.button("Save", icon=":material/save:", key=f"promote_{run.name}",
                     **({"disabled": True} if wrong else locked())):  # fmt: skip
            promotion_job.start(run.folder, name, quantise=quantise, head=head)
            st.rerun()
    if wrong:
        st.caption(f":material/block: {plain(wrong)}")
    elif name in [model.name for model in resources.models()]:
        st.caption(f"There is a model {plain(name)}: it stays as an earlier version.")
    else:
        st.caption(
            "Converts the best epoch for LiteRT, checks it against Keras, scores it on every split "
            "it did not learn from, and writes its card."
        )


def _what_is_wrong(name: str, task: str) -> str:
    try:
        check_task(settings().models_dir / promotion_job.check_model_name(name), task)
    except EmotionAIError as error:
        return str(error)
    return ""
