"""Why?: what changes the model's answer about one face."""

from functools import partial

import numpy as np
import streamlit as st

from emotion_ai.access.rate_limits import EXPLANATIONS, GRADIENTS
from emotion_ai.datasets.store import Dataset
from emotion_ai.errors import ModelError
from emotion_ai.evaluation.assessment import ExpressionAssessment
from emotion_ai.explain.gradcam import TIME_OUT_S, gradcam_map
from emotion_ai.explain.occlusion import Stability, nearest, occlusion_map, stability
from emotion_ai.figures.base import signed
from emotion_ai.figures.explain import stability_plot
from emotion_ai.figures.faces import overlay
from emotion_ai.labels import LabelSet, colours
from emotion_ai.results import Expression
from emotion_ai.ui import markup, resources
from emotion_ai.ui.access import spend
from emotion_ai.ui.charts import show_plot
from emotion_ai.ui.computing import are_kept, network, outputs
from emotion_ai.ui.datasets.grid import choose_face
from emotion_ai.ui.evaluate.grid import chosen_face
from emotion_ai.ui.frame import errors_as_lines
from emotion_ai.ui.wording import count, plain

NEIGHBOURS = 8
_STARTING = "Keras starts in a process of its own …"
_MAPS, _ASKED = "gradcam_maps", "gradcam_asked"
_CHOSEN, _READ = "why_face", "evaluate_read_train"


def why_tab(assessment: ExpressionAssessment, _second: ExpressionAssessment | None) -> None:
    source = _learnt_from(assessment)
    work = st.container()
    _why(assessment, source)
    # What takes seconds runs out here, where a click on Stop interrupts it, and last, so that
    # the fragment above stays alive meanwhile.
    with work:
        reading = st.session_state.get(_READ) and source
        if reading and not are_kept(assessment.model, source, "train"):
            outputs(assessment.model, source, "train", partial(st.session_state.pop, _READ))
            st.rerun()
        _gradcam(assessment)


@st.fragment
@errors_as_lines()
def _why(assessment: ExpressionAssessment, source: Dataset | None) -> None:
    i = _chosen_face(assessment)
    row = int(assessment.rows[i])
    face = np.array(assessment.images[row])
    net, labels = network(assessment.model), assessment.model.labels
    said = Expression(labels.expressions, net(face[None])["probabilities"][0])
    look, reason, places = st.columns([3, 4, 6], gap="large")
    with look:
        st.image(face, width="stretch", alt="The face that is explained")
        label = assessment.labels.expressions[assessment.targets[i]]
        truth = assessment.question.truth
        st.markdown(
            f"{truth} **{plain(label)}**, named **{plain(said.label)}** ({said.confidence:.2f})"
        )
    with reason:
        st.html(markup.probability_bars(said))
        asked = st.selectbox(
            "Explain the answer", labels.expressions, labels.index(said.label),
            key=f"asked_{row}",
        )  # fmt: skip
    with places:
        _places(assessment, face, row, labels.index(asked), asked)
    _stability(_changed((assessment.model.digest, face.tobytes()), assessment, face), labels)
    if source:
        _neighbours(assessment, i, source)


def _chosen_face(assessment: ExpressionAssessment) -> int:
    """The position of the face in the address; by default of the surest mistake."""
    surest = np.where(assessment.correct, -1, assessment.confidence).argmax()
    rows = np.append(assessment.rows[surest], assessment.rows)
    row = st.session_state[_CHOSEN] = chosen_face(rows)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.number_input(
            "Face", 0, len(assessment.dataset) - 1, key=_CHOSEN, width=160,
            on_change=_typed, help="Its row in the dataset.",
        )  # fmt: skip
        mistakes = assessment.rows[~assessment.correct]
        st.button("A mistake", on_click=_draw, args=(mistakes,), disabled=not len(mistakes),
                  icon=":material/shuffle:")  # fmt: skip
        st.button("Any face", on_click=_draw, args=(assessment.rows,), icon=":material/shuffle:")
    return int(np.flatnonzero(assessment.rows == row)[0])


def _typed() -> None:
    choose_face(st.session_state[_CHOSEN])


def _draw(rows: np.ndarray) -> None:
    choose_face(int(np.random.default_rng().choice(rows)))


def _places(
    assessment: ExpressionAssessment, face: np.ndarray, row: int, expression: int, asked: str
) -> None:
    heat = _covered((assessment.model.digest, face.tobytes()), expression, assessment, face)
    left, right = st.columns(2)
    with left:
        st.markdown("**Covering**")
        st.image(overlay(face, heat), channels="BGR", width="stretch", alt="Occlusion map")
        strongest = float(np.abs(heat).max())
        st.caption(
            f"A grey square slides over the face. Red: covering this makes *{asked}* less likely "
            f"(by up to {max(float(heat.max()), 0):.2f}); blue: more likely. "
            + ("Here hardly anything changes." if strongest < 0.03 else "")
        )
    with right:
        st.markdown("**Grad-CAM**")
        asked_for = (assessment.model.digest, assessment.dataset.digest, row, expression)
        if (heat := st.session_state.get(_MAPS, {}).get(asked_for)) is not None:
            st.image(overlay(face, heat), channels="BGR", width="stretch", alt="Grad-CAM")
        elif st.button("Compute Grad-CAM", icon=":material/blur_on:"):
            spend(GRADIENTS)
            st.session_state[_ASKED] = asked_for
            st.rerun()
        st.caption(
            "Which places of the last feature map speak for the answer, by the network's own "
            "gradients. Coarse: that map is much smaller than the face."
        )


def _gradcam(assessment: ExpressionAssessment) -> None:
    """Compute the map that was asked for, with a *Stop*."""
    asked_for = st.session_state.get(_ASKED)
    if not asked_for or asked_for[:2] != (assessment.model.digest, assessment.dataset.digest):
        return
    _, _, row, expression = asked_for
    place = st.empty()
    with place.container(horizontal=True, vertical_alignment="center"):
        bar = st.progress(0.0, _STARTING)
        st.button("Stop", key="stop_gradcam", on_click=st.session_state.pop, args=(_ASKED,))

    def waiting(waited_s: float) -> None:
        bar.progress(min(waited_s / TIME_OUT_S, 1.0), f"{_STARTING} {waited_s:.0f} s")

    try:
        heat = gradcam_map(
            assessment.model, np.array(assessment.images[row]), expression, waiting=waiting
        )
    except ModelError as error:
        del st.session_state[_ASKED]
        place.warning(plain(str(error)))
    else:
        del st.session_state[_ASKED]
        st.session_state.setdefault(_MAPS, {})[asked_for] = heat
        st.rerun()


@st.cache_data(show_spinner=False, max_entries=50)
def _covered(key: tuple, expression: int, _assessment, _face: np.ndarray) -> np.ndarray:
    spend(EXPLANATIONS)
    return occlusion_map(network(_assessment.model), _face, expression)


@st.cache_data(show_spinner=False, max_entries=50)
def _changed(key: tuple, _assessment, _face: np.ndarray) -> list[Stability]:
    spend(EXPLANATIONS)
    return stability(network(_assessment.model), _face)


def _stability(results: list[Stability], labels: LabelSet) -> None:
    st.markdown("**Does the answer hold?** The same face, with one thing changed.")
    curves = {result.name: result for result in results if result.name != "mirror"}
    mirror = next(result for result in results if result.name == "mirror")
    kind = st.segmented_control(
        "Change", list(curves), default="brightness", required=True, key="change",
        label_visibility="collapsed",
    )  # fmt: skip
    result = curves[kind]
    left, right = st.columns([3, 2], gap="large")
    with left:
        show_plot(stability_plot(result, labels))
    with right:
        _strip(result.images[::2], result.probabilities[::2], result.steps[::2], labels)
        before, after = (Expression(labels.expressions, p) for p in mirror.probabilities)
        same = "stays" if before.label == after.label else "turns into"
        named = "" if before.label == after.label else f" **{plain(after.label)}**"
        st.markdown(
            f"Mirrored, **{plain(before.label)}** {same}{named}: {before.confidence:.2f} before, "
            f"{after.confidence:.2f} after."
        )


def _strip(images, probabilities, steps, labels: LabelSet) -> None:
    """The changed faces with the answer to each."""
    with st.container(horizontal=True, gap="small"):
        for image, shares, step in zip(images, probabilities, steps, strict=True):
            with st.container(width=66, gap=None):
                st.image(image, width=66, alt=f"changed by {step:g}")
                name = labels.expressions[int(shares.argmax())]
                amount = signed(step, 1).removesuffix(".0") if step else "as it is"
                st.html(
                    f'<div style="font-size:12px;line-height:1.3;border-left:4px solid '
                    f'{colours(labels.expressions)[name]};padding-left:4px">{amount}<br>{name}</div>'
                )


def _learnt_from(assessment: ExpressionAssessment) -> Dataset | None:
    """A dataset here that the model was trained on; else the one at hand, if it has ``train``."""
    learnt = _digests_learnt(assessment)
    source = next((d for d in resources.datasets() if d.digest in learnt), assessment.dataset)
    return source if "train" in source.description["splits"] else None


def _digests_learnt(assessment: ExpressionAssessment) -> set[str]:
    return {data["digest"] for data in assessment.model.card.get("data", [])}


def _neighbours(assessment: ExpressionAssessment, i: int, source: Dataset) -> None:
    model = assessment.model
    if assessment.embedding is None:
        return
    st.markdown("**Nearest training faces**, by what the network sees in them")
    where = f"the {count(source.description['splits']['train'], 'face')} of {plain(source.name)}"
    where += " train"
    if source.digest not in _digests_learnt(assessment):
        where += ", which this model did not learn from"
    if not are_kept(model, source, "train"):
        if st.button(
            f"Let the model read {where}, once", key="read_train", icon=":material/search:"
        ):
            st.session_state[_READ] = True
            st.rerun()
        return
    said = outputs(model, source, "train")
    rows, samples = source.rows("train"), source.samples
    face = assessment.dataset.samples.iloc[assessment.rows[i]]
    found, similarity = nearest(assessment.embedding[i], said.embedding, NEIGHBOURS + 1)
    itself = (source.digest == assessment.dataset.digest) & (rows[found] == assessment.rows[i])
    kept = zip(rows[found][~itself], similarity[~itself], strict=True)
    with st.container(horizontal=True, gap="small"):
        for row, alike in list(kept)[:NEIGHBOURS]:
            with st.container(width=104, gap=None):
                st.image(np.asarray(source.images[row]), width=104, alt=f"Training face {row}")
                sample = samples.iloc[row]
                copy = " · exact copy" if sample["digest"] == face["digest"] else ""
                st.caption(f"{sample['expression'] or 'no label'} · {alike:.2f}{copy}")
    st.caption(
        "Labels are the dataset's; the figure is the similarity (cosine) of the network's last "
        f"inner values, 1 for the same. Searched: {where}."
    )
