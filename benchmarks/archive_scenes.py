"""Draws an archive to read: photos of drawn faces and short films, no two the same."""

from pathlib import Path

import cv2
import numpy as np

from emotion_ai.datasets.drawn.synthetic import draw_photo
from emotion_ai.media.videos import film

_SCENES = 40


def draw_archive(folder: Path, photos: int, films: int = 0, size_wh: tuple[int, int] = (480, 320)):
    """``photos`` JPEGs and ``films`` MP4s of two seconds in ``folder``. A few scenes, each photo of
    one in a light of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    scenes = [draw_photo(seed, 1 + seed % 4, size_wh)[0] for seed in range(min(_SCENES, photos))]
    rng = np.random.default_rng(0)
    for number in range(photos):
        path = folder / f"{number // 1000:03d}" / f"{number:06d}.jpg"
        path.parent.mkdir(exist_ok=True)
        light = rng.uniform(0.8, 1.1)
        picture = cv2.convertScaleAbs(scenes[number % len(scenes)], alpha=light, beta=number % 7)
        cv2.imwrite(str(path), picture)
    for number in range(films):
        with film(folder / f"film-{number:03d}.mp4") as writer:
            for frame in range(30):
                shown = scenes[number % len(scenes)]
                moved = np.float32([[1, 0, frame / 2], [0, 1, number % 5]])
                writer.add(cv2.warpAffine(shown, moved, size_wh), frame / 15)
