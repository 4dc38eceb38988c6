"""What a flip does to a picture and to the names of its points, moment by moment."""

import cv2
import numpy as np

from emotion_ai.training.augmentation import flip_horizontal


def turning(image: np.ndarray, keypoints_px: np.ndarray, share: float):
    """The face on its way to its mirror image: 0 as it is, 0.5 seen from the edge, 1 mirrored.

    ``image`` uint8 (H, W); returns the same shape, background 255, and float (15, 2) points.
    Names are those of the start: exchanging them is the step after.
    """
    height, width = image.shape
    squeeze = float(np.cos(np.pi * share))
    centre = (width - 1) / 2
    points = keypoints_px.astype(float).copy()
    points[:, 0] = centre + (points[:, 0] - centre) * squeeze
    if abs(squeeze) < 1 / width:
        return np.full_like(image, 255), points
    affine = np.array([[squeeze, 0, centre * (1 - squeeze)], [0, 1, 0]])
    turned = cv2.warpAffine(
        image, affine, (width, height), borderMode=cv2.BORDER_CONSTANT, borderValue=255
    )
    return turned, points


def name_error_px(image: np.ndarray, keypoints_px: np.ndarray) -> np.ndarray:
    """How far each name is off when a flip forgets to exchange left and right: float (15,)."""
    faces, points = image[None], keypoints_px[None]
    right = flip_horizontal(faces, points)[1][0]
    wrong = flip_horizontal(faces, points, swap=False)[1][0]
    return np.linalg.norm(right - wrong, axis=1)
