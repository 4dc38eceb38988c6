"""Changing the models that the app reads with: what goes, what comes, both scores, one button."""

import streamlit as st

from emotion_ai.errors import ModelError
from emotion_ai.models.store import VERSIONS, SavedModel
from emotion_ai.models.versions import (
    Change,
    change_back,
    change_default,
    go_back,
    is_default,
    make_default,
    versions,
)
from emotion_ai.settings import settings
from emotion_ai.ui.access import locked
from emotion_ai.ui.frame import errors_as_lines
from emotion_ai.ui.wording import plain, score_basis, score_figure


def offer_default(model: SavedModel) -> None:
    """A button that lets the app read with ``model``, after a look at what that changes."""
    models_dir = settings().models_dir
    if is_default(models_dir, model):
        st.badge("the app reads with it", icon=":material/check:", color="green")
        return
    with st.popover("Make it the default", icon=":material/swap_horiz:", **locked()):
        describe(change_default(models_dir, model.name))
        st.caption(
            "Photos, videos and running cameras read with it from then on. The previous model "
            "stays: one click goes back."
        )
        if st.button("Make it the default", key=f"default_{model.name}", type="primary",
                     **locked()):  # fmt: skip
            with errors_as_lines():
                make_default(models_dir, model.name)
                st.toast(f"The app reads with {plain(model.name)} now.", icon=":material/check:")
                st.rerun()


def offer_back(name: str) -> None:
    """A button that exchanges the model ``name`` with an earlier version of it; nothing where
    there is none."""
    models_dir = settings().models_dir
    kept = {version.number: version.model for version in versions(models_dir, name)}
    if not kept:
        return
    with st.popover("Go back", icon=":material/undo:", **locked()):
        number = next(iter(kept))
        if len(kept) > 1:
            number = st.selectbox(
                "To which version", list(kept), key=f"version_{name}",
                format_func=lambda number: about(kept[number]),
            )  # fmt: skip
        try:
            describe(change_back(models_dir, name, number))
        except ModelError:
            return  # exchanged by somebody else just now
        st.caption("What is used now becomes an earlier version in its turn.")
        if st.button("Go back to it", key=f"back_{name}", type="primary", **locked()):
            with errors_as_lines():
                go_back(models_dir, name, number)
                st.toast(f"{plain(name)} is as it was before.", icon=":material/undo:")
                st.rerun()


def describe(change: Change) -> None:
    """From which model to which, and both scores wherever they were measured alike."""
    before = about(change.old) if change.old else "none"
    st.markdown(f"From **{plain(before)}**  \nto **{plain(about(change.new))}**")
    if change.scores:
        rows = [
            f"| {plain(_where(old))} | {plain(score_figure(old))} | {plain(score_figure(new))} |"
            for old, new in change.scores
        ]
        st.markdown("| measured on | from | to |\n|---|---:|---:|\n" + "\n".join(rows))
    elif change.old:
        st.info(
            "No score of both on the same faces. Evaluate compares them face by face.",
            icon=":material/balance:",
        )


def about(model: SavedModel) -> str:
    """Its name, or that of what it is a copy of, when it was made, and in which run."""
    folder = model.folder
    own = folder.parent.name if folder.parent.parent.name == VERSIONS else folder.name
    run = f" (run {model.card['run']})" if "run" in model.card else ""
    name = model.card.get("copy_of") or own
    return f"{name} of {str(model.card.get('created', ''))[:10]}{run}"


def _where(score: dict) -> str:
    """``"fer2013 PublicTest, crowd labels, n=3,372"``: what a score was measured on."""
    basis = score_basis(score).split(", ", 1)[1]
    if score["task"] == "keypoints":
        return basis
    return f"{basis}, {score['label_set']}, {score['labels_from']} labels"
