"""Chapter 7: what a flip must do to the names, and how else a face may be changed."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from emotion_ai.labels import FLIP_ORDER, KEYPOINT_NAMES, KEYPOINT_SIDES
from emotion_ai.learn import mirror
from emotion_ai.learn.texts import Words
from emotion_ai.training.augmentation import erase, relight, warp
from emotion_ai.ui.charts import base_figure
from emotion_ai.ui.learn.faces import drawn_faces
from emotion_ai.ui.learn.figures import (
    FIRST,
    SECOND,
    as_picture,
    film,
    frame,
    grey_picture,
    key_on_top,
    revealed,
    show_film,
    slider,
    view,
)

_STEPS, _FACES, _FACE_PX = 12, 14, 96
#: The subject's left and right, and the middle, by colour and symbol.
_LOOKS = {"left": (FIRST, "circle"), "right": (SECOND, "diamond"), "middle": ("#FFFFFF", "square")}
_EYES = [KEYPOINT_NAMES.index(f"{side}_eye_center") for side in ("left", "right")]


def show(words: Words, picture, side) -> None:
    with picture:
        chosen = view(words, ("flip", "change"))
    with side:
        number = slider(words, "number", 1, _FACES, 2, 1)
    faces = drawn_faces(_FACES, _FACE_PX)
    image, points = faces.images[number - 1], faces.keypoints_px[number - 1]
    {"flip": _flip, "change": _change}[chosen](words, picture, side, image, points)


def _flip(words: Words, picture, side, image: np.ndarray, points: np.ndarray) -> None:
    with side:
        exchange = st.toggle(words("exchange"), True, key="mirror_exchange", bind="query-params")
    shares = np.linspace(0, 1, _STEPS + 1)
    stages = [mirror.turning(image, points, share) for share in shares]
    captions = [words("film_flip", share=f"{100 * share:.0f} %") for share in shares]
    if exchange:
        turned, moved = stages[-1]
        stages.append((turned, moved[list(FLIP_ORDER)]))
        captions.append(words("film_exchanged"))
    else:
        captions[-1] = words("film_forgotten")
    _play(words, picture, stages, captions, "flip")
    off = mirror.name_error_px(image, points)
    with side:
        if not revealed(words):
            return
        sided = np.array([name != "middle" for name in KEYPOINT_SIDES])
        st.markdown(words("off" if not exchange else "exchanged", px=off[sided].mean()))


def _change(words: Words, picture, side, image: np.ndarray, points: np.ndarray) -> None:
    with side:
        rotation_deg = slider(words, "rotation", -45, 45, 15, 1)
        zoom = slider(words, "zoom", 0.6, 1.6, 1.1, 0.05)
        shift = slider(words, "shift", -25, 25, 6, 1)
        light = slider(words, "light", -80, 80, 30, 5)
        hidden = slider(words, "erase", 0, 60, 24, 4)
    shares = np.linspace(0, 1, _STEPS + 1)
    stages = []
    for share in shares:
        changed, moved = warp(
            image[None], points[None], np.array([rotation_deg * share]),
            np.array([zoom**share]), np.array([[shift * share, 0.0]]),
        )  # fmt: skip
        changed = relight(changed, brightness=light * share)
        half = hidden * share / 2
        box = np.clip(np.array([[62 - half, 66 - half, 62 + half, 66 + half]]), 0, _FACE_PX)
        changed = erase(changed, np.rint(box).astype(int), np.array([128], np.uint8))
        stages.append((changed[0], moved[0]))
    captions = [words("film_change", share=f"{100 * share:.0f} %") for share in shares]
    _play(words, picture, stages, captions, "change")
    with side:
        st.caption(words("change_note"))


def _play(words: Words, picture, stages: list, captions: list[str], name: str) -> None:
    """A film of faces with their points, coloured by the side that they are named after."""
    frames = [frame(_face(words, *stage), [0, 1, 2, 3, 4]) for stage in stages]
    last = len(frames) - 1
    figure = base_figure(*_face(words, *stages[last]), height_px=460)
    as_picture(figure, (_FACE_PX, _FACE_PX))
    key_on_top(figure)
    with picture:
        figure = film(figure, frames, captions, start=last, ms=150)
        table = pd.DataFrame(stages[last][1], columns=["x_px", "y_px"])
        table.insert(0, "keypoint", KEYPOINT_NAMES)
        show_film(figure, table, f"mirror_{name}", words(f"alt_{name}"))


def _face(words: Words, image: np.ndarray, points: np.ndarray) -> list:
    traces: list = [grey_picture(image)]
    for side, (colour, symbol) in _LOOKS.items():
        chosen = np.array([one == side for one in KEYPOINT_SIDES])
        traces.append(
            go.Scatter(
                x=points[chosen, 0],
                y=points[chosen, 1],
                mode="markers",
                name=words(side),
                marker={
                    "color": colour,
                    "symbol": symbol,
                    "size": 11,
                    "line": {"width": 1.5, "color": "black"},
                },
                hoverinfo="skip",
            )
        )
    traces.append(
        go.Scatter(
            x=points[_EYES, 0],
            y=points[_EYES, 1] - 12,
            mode="text",
            hoverinfo="skip",
            text=[f"<b>{words('left_eye')}</b>", f"<b>{words('right_eye')}</b>"],
            textfont={"size": 14, "color": "white", "shadow": "0 0 3px black, 0 0 6px black"},
            showlegend=False,
        )
    )
    return traces
