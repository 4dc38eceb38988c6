"""How far a reading can be trusted: hints about the face's picture, and when to say *uncertain*."""

import cv2
import numpy as np

from emotion_ai.faces.cropping import FRAMINGS, crop_faces
from emotion_ai.labels import INPUT_SIZE_PX, KEYPOINT_NAMES, OUTER_EYE_CORNERS
from emotion_ai.results import Expression, FaceReading

#: Below this probability the first expression is only the likeliest of several.
UNCERTAIN_BELOW = 0.5
#: Narrower faces hold fewer pixels than the networks read.
SMALL_BELOW_PX = 40
#: Sharp portraits measure 0.06 to 2; blurred by 2 % of the face's width they fall under 0.03.
BLURRED_BELOW = 0.02
#: Where the nose tip stands between the outer eye corners, 0.5 for a face straight ahead; 0.2
#: from the middle is a turn of about 30 degrees.
TURNED_FROM_MIDDLE = 0.2

_NOSE_TIP = KEYPOINT_NAMES.index("nose_tip")


def is_uncertain(expression: Expression) -> bool:
    return expression.confidence < UNCERTAIN_BELOW


def expression_text(expression: Expression) -> str:
    """``"happy 0.91"``, or ``"uncertain: neutral 0.41"``."""
    text = f"{expression.label} {expression.confidence:.2f}"
    return f"uncertain: {text}" if is_uncertain(expression) else text


def quality_hints(grey: np.ndarray, readings: list[FaceReading]) -> list[tuple[str, ...]]:
    """For each face of a uint8 (H, W) photo what makes it hard to read: ``small``, ``blurred``,
    ``turned away``."""
    faces = [reading.face for reading in readings]
    crops = crop_faces(grey, faces, FRAMINGS["keypoints"], INPUT_SIZE_PX["keypoints"])
    return [
        tuple(
            hint
            for hint, applies in (
                ("small", min(reading.face.size_wh) < SMALL_BELOW_PX),
                ("blurred", sharpness(crop) < BLURRED_BELOW),
                ("turned away", is_turned_away(reading.keypoints_px)),
            )
            if applies
        )
        for reading, crop in zip(readings, crops.images, strict=True)
    ]


def sharpness(crop: np.ndarray) -> float:
    """Variance of the Laplacian of a uint8 (S, S) crop, its contrast taken out."""
    pixels = crop.astype(np.float32)
    pixels /= max(float(pixels.std()), 1.0)
    return float(cv2.Laplacian(pixels, cv2.CV_32F).var())


def is_turned_away(keypoints_px: np.ndarray | None) -> bool:
    """Whether the nose tip has left the middle between the outer eye corners.

    ``keypoints_px`` float32 (15, 2); False without them. A tilted head is not turned: the place
    is measured along the line between the eyes.
    """
    if keypoints_px is None:
        return False
    left, right = keypoints_px[list(OUTER_EYE_CORNERS)]
    across = left - right
    length = float(across @ across)
    if not length > 0:  # also False for NaN
        return False
    share = float((keypoints_px[_NOSE_TIP] - right) @ across) / length
    return abs(share - 0.5) > TURNED_FROM_MIDDLE
