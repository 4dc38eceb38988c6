"""Two datasets side by side: balance, mean faces, the images they share, how models do on each."""

import numpy as np
import pandas as pd
import streamlit as st

from emotion_ai.audit.shared import are_compared, by_splits, pairs, shared_images
from emotion_ai.datasets import describe
from emotion_ai.datasets.store import Dataset
from emotion_ai.evaluation.across import cross_table, fair_questions
from emotion_ai.evaluation.scores import SCORES
from emotion_ai.faces.montage import Layout, encode_webp, montage
from emotion_ai.figures.balance import MOST_CLASSES, balance_plot
from emotion_ai.labels import colours
from emotion_ai.models.store import SavedModel
from emotion_ai.settings import settings
from emotion_ai.ui import resources
from emotion_ai.ui.charts import show_plot
from emotion_ai.ui.computing import are_kept, assessed
from emotion_ai.ui.datasets.balance import mean_picture
from emotion_ai.ui.datasets.points import open_in_browse
from emotion_ai.ui.datasets.view import SMALL, View, open_view
from emotion_ai.ui.progress import with_progress
from emotion_ai.ui.wording import count, plain

_BESIDE, _MODELS = "beside", "models"
#: Pairs of shared images that are shown; the CSV has all.
_PAIRS, _ACROSS = 24, 8


def compare_tab(view: View) -> None:
    first = view.dataset
    others = {one.name: one for one in resources.datasets() if one.task == first.task}
    others.pop(first.name, None)
    if not others:
        st.info("There is no second dataset for this task here yet: add one.",
                icon=":material/compare:")  # fmt: skip
        return
    if st.session_state.get(_BESIDE) not in (None, *others):
        del st.session_state[_BESIDE]  # it was another dataset's counterpart
    name = st.selectbox("Beside", list(others), key=_BESIDE, bind="query-params", width=320)
    second = open_view(others[name])
    views = (view, second)
    st.dataframe(
        [describe.facts(one.dataset, one.table) for one in views], hide_index=True, height="content"
    )
    if first.task == "expression":
        _balance(views)
    else:
        _mean_points(views)
    _shared(view, second.dataset)
    _models(first, second.dataset)


def _balance(views: tuple[View, View]) -> None:
    table = describe.balance_of([one.dataset for one in views])
    names = list(dict.fromkeys(table["expression"]))
    st.markdown(f"**Balance** · {plain(describe.difference_in_words(table))}")
    show_plot(balance_plot(table, names, "dataset"), "two")
    if len(names) > MOST_CLASSES:
        st.caption(f"The {MOST_CLASSES} commonest of {len(names)} classes.")
        most = table.groupby("expression")["faces"].sum().nlargest(MOST_CLASSES).index
        names = [name for name in names if name in most]
    st.markdown("**The average face of each expression**")
    tones = colours(table["expression"].unique())
    looks = tuple((name, tones[name]) for name in names)
    for one in views:
        lacking = set(names) - set(one.table["expression"])
        st.caption(plain(one.dataset.name) + "; black: no face of these" * bool(lacking))
        alt = f"Average faces of {one.dataset.name}"
        st.image(mean_picture(one.dataset.digest, looks, one), alt=alt)


def _mean_points(views: tuple[View, View]) -> None:
    st.markdown("**The average face**")
    with st.container(horizontal=True, gap="medium"):
        for one in views:
            picture = mean_picture(one.dataset.digest, (), one)
            st.image(picture, one.dataset.name, width=180, alt=f"Mean face of {one.dataset.name}")


def _shared(view: View, second: Dataset) -> None:
    """Which images stand in both, those whose labels differ first."""
    first = view.dataset
    st.markdown("**The same images**")
    names = f"{plain(first.name)} and {plain(second.name)}"
    if not are_compared(first, second, settings()):
        if len(first) + len(second) > SMALL and not st.button(
            f"Look for images that {names} share", key="look_shared", icon=":material/search:"
        ):
            return
        key = f"{first.digest}-{second.digest}-shared"
        if not with_progress(
            f"Comparing {names}", key, lambda step: shared_images(first, second, settings(), step)
        ):
            return
        st.rerun()
    found = _pairs((first.digest, second.digest), first, second)
    if not len(found):
        st.success(f"{names} share no image, neither exactly nor nearly.", icon=":material/check:")
        return
    exact, differ = int(found["exact"].sum()), int(found["differ"].sum())
    of_second = found["other_row"].nunique()
    st.markdown(
        f"{count(len(found), 'image')} of {plain(first.name)} stand in {plain(second.name)}, too: "
        f"{exact:,} exactly, {len(found) - exact:,} nearly. There they are {of_second:,}."
        + (f" **{differ:,}** have another label there." if differ else "")
    )
    counted = by_splits(found)
    st.dataframe(
        counted.rename(columns={"split": first.name, "other_split": second.name,
                                "differ": "labels differ"}),
        hide_index=True, height="content",
    )  # fmt: skip
    learnt = counted[(counted["split"] == "train") != (counted["other_split"] == "train")]
    if n := int(learnt[["exact", "near"]].to_numpy().sum()):
        st.warning(
            f"{n:,} of them are for learning in one and for testing in the other: a model that "
            "learnt the one knows faces of the other.", icon=":material/warning:",
        )  # fmt: skip
    st.image(
        _pair_picture((first.digest, second.digest), found, first, second),
        alt=f"Images that {first.name} and {second.name} share",
    )
    st.caption(
        f"Above {plain(first.name)}, below it its counterpart in {plain(second.name)}, each with "
        "its label or split. Near: the cosine of two 12 × 12 thumbnails is over 0.97."
    )
    with st.container(horizontal=True):
        st.button(
            f"Those of {plain(first.name)} in Browse", icon=":material/grid_view:",
            on_click=open_in_browse, args=(view, found["row"].to_numpy()),
        )  # fmt: skip
        st.download_button(
            f"{count(len(found), 'pair')} (CSV)", lambda: found.to_csv(index=False),
            f"{first.name}_{second.name}_shared.csv", "text/csv", key="csv_shared",
            type="tertiary", icon=":material/download:", on_click="ignore",
        )  # fmt: skip


@st.cache_data(show_spinner=False, max_entries=4)
def _pairs(digests: tuple[str, str], _first: Dataset, _second: Dataset) -> pd.DataFrame:
    return pairs(_first, _second, shared_images(_first, _second, settings()))


@st.cache_data(show_spinner=False, max_entries=4)
def _pair_picture(
    digests: tuple[str, str], _found: pd.DataFrame, _first: Dataset, _second: Dataset
) -> bytes:
    """WebP: rows of faces of the first dataset, under each its counterpart."""
    shown = _found.head(_PAIRS)
    images, captions = [], []
    said = "label" if "label" in shown else "split"
    for start in range(0, len(shown), _ACROSS):
        part = shown.iloc[start : start + _ACROSS]
        gap = [np.zeros(_first.images.shape[1:], np.uint8)] * (_ACROSS - len(part))
        for dataset, prefix in ((_first, ""), (_second, "other_")):
            images += [*dataset.images[part[f"{prefix}row"]], *gap]
            captions += [*part[prefix + said].fillna("no label"), *[""] * len(gap)]
    return encode_webp(montage(np.stack(images), Layout(len(images), _ACROSS, 92, 20),
                               captions=captions))  # fmt: skip


def _models(first: Dataset, second: Dataset) -> None:
    """The cross-dataset table, of models that are chosen."""
    st.markdown("**How a model does on each**")
    models = {own.name: own for model in resources.models() for own in model.each_head()}
    names = [name for name, model in models.items() if model.task == first.task]
    if not names:
        st.info("There is no model here that could read these faces.", icon=":material/info:")
        return
    chosen = st.multiselect(
        "Models", names, key=_MODELS, bind="query-params", placeholder="choose some",
        help="Each reads the split that it knows least of both datasets.",
    )  # fmt: skip
    if not chosen:
        return
    asked = [models[name] for name in chosen]
    waiting = sum(_unread(model, (first, second)) for model in asked)
    if waiting > SMALL and not st.button(
        f"Read {count(waiting, 'face')}", key="read_across", icon=":material/visibility:"
    ):
        return
    table = cross_table(asked, (first, second), assessed, *settings().data_dirs)
    st.dataframe(
        table.drop(columns="remark"), hide_index=True, height="content", column_config=_forms(table)
    )
    st.caption(
        "*from* and *to*: the 95 % interval of the first score. Each score is about its own split "
        "and labels: compare models on one dataset, and datasets only where labels mean the same."
    )
    for row in table[table["remark"] != ""].itertuples():
        st.caption(f"**{plain(row.model)}** on **{plain(row.data)}**: {plain(row.remark)}")
    st.download_button(
        "This table (CSV)", lambda: table.to_csv(index=False),
        f"{first.name}_{second.name}_models.csv", "text/csv", key="csv_across", type="tertiary",
        icon=":material/download:", on_click="ignore",
    )  # fmt: skip


def _forms(table: pd.DataFrame) -> dict:
    """Each score with its digits; the interval with those of the first."""
    forms = {score.with_unit(score.title): f"%.{score.digits}f" for score in SCORES}
    first = next((form for title, form in forms.items() if title in table), "%.1f")
    forms |= {"from": first, "to": first}
    return {
        name: st.column_config.NumberColumn(format=forms[name]) for name in table if name in forms
    }


def _unread(model: SavedModel, datasets: tuple[Dataset, Dataset]) -> int:
    """Faces that the model has not read yet."""
    questions = zip(datasets, fair_questions(model, datasets), strict=True)
    return sum(
        one.description["splits"][question.split]
        for one, question in questions
        if not are_kept(model, one, question.split)
    )
