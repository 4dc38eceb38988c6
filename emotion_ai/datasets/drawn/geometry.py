"""From the parameters of a drawn face to its lines: where every curve and keypoint lies.

A face lives in its own frame: x towards the subject's left (right in the picture), y down, the
middle between the eyes at 0, lengths in units (see ``drawn_face``). Features sit on an ellipsoid
that turns and nods; hair, outline and body stay in the plane of the picture. All control points
are projected together, and curves pass through them, so the keypoints are exactly on the drawing.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from emotion_ai.datasets.drawn.parameters import Acting, Face, Look
from emotion_ai.labels import KEYPOINT_NAMES

#: The head as an ellipsoid: half axes in x, y, z and its centre's y, in units.
HEAD_AXES, HEAD_CENTRE_Y = np.array([2.35, 4.0, 2.2]), 0.4
_HEAD_CENTRE = np.array([0, HEAD_CENTRE_Y])
Points = list[tuple[float, float, float]]
SIDES = (("left", 1), ("right", -1))
#: Where the nine points of a lip line stand between the mouth's corners.
_ALONG = np.array([-1, -0.78, -0.5, -0.2, 0, 0.2, 0.5, 0.78, 1])
_CUPID = np.array([0, 0.45, 0.8, 1.05, 0.86, 1.05, 0.8, 0.45, 0])


@dataclass(frozen=True)
class FaceLines:
    """A face placed in a picture. Control points are float64 (k, 2), pixels, x then y."""

    controls: dict[str, np.ndarray]
    keypoints_px: np.ndarray
    unit_px: float
    centre_px: np.ndarray
    roll: float
    #: The rotation by ``roll``.
    turn: np.ndarray

    def curve(self, name: str, closed: bool = False) -> np.ndarray:
        """The smooth line through the control points of ``name``, float64 (m, 2), pixels."""
        return smooth(self.controls[name], closed)

    def head_px(self, points) -> np.ndarray:
        """Points of the head's own plane (units, upright) → pixels."""
        return self._upright(points, self.turn)

    def body_px(self, points) -> np.ndarray:
        """The same for neck and shoulders, which hardly follow when the head tilts."""
        return self._upright(points, _rotation(0.2 * self.roll))

    def in_head(self, points_px: np.ndarray) -> np.ndarray:
        """Pixels → units of the head's own plane."""
        upright = product(points_px - self.centre_px, self.turn)
        return upright / self.unit_px + _HEAD_CENTRE

    def _upright(self, points, turn: np.ndarray) -> np.ndarray:
        points = np.asarray(points, float) - _HEAD_CENTRE
        return product(points, turn.T) * self.unit_px + self.centre_px

    def region(self, edge: str, other_edge: str) -> np.ndarray:
        """The closed outline between two lines that run the same way."""
        return np.concatenate([self.curve(edge), self.curve(other_edge)[::-1]])


def product(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """``left @ right``, added up alike on every processor. The library behind ``@`` rounds as its
    kernel for each kind does, and a drawn pixel could come out a grey off."""
    return np.einsum("...j,jk->...k", left, right)


def place_face(face: Face, centre_px: np.ndarray, unit_px: float) -> FaceLines:
    """Put ``face`` into a picture, the middle of its features near ``centre_px``."""
    skin, flat = _skin_lines(face), _flat_lines(face)
    points = np.concatenate(
        [
            _on_head(np.array([point for points in skin.values() for point in points])),
            np.array([(x, y, 0.0) for points in flat.values() for x, y in points]),
        ]
    )
    # Half of what turning and nodding shifts is undone: a detector would centre the face so too.
    shift = 0.5 * _turn(_on_head(np.array([(0, HEAD_CENTRE_Y, 0)])), face)[0] - (
        0,
        0.5 * HEAD_CENTRE_Y,
    )
    roll = _rotation(face.roll)
    points_px = product(_turn(points, face) - shift, roll.T) * unit_px + centre_px
    controls, start = {}, 0
    for name, line in (*skin.items(), *flat.items()):
        controls[name] = points_px[start : start + len(line)]
        start += len(line)
    head_centre_px = product(np.array([0, HEAD_CENTRE_Y]) - shift, roll.T) * unit_px + centre_px
    return FaceLines(controls, _keypoints(controls), unit_px, head_centre_px, face.roll, roll)


def smooth(points: np.ndarray, closed: bool = False) -> np.ndarray:
    """A Catmull-Rom curve through all points."""
    return product(_catmull_rom(len(points), closed), points)


def ribbon(line: np.ndarray, width_px: np.ndarray) -> np.ndarray:
    """The outline of a stroke along ``line`` (m, 2) with a width that varies along it."""
    half = np.empty_like(line)
    half[1:-1] = line[2:] - line[:-2]
    half[0], half[-1] = line[1] - line[0], line[-1] - line[-2]
    half /= np.sqrt(half[:, :1] ** 2 + half[:, 1:] ** 2) + 1e-9
    half = half[:, ::-1] * (-0.5, 0.5)
    half *= product(_linear(len(width_px), len(line)), width_px[:, None])
    return np.concatenate([line + half, (line - half)[::-1]])


@cache
def _linear(count: int, wanted: int) -> np.ndarray:
    """The matrix that spreads ``count`` values evenly over ``wanted`` places."""
    places = np.linspace(0, count - 1, wanted)[:, None]
    return np.maximum(0, 1 - np.abs(places - np.arange(count)))


@cache
def _catmull_rom(count: int, closed: bool, steps: int = 6) -> np.ndarray:
    """The matrix that turns ``count`` control points into points of the curve."""
    t = np.arange(steps)[:, None] / steps
    blend = np.hstack(
        [-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, t**3 - t**2]
    )
    segments = count if closed else count - 1
    matrix = np.zeros((segments * steps + (not closed), count + 2))
    for i in range(segments):
        columns = (np.arange(i, i + 4) - 1) % count + 1 if closed else np.arange(i, i + 4)
        matrix[i * steps : (i + 1) * steps, columns] += blend / 2
    if not closed:
        matrix[-1, count] = 1
        # Beyond the ends the line goes straight on.
        for end, near, nearer in ((0, 1, 2), (count + 1, count, count - 1)):
            matrix[:, near] += 2 * matrix[:, end]
            matrix[:, nearer] -= matrix[:, end]
    return matrix[:, 1:-1]


def _rotation(angle: float) -> np.ndarray:
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def _on_head(points: np.ndarray) -> np.ndarray:
    """Points (k, 3) as x, y and height over the head's surface → x, y, z."""
    inside = ((points[:, :2] - (0, HEAD_CENTRE_Y)) / HEAD_AXES[:2]) ** 2
    depth = HEAD_AXES[2] * np.sqrt(np.clip(1 - inside.sum(axis=1), 0.03, 1))
    return np.column_stack([points[:, :2], points[:, 2] + depth])


def _raised(points, height: float) -> Points:
    return [(x, y, height) for x, y in points]


def _turn(points: np.ndarray, face: Face) -> np.ndarray:
    """Yaw, then pitch, then look along z: (k, 3) → (k, 2)."""
    x, y, z = (points - (0, HEAD_CENTRE_Y, 0)).T
    x, z = x * np.cos(face.yaw) + z * np.sin(face.yaw), z * np.cos(face.yaw) - x * np.sin(face.yaw)
    return np.column_stack([x, y * np.cos(face.pitch) + z * np.sin(face.pitch) + HEAD_CENTRE_Y])


def _skin_lines(face: Face) -> dict[str, Points]:
    """Everything on the head's surface, as x, y and height over it."""
    look, acting = face.look, face.acting
    lines: dict[str, Points] = {}
    for side, sign in SIDES:
        stronger = 1 + 0.35 * sign * acting.lopsided
        feature = _eye(look, acting) | _brow(look, acting, stronger) | _creases(look, acting)
        for name, points in feature.items():
            lines[f"{side}_{name}"] = [(sign * x, y, 0.0) for x, y in points]
    return lines | _nose(look, acting) | _mouth(look, acting)


def _eye(look: Look, acting: Acting) -> dict[str, list]:
    x, half = look.eye_distance, 0.44 * look.eye_size
    top = 0.25 * look.eye_size * (1 + 0.8 * acting.eyes_wide)
    bottom = 0.17 * look.eye_size * (1 - 0.6 * acting.lower_lid_up + 0.25 * acting.eyes_wide)
    inner = (x - half, 0.05 - 0.03 * acting.outer_lid_down)
    outer = (x + half, -0.03 + 0.16 * acting.outer_lid_down)
    droop = 0.1 * acting.outer_lid_down
    return {
        "upper_lid": [inner, (x - 0.5 * half, -0.8 * top), (x, -top),
                      (x + 0.55 * half, -0.8 * top + droop), outer],
        "lower_lid": [inner, (x - 0.5 * half, 0.85 * bottom), (x, bottom),
                      (x + 0.55 * half, 0.85 * bottom), outer],
        "lid_fold": [(x - 0.9 * half, -0.1 - 0.35 * top), (x - 0.4 * half, -1.25 * top - 0.09),
                     (x + 0.3 * half, -1.25 * top - 0.1),
                     (x + 1.1 * half, -0.45 * top - 0.03 + droop)],
        "pupil": [(x, -0.03 + 0.12 * acting.gaze_down - 0.03 * acting.eyes_wide)],
        "frame": [(x - 0.72, -0.1), (x - 0.62, -0.46), (x, -0.54), (x + 0.64, -0.46), (x + 0.74, 0),
                  (x + 0.6, 0.46), (x, 0.56), (x - 0.58, 0.46)],
        "temple": [(x + 0.72, -0.12), (2.3 * look.width, -0.2)],
    }  # fmt: skip


def _brow(look: Look, acting: Acting, stronger: float) -> dict[str, list]:
    y = -0.62 - look.brow_height - 0.06 * acting.eyes_wide
    x = 0.43 - 0.16 * acting.brow_together
    inner = y - 0.36 * acting.inner_brow_up * stronger + 0.37 * acting.brow_down
    outer = y + 0.06 - 0.3 * acting.outer_brow_up * stronger + 0.1 * acting.brow_down
    outer += 0.12 * acting.inner_brow_up * (acting.outer_brow_up < 0.6)
    arch = 0.13 + 0.06 * acting.outer_brow_up - 0.1 * acting.brow_down - 0.07 * acting.inner_brow_up
    return {
        "brow": [(x, inner), (x + 0.45, 0.65 * inner + 0.35 * outer - arch),
                 (x + 0.9, 0.3 * inner + 0.7 * outer - arch), (1.68, outer)],
    }  # fmt: skip


def _creases(look: Look, acting: Acting) -> dict[str, list]:
    """Folds of the skin; how deep they are drawn is the painter's business."""
    smile = max(acting.smile, 0.0)
    up = 0.15 * max(acting.cheeks_up, acting.nose_wrinkled)
    return {
        "cheek_fold": [(0.46, 1.0 - up), (0.8 + 0.12 * smile, 1.45 - up),
                       (1.0 + 0.2 * smile, 1.95 - 0.1 * smile)],
        "nose_fold_low": [(0.1, 0.42), (0.26, 0.27), (0.36, 0.05)],
        "nose_fold_high": [(0.08, 0.2), (0.22, 0.06), (0.28, -0.16)],
        "frown_fold": [(0.14, -0.32), (0.11, -0.58), (0.2, -0.86)],
        "forehead_low": [(0, -1.36), (0.55, -1.42), (1.15, -1.3)],
        "forehead_high": [(0, -1.72), (0.5, -1.77), (1.0, -1.66)],
        "eye_bag": [(0.62, 0.38), (0.98, 0.48), (1.32, 0.34)],
        "crow_upper": [(1.55, -0.02), (1.82, -0.14)],
        "crow_lower": [(1.53, 0.12), (1.8, 0.2)],
        "cheek": [(1.25, 0.95 - 0.12 * acting.cheeks_up)],
        "tear": [(1.12, 0.45), (1.18, 1.1)],
        "mouth_fold": [(1.02, 2.25), (1.08, 2.6)],
    }  # fmt: skip


def _nose(look: Look, acting: Acting) -> dict[str, Points]:
    length, width = look.nose_length, look.nose_width * (1 + 0.15 * acting.nose_wrinkled)
    up = 0.13 * acting.nose_wrinkled
    tip = 1.06 * length - 0.5 * up
    base, wing = 1.3 * length - 0.7 * up, 0.44 * width
    side = [(0.15, 0.0), (0.17, 0.55), (0.24, 0.9 * length - up)]
    half = [(-wing, base - 0.3 - up, 0.15), (-wing - 0.02, base - 0.1 - up, 0.15),
            (-0.2 * width, base - 0.02, 0.25)]  # fmt: skip
    return {
        "nose_tip": [(0, tip, 0.55)],
        "nose_bridge": [(0, 0, 0.15), (0, 0.55, 0.35)],
        "nose_base": [*half, (0, base + 0.03, 0.35), *[(-x, y, z) for x, y, z in half[::-1]]],
        "nostrils": [(-0.23 * width, base - 0.07, 0.25), (0.23 * width, base - 0.07, 0.25)],
        "left_nose_side": _raised(side, 0.2),
        "right_nose_side": _raised([(-x, y) for x, y in side], 0.2),
    }


def _mouth(look: Look, acting: Acting) -> dict[str, Points]:
    half = (
        0.86 * look.mouth_width * (1 + 0.42 * acting.stretch * (1 if acting.stretch > 0 else 0.9))
    )
    middle = 2.1 + 0.1 * acting.smile - 0.04 * acting.lips_pressed
    corner = 2.1 - (0.34 if acting.smile > 0 else 0.27) * acting.smile
    # An opening jaw takes the corners down too, unless the smile holds them.
    sink = 0.42 * acting.jaw_drop * (acting.smile < 0.3)
    tilt = 0.1 * acting.lopsided * _ALONG * (abs(acting.lopsided) > 0.3)
    rest = middle + (corner - middle) * _ALONG**2 - tilt
    box = acting.squareness
    sharp = 2.0 + 8 * max(box - 0.5, 0.0) * 2
    opening = (1 - np.abs(_ALONG) ** sharp) ** (1 - 0.5 * np.clip(2 * box, 0, 1))
    rest += sink * (1 - opening)
    upper = rest - 0.36 * acting.upper_lip_up * opening
    lower = rest + (0.85 * acting.jaw_drop + 0.36 * acting.lower_lip_down) * opening
    thin = 1 - 0.55 * acting.lips_pressed - 0.2 * max(acting.smile, 0) - 0.15 * acting.jaw_drop
    thin *= look.lips
    pout = 0.05 * max(-acting.smile, 0) * (1 - acting.lips_pressed)
    x = half * _ALONG
    top = upper - 0.17 * thin * _CUPID
    bottom = lower + (0.25 * thin + pout) * (1 - np.abs(_ALONG) ** 2.5)
    lines = {"lip_top": top, "mouth_upper": upper, "mouth_lower": lower, "lip_bottom": bottom}
    return {name: _raised(zip(x, y, strict=True), 0.1) for name, y in lines.items()}


def _flat_lines(face: Face) -> dict[str, list]:
    """The outline of head and ears, in the plane of the picture."""
    look = face.look
    w, jaw, chin = look.width, look.jaw, look.chin
    drop = 0.35 * max(face.acting.jaw_drop, 0) + 0.1 * face.acting.lower_lip_down
    half = [
        (0.75 * w, -3.3), (1.55 * w, -2.8), (2.08 * w, -1.8), (2.2 * w, -0.6), (2.15 * w, 0.6),
        (1.97 * w * jaw, 1.7 + 0.2 * drop), (1.5 * jaw, 2.85 * chin + 0.7 * drop),
        (0.7 * jaw, 3.5 * chin + drop),
    ]  # fmt: skip
    mirrored = [(-x, y) for x, y in half[::-1]]
    outline = [(0, -3.42), *half, (0, 3.66 * chin + drop), *mirrored]
    ear = [(2.12 * w, -0.35), (2.42 * w, -0.42), (2.56 * w, 0.0), (2.4 * w, 0.6), (2.1 * w, 1.0)]
    return {
        "outline": outline,
        "left_ear": ear,
        "right_ear": [(-x, y) for x, y in ear],
    }


def _keypoints(controls: dict[str, np.ndarray]) -> np.ndarray:
    """The fifteen points, float64 (15, 2), pixels, in the order of ``KEYPOINT_NAMES``."""
    points: dict[str, np.ndarray] = {}
    for side, _ in SIDES:
        upper, lower = controls[f"{side}_upper_lid"], controls[f"{side}_lower_lid"]
        brow = controls[f"{side}_brow"]
        around = (upper[0], upper[1], upper[3], upper[4], lower[1], lower[3])
        points[f"{side}_eye_center"] = np.mean(around, axis=0)
        points[f"{side}_eye_inner_corner"], points[f"{side}_eye_outer_corner"] = upper[0], upper[-1]
        points[f"{side}_eyebrow_inner_end"], points[f"{side}_eyebrow_outer_end"] = brow[0], brow[-1]
    points["nose_tip"] = controls["nose_tip"][0]
    points["mouth_right_corner"], points["mouth_left_corner"] = controls["lip_top"][[0, -1]]
    middle = len(_ALONG) // 2
    points["mouth_center_top_lip"] = controls["lip_top"][middle]
    points["mouth_center_bottom_lip"] = controls["lip_bottom"][middle]
    return np.stack([points[name] for name in KEYPOINT_NAMES])
