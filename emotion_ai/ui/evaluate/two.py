"""Two models: which one is better on the same faces, on which, and could it be chance?"""

import numpy as np
import pandas as pd
import streamlit as st

from emotion_ai.evaluation.assessment import Assessment, ExpressionAssessment, KeypointAssessment
from emotion_ai.evaluation.keypoint_errors import UNMEASURED, normalised_errors
from emotion_ai.evaluation.paired_tests import class_changes, mcnemar, paired_difference
from emotion_ai.figures.base import signed
from emotion_ai.figures.expression import change_plot
from emotion_ai.figures.faces import cumulative_plot
from emotion_ai.results import Expression
from emotion_ai.ui import markup
from emotion_ai.ui.charts import show_plot
from emotion_ai.ui.evaluate.grid import chosen_face, face_grid, said_captions
from emotion_ai.ui.evaluate.keypoints import face_errors
from emotion_ai.ui.frame import errors_as_lines
from emotion_ai.ui.wording import count, plain

SHOWN = 24


@st.fragment
@errors_as_lines()
def two_models_tab(first: Assessment, second: Assessment | None) -> None:
    if second is None:
        st.info(
            "Choose a second model under *Compare with* at the top; train one with "
            f"`emotion-ai train {first.model.task} --data {first.dataset.name} "
            "--save-as NAME`.",
            icon=":material/compare_arrows:",
        )
    elif first.model.task == "keypoints":
        _points(first, second)
    else:
        _expressions(first, second)


def _expressions(first: ExpressionAssessment, second: ExpressionAssessment) -> None:
    names = plain(first.model.name), plain(second.model.name)
    test = mcnemar(first.correct, second.correct)
    gain, low, high = paired_difference(first.correct.astype(float), second.correct.astype(float))
    better = names[gain > 0] if gain else "neither"
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown(
            f"**{names[1]}** is right on {abs(100 * gain):.1f} percentage points "
            f"{'fewer' if gain < 0 else 'more'} of the {count(len(first.rows), 'face')} than "
            f"**{names[0]}**{_interval(100 * low, 100 * high, 1)}."
        )
        table = pd.DataFrame(
            [[test.both, test.only_second], [test.only_first, test.neither]],
            index=[f"{second.model.name} right", f"{second.model.name} wrong"],
            columns=[f"{first.model.name} right", f"{first.model.name} wrong"],
        )
        st.dataframe(table, height="content")
        chance = "could well be chance" if test.p > 0.05 else "is hardly chance"
        st.markdown(
            f"**McNemar's test**, p = {_p(test.p)}: they disagree about who is right on "
            f"{count(test.only_first + test.only_second, 'face')}, and that {better} wins more of "
            f"those {chance}."
        )
        truth = first.question.truth
        if untaught := [one.model for one in (first, second) if one.model.truth != truth]:
            names = " and ".join(f"**{plain(model.name)}**" for model in untaught)
            st.markdown(
                f"Mind the question: {names} learnt the **{untaught[0].truth}** labels and is "
                f"asked for the **{truth}** ones here."
            )
        st.caption(
            f"Exact test on the faces that one alone gets right, mid-p value (without it: "
            f"{_p(test.p_exact)}). It takes faces as independent of each other."
        )
    with right:
        changes = class_changes(first.targets, first.predicted, second.predicted, first.labels)
        show_plot(change_plot(changes, first.model.name, second.model.name))
    differing = [_surest_won(first, second), _surest_won(second, first)]
    row = chosen_face(first.rows[np.concatenate([shown for _, shown in differing])])
    pairs = ((first, second), (second, first))
    for column, (one, other), (n, shown) in zip(
        st.columns(2, gap="large"), pairs, differing, strict=True
    ):
        with column:
            st.markdown(f"Only **{plain(one.model.name)}** is right: {count(n, 'face')}")
            st.caption(f"Captions: the label > what {plain(other.model.name)} says instead.")
            captions, colours = said_captions(other, shown)
            face_grid(
                one, one.rows[shown], f"only_{one.model.name}",
                captions=captions, colours=colours, chosen=row,
            )  # fmt: skip
    if row is not None:
        _both_say(first, second, int(np.flatnonzero(first.rows == row)[0]))


def _surest_won(one: ExpressionAssessment, other: ExpressionAssessment) -> tuple[int, np.ndarray]:
    """How many faces ``one`` alone gets right; the positions of those ``other`` is surest on."""
    positions = np.flatnonzero(one.correct & ~other.correct)
    order = np.argsort(-other.confidence[positions], kind="stable")
    return len(positions), positions[order][:SHOWN]


def _both_say(first: ExpressionAssessment, second: ExpressionAssessment, i: int) -> None:
    """Face ``i`` of both, with what each model says."""
    with st.container(border=True):
        picture, *columns = st.columns([1, 2, 2], vertical_alignment="center", gap="large")
        label = first.labels.expressions[first.targets[i]]
        picture.image(
            np.asarray(first.images[first.rows[i]]), width="stretch", alt="The chosen face"
        )
        picture.markdown(f"{first.question.truth} **{plain(label)}**")
        for column, model in zip(columns, (first, second), strict=True):
            column.markdown(f"**{plain(model.model.name)}**")
            said = Expression(model.labels.expressions, model.probabilities[i])
            column.html(markup.probability_bars(said))


def _interval(low: float, high: float, digits: int) -> str:
    """None where too few faces were measured for one."""
    return "" if np.isnan(low) else f" (95 %: {signed(low, digits)} to {signed(high, digits)})"


def _p(value: float) -> str:
    return f"{value:.3f}" if value >= 0.001 else "under 0.001"


def _points(first: KeypointAssessment, second: KeypointAssessment) -> None:
    names = plain(first.model.name), plain(second.model.name)
    errors = [normalised_errors(a.predicted_px, a.targets_px) for a in (first, second)]
    known = ~np.isnan(errors[0])
    if not known.any():
        st.info(UNMEASURED)
        return
    change, low, high = paired_difference(errors[0][known], errors[1][known])
    closer = (errors[1] < errors[0])[known].mean()
    st.markdown(
        f"**{names[1]}** is off by {abs(100 * change):.2f} % of the eye distance "
        f"{'less' if change < 0 else 'more'} than **{names[0]}** (NME, paired over "
        f"{count(int(known.sum()), 'face')}){_interval(100 * low, 100 * high, 2)}; it is closer on "
        f"{100 * closer:.0f} % of them."
    )
    show_plot(cumulative_plot(face_errors([first, second])), "two")
    first_rmse, second_rmse = (a.scores["per_point_rmse_px"] for a in (first, second))
    table = pd.DataFrame(
        {"point": [name.replace("_", " ") for name in first_rmse],
         first.model.name: first_rmse.values(), second.model.name: second_rmse.values()}
    )  # fmt: skip
    table["change_px"] = table[second.model.name] - table[first.model.name]
    st.markdown("**RMSE of each point**, pixels")
    st.dataframe(table.round(2), hide_index=True, height="content")
