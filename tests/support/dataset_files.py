"""Tiny dataset files in every accepted layout, for the tests of readers and bad input."""

import zipfile
from pathlib import Path

import cv2
import numpy as np

from emotion_ai.labels import COORDINATE_COLUMNS

VOTES_HEADER = "neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"


def face(seed: int, size: int = 48) -> np.ndarray:
    """uint8 (size, size), different for each seed."""
    return np.random.default_rng(seed).integers(0, 256, (size, size), dtype=np.uint8)


def pixels(image: np.ndarray) -> str:
    return " ".join(map(str, image.ravel()))


def write_csv(path: Path, header: str, rows: list[str]) -> Path:
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def fer_csv(path: Path, emotions, usages=None) -> Path:
    """FER2013's layout with ``face(i)`` in row i + 1; without ``usages`` the course's."""
    if usages is None:
        rows = [f"{emotion},{pixels(face(i))}" for i, emotion in enumerate(emotions)]
        return write_csv(path, "emotion, pixels", rows)
    rows = [
        f"{emotion},{pixels(face(i))},{usage}"
        for i, (emotion, usage) in enumerate(zip(emotions, usages, strict=True))
    ]
    return write_csv(path, "emotion,pixels,Usage", rows)


def png(image: np.ndarray) -> bytes:
    return cv2.imencode(".png", image)[1].tobytes()


def jpg(image: np.ndarray) -> bytes:
    return cv2.imencode(".jpg", image)[1].tobytes()


def write_tree(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def write_zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def coordinates(shift: float = 0) -> list[float]:
    """30 numbers that name their column: 0.5, 1.5, 2.5 …"""
    return [i + 0.5 + shift for i in range(len(COORDINATE_COLUMNS))]


def keypoints_csv(path: Path, points: list[list[object]]) -> Path:
    rows = [",".join(map(str, [*row, pixels(face(i, 96))])) for i, row in enumerate(points)]
    return write_csv(path, ",".join([*COORDINATE_COLUMNS, "Image"]), rows)


def pts(points: np.ndarray) -> bytes:
    """A 300-W file from points counted from 0; the file counts from 1."""
    lines = "\n".join(f"{x:.3f} {y:.3f}" for x, y in points + 1)
    return f"version: 1\nn_points: {len(points)}\n{{\n{lines}\n}}\n".encode()
