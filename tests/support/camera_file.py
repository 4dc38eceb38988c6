"""A Chromium whose camera plays a file: concatenated JPEGs of a drawn picture that sways."""

import shutil
from pathlib import Path

import cv2
import numpy as np

from emotion_ai.media.images import encode_jpeg


def write_camera(path: Path, picture: np.ndarray) -> Path:
    """A second of ``picture``, uint8 (H, W, 3) BGR, moving a little."""
    size_wh = picture.shape[1::-1]
    with path.open("wb") as target:
        for angle in np.linspace(0, 2 * np.pi, 15, endpoint=False):
            move = np.float32([[1, 0, 12 * np.sin(angle)], [0, 1, 6 * np.cos(angle)]])
            moved = cv2.warpAffine(picture, move, size_wh, borderMode=cv2.BORDER_REPLICATE)
            target.write(encode_jpeg(moved, 80))
    return path


def chromium_with_camera(browser, path: Path, arguments: list[str]):
    """Another Chromium of the same kind; its camera is allowed without asking."""
    return browser.browser_type.launch(
        executable_path=shutil.which("chromium"),
        args=[
            *arguments,
            "--use-fake-ui-for-media-stream",
            "--use-fake-device-for-media-stream",
            f"--use-file-for-fake-video-capture={path}",
        ],
    )
