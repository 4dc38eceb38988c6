"""The faces of photos and films."""

import warnings
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Literal, overload

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emotion_ai.errors import ImageError
from emotion_ai.faces.drawing import draw_readings
from emotion_ai.media.files import is_film, photo_paths
from emotion_ai.media.images import read_image
from emotion_ai.models.shipped import bring_shipped_models
from emotion_ai.reading import model_watch
from emotion_ai.reading.films import read_faces_of_video
from emotion_ai.reading.predictor import Predictor, load_predictor
from emotion_ai.reading.table import readings_table
from emotion_ai.results import FaceReading
from emotion_ai.settings import settings

Truth = Literal["given", "crowd"]


class Readings(Sequence[FaceReading]):
    """The faces of one photo, rows from the top, each from left to right. ``image``: its pixels,
    uint8 (H, W, 3) RGB."""

    def __init__(self, image: NDArray[np.uint8], faces: Sequence[FaceReading]):
        self.image = image
        self._faces = tuple(faces)

    @overload
    def __getitem__(self, index: int) -> FaceReading: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[FaceReading]: ...
    def __getitem__(self, index: int | slice) -> FaceReading | Sequence[FaceReading]:
        return self._faces[index]

    def __len__(self) -> int:
        return len(self._faces)

    def __repr__(self) -> str:
        names = ", ".join(face.expression.label for face in self if face.expression)
        return f"<{len(self)} face{'s' * (len(self) != 1)}{names and ': '}{names}>"

    def to_frame(self) -> pd.DataFrame:
        """A row a face: ``face`` (from 1), then what ``docs/predict.md`` lists of photos; boxes and
        keypoints in pixels of the photo."""
        return readings_table([("", list(self))]).drop(columns=["file", "time_s", "track"])

    def draw(self) -> NDArray[np.uint8]:
        """The photo with boxes, keypoints and expressions drawn in, uint8 (H, W, 3) RGB."""
        bgr = np.ascontiguousarray(self.image[..., ::-1])
        return _rgb(draw_readings(bgr, list(self)))


def read(photo: str | Path | NDArray[np.uint8], *, named_as: Truth | None = None) -> Readings:
    """The faces of a photo: a file, or its pixels as Pillow and Matplotlib give them, uint8
    (H, W, 3) RGB or (H, W) grey.

    ``named_as``: the truth to answer with, of a model that has learned both; its first by default.

    ImageError for a file that is no photo, or an array of another shape or type; ModelError where
    the model has not learned that truth.
    """
    if isinstance(photo, np.ndarray):
        rgb = _checked(photo)
    elif is_film(Path(photo)):
        raise ImageError(f"{photo}: expected a photo, got a film: read_table reads films")
    else:
        rgb = _rgb(read_image(Path(photo)))
    return Readings(rgb, _predictor(named_as).read(np.ascontiguousarray(rgb[..., ::-1])))


def read_table(
    paths: str | Path | Iterable[str | Path], *, named_as: Truth | None = None
) -> pd.DataFrame:
    """The faces of photos and films as one table, the one that ``predict --csv`` writes
    (``docs/predict.md``). Of a folder, the photos in it.

    ``named_as``: see ``read``. An ImageError or VideoError names the first file that cannot be
    read.
    """
    given = [Path(path) for path in ([paths] if isinstance(paths, str | Path) else paths)]
    predictor = _predictor(named_as)
    photos = photo_paths(path for path in given if not is_film(path))
    films = [path for path in given if is_film(path)]
    return readings_table(
        ((str(path), predictor.read(read_image(path))) for path in photos),
        ((str(path), read_faces_of_video(path, predictor).sightings) for path in films),
    )


def _predictor(named_as: Truth | None) -> Predictor:
    """The models that are the defaults now, and the best detector there is."""
    bring_shipped_models(settings())
    predictor = _load(model_watch.stamp(settings()))
    return predictor.answering(named_as) if named_as else predictor


@cache
def _load(stamp: model_watch.Stamp) -> Predictor:
    predictor = load_predictor(settings())
    for note in predictor.notes:
        warnings.warn(note, stacklevel=4)
    return predictor


def _checked(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """uint8 (H, W, 3) RGB of what a notebook may hold; ImageError says what came otherwise."""
    colours = pixels.ndim == 3 and pixels.shape[2] == 3
    if pixels.dtype != np.uint8 or not (colours or pixels.ndim == 2) or not pixels.size:
        raise ImageError(
            "expected a photo's pixels, uint8 (H, W, 3) RGB or (H, W) grey: "
            f"got {pixels.dtype} {pixels.shape}"
        )
    return pixels if colours else np.repeat(pixels[..., None], 3, axis=2)


def _rgb(bgr: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.ascontiguousarray(bgr[..., ::-1])
