"""The form that starts a hyperparameter search: what to try, on what, how often."""

from dataclasses import replace

import streamlit as st

from emotion_ai.datasets.store import Dataset
from emotion_ai.errors import EmotionAIError
from emotion_ai.figures.search import NAMES
from emotion_ai.settings import settings
from emotion_ai.training import estimate
from emotion_ai.training.checks import check
from emotion_ai.training.config import TrainingConfig
from emotion_ai.training.examples import labelled_by
from emotion_ai.training.search.plan import EPOCHS, SPACE, TRIALS, USUAL, Plan, should_hold_out
from emotion_ai.training.search.searches import create_search, search_folders, start_work
from emotion_ai.ui.access import locked, why_locked
from emotion_ai.ui.frame import errors_as_lines
from emotion_ai.ui.train.choice import choose, choose_labels
from emotion_ai.ui.wording import duration, plain

#: Where the name of a search that was just started is left.
BEGUN = "search_begun"


@st.fragment
@errors_as_lines()
def search_form() -> None:
    """What to try, on what, how often."""
    left, right = st.columns(2, gap="large")
    with left:
        wanted = _what()
    if wanted is None:
        return
    config, chosen = wanted
    with right:
        vary = st.pills(
            "What to vary", list(SPACE), selection_mode="multi", default=list(USUAL),
            format_func=lambda name: NAMES[name].split(",")[0], key="search_vary", wrap=True,
        )  # fmt: skip
        columns = st.columns(2)
        trials = columns[0].number_input(
            "Trials", 2, 1000, TRIALS, key="search_trials",
            help="Ten per varied setting find most of what there is to find.",
        )  # fmt: skip
        epochs = columns[1].number_input(
            "Epochs per trial", 1, 200, EPOCHS, key="search_epochs",
            help="Short runs rank settings nearly as long ones do.",
        )  # fmt: skip
        free = _free_name(f"{config.task}-{config.preset}")
        name = st.text_input("Name", free, key=f"search_name_{free}")
    held_out = should_hold_out(chosen)
    config = replace(config, epochs=epochs, hold_out=held_out)
    try:
        plan = Plan(config, tuple(vary), trials)
        fit = check(config, chosen, settings().models_dir)
    except EmotionAIError as error:
        st.error(plain(str(error)), icon=":material/block:")
        return
    where = "on the validation split"
    if held_out:
        where = (
            "on a tenth of train, held out from every trial: the validation split is what will be "
            "reported, so the search must not choose by it"
        )
    elif any("validation" not in dataset.description["splits"] for dataset in chosen):
        where = "on a tenth of train, held out from every trial"
    st.markdown(
        f"Trials learn from **{fit.train:,}** faces and are compared on **{fit.validation:,}** "
        f"others, {where}. Test faces take no part."
    )
    if found := estimate.estimate(config, fit):
        st.markdown(
            f":material/timer: At most **{duration(trials * found.seconds)}** on this machine; "
            "trials that are stopped early save much of it."
        )
    if st.button("START", type="primary", icon=":material/play_arrow:", key="search_start",
                 **locked()):  # fmt: skip
        folder = create_search(
            settings().searches_dir, name.strip(), plan, chosen, settings().models_dir
        )
        start_work(folder)
        st.session_state[BEGUN] = folder.name
        st.rerun()
    why_locked("start a search")


def _free_name(base: str) -> str:
    """``base``, with a number where there is such a search already."""
    taken = {folder.name for folder in search_folders(settings().searches_dir)}
    names = (base if not i else f"{base}-{i + 1}" for i in range(len(taken) + 1))
    return next(name for name in names if name not in taken)


def _what() -> tuple[TrainingConfig, list[Dataset]] | None:
    """What all trials share: task, data, network, labels."""
    if (wanted := choose("search")) is None:
        return None
    task, chosen, preset = wanted
    usual = TrainingConfig.for_task(task, tuple(dataset.name for dataset in chosen), preset=preset)
    if task == "keypoints":
        return usual, chosen
    labels = choose_labels(usual, chosen, f"search_labels_{preset}")
    return labelled_by(replace(usual, labels=labels), chosen), chosen
