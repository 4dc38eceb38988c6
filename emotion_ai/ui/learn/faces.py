"""Faces for the chapters: drawn ones, those of a dataset, or one's own photo, never kept."""

import cv2
import numpy as np
import streamlit as st

from emotion_ai.datasets.drawn.synthetic import SyntheticFaces, draw_faces
from emotion_ai.datasets.store import Dataset
from emotion_ai.errors import ImageError
from emotion_ai.faces.cropping import FRAMINGS, crop_faces
from emotion_ai.learn.texts import Words
from emotion_ai.media.images import EXTENSIONS, decode_image
from emotion_ai.ui import resources
from emotion_ai.ui.learn.figures import choice, slider
from emotion_ai.ui.uploads import drop

_SEED = 4


@st.cache_resource(show_spinner=False, max_entries=4)
def drawn_faces(n: int, size_px: int = 96) -> SyntheticFaces:
    """The same faces for every chapter."""
    return draw_faces(n, size_px, _SEED)


def dataset_named(name: str) -> Dataset | None:
    """The imported dataset of that name, or None."""
    return next((one for one in resources.datasets() if one.name == name), None)


def pick_face(words: Words, size_px: int) -> np.ndarray:
    """A face chosen by the visitor: uint8 (size_px, size_px)."""
    data = next((one for one in resources.datasets() if one.task == "expression"), None)
    source = choice(words, "source", ["drawn", *(["data"] if data else []), "own"])
    face = _own_face(words, size_px) if source == "own" else None
    if face is not None:
        return face
    faces = data.images if source == "data" else drawn_faces(14).images
    most = min(len(faces), 200)
    # A slider needs two ends.
    number = slider(words, f"number_{source}", 1, most, min(3, most), 1) if most > 1 else 1
    return _resized(faces[number - 1], size_px)


def _own_face(words: Words, size_px: int) -> np.ndarray | None:
    file = st.file_uploader(words("upload"), EXTENSIONS, key="learn_photo")
    if file is None:
        st.caption(words("upload_note"))
        return None
    try:
        frame = decode_image(file.getvalue(), file.name)
    except ImageError:
        drop(file)
        raise
    grey = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
    readings = resources.reader().read(frame)
    if readings:
        return crop_faces(grey, [readings[0].face], FRAMINGS["expression"], size_px).images[0]
    st.caption(words("no_face"))
    side = min(grey.shape)
    top, left = ((length - side) // 2 for length in grey.shape)
    return _resized(grey[top : top + side, left : left + side], size_px)


def _resized(face: np.ndarray, size_px: int) -> np.ndarray:
    return cv2.resize(face, (size_px, size_px), interpolation=cv2.INTER_AREA)
