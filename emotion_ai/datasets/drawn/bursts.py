"""Drawn people before a drawn camera: bursts of near copies, as a real camera records them.

``python -m emotion_ai.datasets.drawn.bursts FILE`` writes the sheet that *Teach it* can be tried
out on (``static/device/drawn_people.jpg``; ``static/device/drawn.mjs`` knows its layout).
"""

import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from emotion_ai.datasets.drawn.canvas import Canvas
from emotion_ai.datasets.drawn.geometry import place_face
from emotion_ai.datasets.drawn.painting import paint_face
from emotion_ai.datasets.drawn.parameters import Face, random_face

PEOPLE, FRAMES, SIDE_PX, SEED = 12, 8, 96, 5
#: What they act, as changes of a neutral face: no expression that networks have learnt by name.
ACTS: dict[str, dict[str, float]] = {
    "thinking": {
        "gaze_down": 0.56, "brow_down": 0.4, "brow_together": 0.48, "lips_pressed": 0.56,
        "stretch": -0.24,
    },
    "bored": {"eyes_wide": -0.36, "outer_lid_down": 0.56, "smile": -0.2, "gaze_down": 0.24},
    "half a smile": {"smile": 0.36, "stretch": 0.12},
}  # fmt: skip
#: As in ``synthetic``: half the distance between the eyes and their height, in shares of the side.
_UNIT, _EYES_Y = 0.188, 0.37


def draw_sheet() -> np.ndarray:
    """Grey uint8: a row of squares a person, in it the frames of one act after the other."""
    rows = []
    for person in range(PEOPLE):
        look = random_face(np.random.default_rng((SEED, person)), "neutral").look
        for k, act in enumerate(ACTS.values()):
            rng = np.random.default_rng((SEED, person, k))
            face = random_face(rng, "neutral")
            face = replace(face, look=look, acting=replace(face.acting, **act))
            wall = rng.uniform(70, 200)
            rows += [_frame(face, wall, i, rng) for i in range(FRAMES)]
    squares = np.array(rows).reshape(PEOPLE, len(ACTS) * FRAMES, SIDE_PX, SIDE_PX)
    return squares.transpose(0, 2, 1, 3).reshape(PEOPLE * SIDE_PX, -1)


def _frame(face: Face, wall: float, i: int, rng: np.random.Generator) -> np.ndarray:
    """The head sways a little, the light stays."""
    angle = 2 * np.pi * i / FRAMES
    swayed = replace(
        face,
        roll=face.roll + 0.03 * np.sin(angle),
        yaw=face.yaw + 0.04 * np.cos(angle),
        pitch=face.pitch + 0.02 * np.sin(2 * angle),
    )
    centre_px = np.array([0.5 + 0.012 * np.sin(angle), _EYES_Y + 0.008 * np.cos(angle)])
    lines = place_face(swayed, centre_px * SIDE_PX - 0.5, _UNIT * SIDE_PX)
    scale = 2
    canvas = Canvas(np.full((scale * SIDE_PX, scale * SIDE_PX, 3), wall, np.uint8), scale)
    paint_face(canvas, swayed, lines)
    grey = cv2.cvtColor(canvas.finished(), cv2.COLOR_BGR2GRAY)
    return np.clip(grey + rng.normal(0, 2, grey.shape), 0, 255).astype(np.uint8)


if __name__ == "__main__":
    jpeg = cv2.imencode(".jpg", draw_sheet(), [cv2.IMWRITE_JPEG_QUALITY, 80])[1]
    Path(sys.argv[1]).write_bytes(jpeg.tobytes())
