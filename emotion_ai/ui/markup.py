"""Readings as HTML: the annotated picture, probability bars, face cards. Styled by style.css.

Pictures stay pictures and everything on them is laid over in percent of their size: sharp at any
width, readable on a phone, and layers can be hidden without sending the picture again.
Nothing that a visitor typed or named may enter here.
"""

import base64
from html import escape

import numpy as np

from emotion_ai.faces.drawing import bgr
from emotion_ai.faces.quality import expression_text, is_uncertain
from emotion_ai.figures.base import css_fill
from emotion_ai.labels import (
    KEYPOINT_NAMES,
    KEYPOINT_SIDES,
    SIDE_COLOURS,
    colours,
    looks,
)
from emotion_ai.results import Expression, FaceReading

NO_EXPRESSION_COLOUR = "#FFFFFF"
#: Of more classes than this the likeliest get a bar.
MOST_BARS = 12
#: The width of a picture for which labels are placed, and about the size of a full label there.
ROOM_PX, LABEL_WH_PX = 560, (122, 22)


def data_url(jpeg: bytes) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()


def annotated_picture(
    jpeg: bytes, size_wh: tuple[int, int], readings: list[FaceReading], animate: bool = False
) -> str:
    """The picture with its readings laid over.

    ``size_wh`` is the photo that the readings are in pixels of; ``jpeg`` may be smaller.
    """
    roomy = _labels_with_room(readings, size_wh)
    layers = [
        _box(number, reading, size_wh, room)
        for number, (reading, room) in enumerate(zip(readings, roomy, strict=True), 1)
    ]
    layers += [_points(number, reading, size_wh) for number, reading in enumerate(readings, 1)]
    faces = f"{len(readings)} face{'s' * (len(readings) != 1)}"
    return (
        f'<div class="ea-picture{" ea-animate" * animate}">'
        f'<img src="{data_url(jpeg)}" alt="Picture with {faces} marked">{"".join(layers)}</div>'
    )


def _labels_with_room(readings: list[FaceReading], size_wh: tuple[int, int]) -> list[bool]:
    """Whose full label covers no other label or face, where the picture is ``ROOM_PX`` wide."""
    if not readings:
        return []
    boxes = np.array([reading.face.box_xyxy for reading in readings]) * (ROOM_PX / size_wh[0])
    labels = boxes.copy()
    labels[:, 3] = boxes[:, 1]
    labels[:, 1] -= LABEL_WH_PX[1]
    to_the_left = boxes[:, 0] + boxes[:, 2] > 1.3 * ROOM_PX
    labels[to_the_left, 0] = boxes[to_the_left, 2] - LABEL_WH_PX[0]
    labels[~to_the_left, 2] = boxes[~to_the_left, 0] + LABEL_WH_PX[0]
    others = np.concatenate([labels, boxes])
    overlaps = (
        (labels[:, None, :2] < others[None, :, 2:]) & (labels[:, None, 2:] > others[None, :, :2])
    ).all(axis=2)
    own = np.tile(np.eye(len(readings), dtype=bool), 2)
    return (~(overlaps & ~own).any(axis=1)).tolist()


def _box(number: int, reading: FaceReading, size_wh: tuple[int, int], room: bool) -> str:
    x0, y0, x1, y1 = np.asarray(reading.face.box_xyxy) / np.tile(size_wh, 2) * 100
    said = reading.expression
    colour = colours(said.labels)[said.label] if said else NO_EXPRESSION_COLOUR
    words = f"<b>{number}</b>"
    tip = f"Face {number}"
    if said:
        doubt = "?" * is_uncertain(said)
        words += f'<span class="ea-name">{escape(said.label)}{doubt}</span>'
        words += f'<span class="ea-probability">{said.confidence:.2f}</span>'
        first = sorted(said.as_dict().items(), key=lambda item: -item[1])[:3]
        tip += ": " + ", ".join(f"{escape(name)} {value:.2f}" for name, value in first)
    side = "ea-right" if x0 + x1 > 130 else "ea-left"
    place = "ea-inside" if y0 < 7 else "ea-above"
    return (
        f'<div class="ea-box {side} {place}{" ea-roomy" * room}" tabindex="0" data-tip="{tip}" '
        f'style="left:{x0:.2f}%;top:{y0:.2f}%;width:{x1 - x0:.2f}%;height:{y1 - y0:.2f}%;'
        f'--colour:{colour};--ink:{ink_on(colour)}"><div class="ea-label">{words}</div></div>'
    )


def _points(number: int, reading: FaceReading, size_wh: tuple[int, int]) -> str:
    if reading.keypoints_px is None:
        return ""
    # Pixel centres lie half a pixel inside.
    places = (reading.keypoints_px + 0.5) / np.asarray(size_wh) * 100
    diameter = reading.face.size_wh[0] / size_wh[0] * 3.4  # percent of the picture's width
    return "".join(
        f'<i class="ea-point {"ea-right" if x > 65 else "ea-left"}" data-tip="{number} · '
        f'{name.replace("_", " ")}" style="left:{x:.2f}%;top:{y:.2f}%;--d:{diameter:.2f}cqw;'
        f'--colour:{SIDE_COLOURS[side]};--i:{i}"></i>'
        for i, (name, side, (x, y)) in enumerate(
            zip(KEYPOINT_NAMES, KEYPOINT_SIDES, places, strict=True)
        )
        if not (np.isnan(x) or np.isnan(y))
    )


def hide_layers(hidden: list[str]) -> str:
    """A style that hides layers of every picture: named as the fields of
    ``drawing.Layers``."""
    rules = {
        "box": ".ea-picture .ea-box{border-color:transparent;box-shadow:none}",
        "points": ".ea-picture .ea-point{display:none}",
        "name": ".ea-picture .ea-name{display:none}",
        "probability": ".ea-picture .ea-probability{display:none}",
    }
    return "<style>" + "".join(rules[layer] for layer in hidden) + "</style>"


def probability_bars(expression: Expression, animate: bool = False) -> str:
    """A bar for every expression, or for the likeliest of many, each with its name and value."""
    values, fills = expression.as_dict(), looks(expression.labels)
    shown = values.items()
    if len(values) > MOST_BARS:
        shown = sorted(shown, key=lambda item: -item[1])[:MOST_BARS]
    rows = "".join(
        f'<div class="ea-bar{" ea-first" * (name == expression.label)}"><span>{escape(name)}</span>'
        f'<div><div style="width:{100 * value:.1f}%;background:{css_fill(fills[name])};'
        f'--i:{i}"></div></div><span>{value:.2f}</span></div>'
        for i, (name, value) in enumerate(shown)
    )
    if more := len(values) - len(shown):
        rows += f'<div class="ea-bar"><span>and {more} more</span></div>'
    return f'<div class="ea-bars{" ea-animate" * animate}">{rows}</div>'


def face_card(number: int, reading: FaceReading, crop: bytes, hints: tuple[str, ...]) -> str:
    """Crop, expression with its bars, and what makes the face hard to read; then the visitor's own
    classes where a taught head read too."""
    said, own = reading.expression, reading.own
    words = escape(expression_text(said)) if said else "no expression model"
    taught = ""
    if own:
        taught = (
            f'<div class="ea-title">Your classes: {escape(own.label)}</div>{probability_bars(own)}'
        )
    chips = "".join(f"<span>{hint}</span>" for hint in hints)
    return (
        f'<div class="ea-card"><img src="{data_url(crop)}" alt="Face {number}"><div>'
        f'<div class="ea-title"><b>{number}</b> {words}</div>'
        f'<div class="ea-hints">{chips}</div>'
        f"{probability_bars(said) if said else ''}{taught}</div></div>"
    )


def ink_on(hex_colour: str) -> str:
    """Black or white, whichever is easier to read on the colour."""
    linear = (np.array(bgr(hex_colour)[::-1]) / 255) ** 2.2
    return "#000" if linear @ (0.2126, 0.7152, 0.0722) > 0.18 else "#FFF"
