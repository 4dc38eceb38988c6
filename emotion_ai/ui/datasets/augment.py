"""A face before and after each augmentation, and what a mirror does to left and right."""

import numpy as np
import streamlit as st

from emotion_ai.datasets.drawn import synthetic
from emotion_ai.faces.montage import Layout, encode_webp, montage
from emotion_ai.training import augmentation
from emotion_ai.training.augmentation import Augmentation
from emotion_ai.ui.datasets.face import face_picture
from emotion_ai.ui.datasets.grid import chosen_face
from emotion_ai.ui.datasets.view import View

_FROM_HERE, _DRAWN = "this dataset", "a drawn face"
_EXAMPLES = 16


def augment_tab(view: View) -> None:
    image, points = _face(view)
    pictures, controls = st.columns([3, 1.2], gap="large")
    with controls:
        rotation = st.slider("Turn (degrees)", -45, 45, 12)
        scale = st.slider("Zoom", 0.6, 1.6, 1.0, 0.05)
        across, down = (
            st.slider(f"Shift {where} (share of the side)", -0.3, 0.3, 0.0, 0.01)
            for where in ("right", "down")
        )
        brightness = st.slider("Brightness (grey values)", -100, 100, 0)
        contrast = st.slider("Contrast", 0.3, 2.0, 1.0, 0.05)
        noise = st.slider("Noise (grey values)", 0, 40, 0)
        erased = st.toggle("Cover a part")
        mirrored = st.toggle("Mirror", value=True)
        swap = st.toggle("… and exchange left and right", value=True, disabled=not mirrored)
    changed, moved = image[None], None if points is None else points[None]
    if mirrored:
        changed, moved = augmentation.flip_horizontal(changed, moved, swap=swap)
    size = image.shape[0]
    shift = np.array([[across, down]]) * size
    changed, moved = augmentation.warp(
        changed, moved, np.array([rotation]), np.array([scale]), shift
    )
    speckles = np.random.default_rng(0).standard_normal(changed.shape) * noise
    changed = augmentation.relight(changed, brightness, contrast, speckles if noise else None)
    if erased:
        box = np.array([[0.55, 0.5, 0.85, 0.8]]) * size
        changed = augmentation.erase(changed, box.astype(int), np.array([90], np.uint8))
    with pictures:
        before, after = st.columns(2, gap="medium")
        with before:
            st.markdown("**Before**")
            st.html(face_picture(image, points))
        with after:
            st.markdown("**After**")
            st.html(face_picture(changed[0], None if moved is None else moved[0]))
        _lesson(points, size, mirrored, swap)
        st.markdown("**What training makes of this face**, each time it sees it")
        st.image(_variations(image.tobytes(), image, points), alt="Random variations of the face")


def _face(view: View) -> tuple[np.ndarray, np.ndarray | None]:
    """The face to change, uint8 (S, S), and its points where it has any."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        source = st.segmented_control(
            "The face", [_FROM_HERE, _DRAWN], required=True, key="augmented", bind="query-params",
            default=_FROM_HERE if view.dataset.task == "keypoints" else _DRAWN,
        )  # fmt: skip
        if source == _DRAWN:
            seed = st.number_input("Which", 0, 9999, 12, key="drawn_seed", width=160)
            faces = _drawn(seed)
            return faces.images[0], faces.keypoints_px[0]
        start = min(chosen_face() or 0, len(view.dataset) - 1)
        row = st.number_input(
            "Row",
            0,
            len(view.dataset) - 1,
            start,
            width=160,
            help="The face you last clicked in Browse",
        )
    points = None
    if view.dataset.task == "keypoints":
        points = view.dataset.keypoints_px[row]
    return np.ascontiguousarray(view.dataset.images[row]), points


@st.cache_data(show_spinner=False, max_entries=50)
def _drawn(seed: int) -> synthetic.SyntheticFaces:
    return synthetic.draw_faces(1, 96, seed)


def _lesson(points: np.ndarray | None, size: int, mirrored: bool, swap: bool) -> None:
    """Why a mirror must exchange names, in this face's own pixels."""
    if points is None:
        st.info(
            "This dataset has no keypoints, so only pixels change. Choose *a drawn face* above to "
            "see them move along."
        )
        return
    if not mirrored:
        st.caption(":yellow[●] the subject's left points, :blue[●] the right ones, ○ the middle.")
        return
    image = np.zeros((1, size, size), np.uint8)
    _, right = augmentation.flip_horizontal(image, points[None])
    _, wrong = augmentation.flip_horizontal(image, points[None], swap=False)
    off = np.linalg.norm(right - wrong, axis=2)[0]
    off = off[off > 1e-6]
    if swap:
        st.success(
            "Mirrored, and names exchanged: the subject's left points (:yellow[●]) are on the "
            "viewer's right again, as in every other face.",
            icon=":material/check:",
        )
    elif len(off):
        st.error(
            "Mirrored, but names kept: now *left eye* names the subject's right eye. "
            f"{len(off)} of the points are wrong, by {off.mean():.0f} pixels on average, many "
            "times what a trained model errs. A network trained like this learns the middle "
            "between both.",
            icon=":material/swap_horiz:",
        )


@st.cache_data(show_spinner=False, max_entries=50)
def _variations(key: bytes, _image: np.ndarray, _points: np.ndarray | None) -> bytes:
    many = np.repeat(_image[None], _EXAMPLES, axis=0)
    points = None if _points is None else np.repeat(_points[None], _EXAMPLES, axis=0)
    changed, moved = augmentation.augment(many, points, Augmentation(), np.random.default_rng(0))
    layout = Layout(_EXAMPLES, _EXAMPLES // 2, 130)
    return encode_webp(montage(changed, layout, keypoints_px=moved))
