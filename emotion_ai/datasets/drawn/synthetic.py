"""Synthetic faces: drawn from a seed, with exact keypoints and an acted expression.

What a fresh machine shows its visitors and trains on. Face ``i`` of a seed is the same whatever
the number of faces, and the same person at every size, in grey or in colour.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from emotion_ai.access.permissions import require_editor
from emotion_ai.datasets.drawn.canvas import Canvas
from emotion_ai.datasets.drawn.geometry import FaceLines, place_face
from emotion_ai.datasets.drawn.painting import paint_face
from emotion_ai.datasets.drawn.parameters import CLOTHES, Colour, Face, random_face
from emotion_ai.datasets.splits import make_split
from emotion_ai.datasets.store import TASKS, Dataset, DatasetWriter
from emotion_ai.errors import ConfigError
from emotion_ai.labels import COORDINATE_COLUMNS, FER7, INPUT_SIZE_PX, KEYPOINT_COUNT
from emotion_ai.progress import Progress

SPLIT_RULE = "60/20/20"
#: Five of each expression: three, one and one for the parts of the split.
_FEWEST = 5 * len(FER7)
#: Independent streams of random numbers below one seed.
_ACTING_STREAM, _FACE_STREAM, _PHOTO_STREAM = range(3)


#: A face fills its picture from brows to chin, as in FER2013 and in Kaggle's keypoint images: half
#: the distance between the eyes, their height and the middle's place, in shares of the side, and
#: how much they vary.
_UNIT, _UNIT_SPREAD, _EYES_Y, _SHIFT_SPREAD = 0.188, 0.009, 0.37, 0.018


@dataclass(frozen=True)
class SyntheticFaces:
    """``images`` uint8 (N, size, size), or BGR (N, size, size, 3) in colour;
    ``keypoints_px`` float32 (N, 15, 2), x then y; ``expressions`` FER2013's names."""

    images: np.ndarray
    keypoints_px: np.ndarray
    expressions: tuple[str, ...]


def draw_faces(
    n: int,
    size_px: int,
    seed: int,
    colour: bool = False,
    progress: Progress | None = None,
) -> SyntheticFaces:
    """Draw ``n`` faces; every seven in a row act the seven expressions, in changing order.

    ``progress(done, total, unit)`` is called after every face.
    """
    if n < 0 or not 16 <= size_px <= 2048:
        raise ConfigError(f"expected n ≥ 0 and a size of 16 to 2048 px, got {n} and {size_px}")
    images = np.empty((n, size_px, size_px) + (3,) * colour, np.uint8)
    keypoints_px = np.empty((n, KEYPOINT_COUNT, 2), np.float32)
    expressions = tuple(_expression(seed, i) for i in range(n))
    for i, expression in enumerate(expressions):
        rng = np.random.default_rng((seed, _FACE_STREAM, i))
        image, keypoints_px[i] = draw_face(rng, random_face(rng, expression), size_px)
        images[i] = image if colour else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        if progress:
            progress(i + 1, n, "faces")
    return SyntheticFaces(images, keypoints_px, expressions)


def draw_photo(
    seed: int, faces: int = 5, size_wh: tuple[int, int] = (960, 640)
) -> tuple[np.ndarray, list[tuple[float, float, float, float]]]:
    """A group picture: uint8 (H, W, 3) BGR, and each face's box_xyxy from forehead to chin."""
    width, height = size_wh
    if faces < 1 or min(size_wh) < 64:
        raise ConfigError(
            f"expected at least one face on 64 × 64 px or more, got {faces}, {size_wh}"
        )
    rng = np.random.default_rng((seed, _PHOTO_STREAM))
    canvas = _background(rng, width, height, scale=2, plain=True)
    rows = max(1, round((faces * height / width / 1.6) ** 0.5))
    places = []
    for row, count in enumerate(np.diff(np.linspace(0, faces, rows + 1).round().astype(int))):
        pitch_px = width / (count + 0.35 * (rows > 1))
        for column in range(count):
            unit_px = min(pitch_px / 5.4, height / (5.2 * rows + 4.5)) * rng.uniform(0.94, 1.06)
            x = width / 2 + (column - (count - 1) / 2 + 0.25 * (-1) ** row * (rows > 1)) * pitch_px
            y = height * (row + 0.45) / rows + rng.normal(0, 0.25) * unit_px
            places.append((np.array([x, y]), unit_px))
    boxes = []
    clothes = rng.permutation(CLOTHES)
    for i, (centre_px, unit_px) in enumerate(places):
        face = random_face(rng, _expression(seed, i))
        look = replace(face.look, clothes=tuple(clothes[i % len(clothes)].tolist()))
        face = replace(face, look=look, light=(-0.3, -0.5, 0.81), contrast=0.4)
        lines = place_face(face, centre_px, unit_px)
        paint_face(canvas, face, lines)
        boxes.append(_box(lines, width, height))
    return canvas.finished(), boxes


def make_dataset(
    data_dir: Path,
    task: str,
    n: int = 2000,
    seed: int = 0,
    name: str | None = None,
    progress: Progress | None = None,
) -> Dataset:
    """Store ``n`` faces as ``synthetic_<task>`` (or ``name``): 48 px with expressions, or 96 px
    with keypoints; split 60/20/20 with every expression equally in each part."""
    require_editor("draw a dataset")
    if task not in TASKS:
        raise ConfigError(f"unknown task {task!r}: expected one of {', '.join(TASKS)}")
    if n < _FEWEST:
        raise ConfigError(f"expected at least {_FEWEST} faces, got {n}")
    size_px = INPUT_SIZE_PX[task]
    faces = draw_faces(n, size_px, seed, progress=progress)
    splits = make_split(np.arange(n), faces.expressions, SPLIT_RULE, seed)
    folder = Path(data_dir) / (name or f"synthetic_{task}")
    with DatasetWriter(folder, task, size_px) as writer:
        for i, image in enumerate(faces.images):
            label = {"expression": faces.expressions[i]}
            if task == "keypoints":
                coordinates = faces.keypoints_px[i].ravel()
                label = dict(zip(COORDINATE_COLUMNS, coordinates, strict=True))
            source = f"seed {seed}, face {i}"
            writer.add(image, {"split": splits[i], "source": source, "group": source, **label})
        return writer.commit(
            writer.table(),
            source={"name": f"seed {seed}"},
            format="synthetic",
            label_set=FER7.name,
            split_rule=f"{SPLIT_RULE}, seed {seed}, stratified",
            seed=seed,
        )


def _expression(seed: int, i: int) -> str:
    """Which expression face ``i`` acts: each block of seven holds all seven."""
    block, position = divmod(i, len(FER7))
    order = np.random.default_rng((seed, _ACTING_STREAM, block)).permutation(len(FER7))
    return FER7.expressions[order[position]]


def draw_face(rng: np.random.Generator, face: Face, size_px: int) -> tuple[np.ndarray, np.ndarray]:
    """A portrait of ``face`` before a wall: uint8 (size, size, 3) BGR, and its 15 keypoints in
    pixels, float32 (15, 2), x then y."""
    unit = _UNIT + _UNIT_SPREAD * np.clip(rng.normal(), -2, 2)
    shift = _SHIFT_SPREAD * np.clip(rng.normal(size=2), -2, 2)
    centre_px = (np.array([0.5, _EYES_Y]) + shift) * size_px - 0.5
    lines = place_face(face, centre_px, unit * size_px)
    # A dropped jaw on a nodding head may leave the picture: move the face so that no point does.
    margin_px = 0.02 * size_px
    beyond = np.minimum(lines.keypoints_px.min(axis=0) - margin_px, 0)
    beyond += np.maximum(lines.keypoints_px.max(axis=0) - (size_px - 1 - margin_px), 0)
    if beyond.any():
        lines = place_face(face, centre_px - beyond, unit * size_px)
    canvas = _background(rng, size_px, size_px, scale=3 if size_px <= 64 else 2)
    paint_face(canvas, face, lines)
    return _photograph(rng, canvas.finished(), face.look.skin), lines.keypoints_px


def _background(
    rng: np.random.Generator, width: int, height: int, scale: int, plain: bool = False
) -> Canvas:
    """A wall with a gradient and, unless ``plain``, something out of focus on it."""
    side = 16
    tones = rng.uniform(60, 215) + rng.normal(0, 14, 3) if not plain else (205, 196, 186)
    slope = rng.uniform(-30, 30, 2) if not plain else np.array([-10.0, -18.0])
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    wall = (x * slope[0] + y * slope[1])[..., None] + tones
    if not plain:
        for _ in range(rng.integers(0, 4)):
            spot = rng.integers(0, side, 2).tolist()
            colour = (np.mean(tones) + rng.normal(0, 45) + rng.normal(0, 12, 3)).tolist()
            cv2.circle(wall, spot, int(rng.integers(1, 5)), colour, -1)
        wall = cv2.GaussianBlur(wall, (0, 0), 1.0)
    wall = np.clip(wall, 0, 255).astype(np.uint8)
    size = (width * scale, height * scale)
    return Canvas(cv2.resize(wall, size, interpolation=cv2.INTER_LINEAR), scale)


def _photograph(rng: np.random.Generator, image: np.ndarray, skin: Colour) -> np.ndarray:
    """What a camera adds: exposure (for the face), a little blur and noise."""
    gain = (140 / np.mean(skin)) ** 0.3 * rng.uniform(0.85, 1.12)
    offset, noise = rng.uniform(-14, 14), rng.uniform(0.5, 5.0)
    blur = rng.random() ** 2 * (len(image) / 96) ** 0.5
    if blur > 0.25:
        image = cv2.GaussianBlur(image, (0, 0), blur)
    # The same noise in all channels, as film grain has it, so that grey and colour agree.
    grain = rng.standard_normal((*image.shape[:2], 1), np.float32) * noise + offset
    return np.clip(image * np.float32(gain) + grain, 0, 255).astype(np.uint8)


def _box(lines: FaceLines, width: int, height: int) -> tuple[float, float, float, float]:
    """The box around forehead, cheeks and chin, as face detectors draw it."""
    outline = lines.curve("outline", closed=True)
    face = outline[lines.in_head(outline)[:, 1] > -2.3]
    limit = np.array([width - 1, height - 1])
    (x0, y0), (x1, y1) = np.clip(face.min(axis=0), 0, limit), np.clip(face.max(axis=0), 0, limit)
    return float(x0), float(y0), float(x1), float(y1)
