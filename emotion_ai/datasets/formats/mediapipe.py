"""MediaPipe's face landmarks (Kartynnik et al. 2019, arXiv:1907.06724) as its tasks write them:
``photo.json`` beside ``photo.jpg``, ``{"faceLandmarks": [[{"x": 0.5, "y": 0.4, "z": 0}, …]]}`` (or
``face_landmarks``): 468 or 478 points a face, as shares of the photo's width and height.
"""

import numpy as np

from emotion_ai.datasets.formats.archive import Tree, damage_named, read_file
from emotion_ai.datasets.formats.framed import BORDER_PX, SIZE_PX, keypoint_sample
from emotion_ai.datasets.formats.image_files import IMAGE_SUFFIXES, read_grey
from emotion_ai.datasets.formats.reading import Format, Reading, Sample
from emotion_ai.datasets.formats.schemes import MESH468, MESH478
from emotion_ai.errors import DatasetError, RecordError
from emotion_ai.labels import LabelSet
from emotion_ai.storage.records import parse as parse_json

_KEYS = ("faceLandmarks", "face_landmarks")
_SCHEMES = {scheme.count: scheme for scheme in (MESH468, MESH478)}


def _pairs(tree: Tree) -> list[tuple[str, str]]:
    """Each JSON with the picture of the same name."""
    images = {name.rpartition(".")[0]: name for name in tree.names
              if name.lower().endswith(IMAGE_SUFFIXES)}  # fmt: skip
    found = ((name, images.get(name[:-5])) for name in tree.names if name.lower()[-5:] == ".json")
    return [(name, image) for name, image in found if image]


def _is_tree(tree: Tree) -> bool:
    for name, _ in _pairs(tree)[:1]:
        with damage_named(name), tree.open(name) as file:
            head = file.read(1 << 12).decode("utf-8", "replace")
        return any(f'"{key}"' in head for key in _KEYS)
    return False


def _read_tree(tree: Tree, label_set: LabelSet | None) -> Reading:
    pairs = _pairs(tree)

    def faces():
        for name, picture in pairs:
            try:
                found = parse_json(read_file(tree, name, 16 << 20).decode("utf-8", "replace"), name)
                meshes = next(found[key] for key in _KEYS if key in found)
                image = read_grey(tree, picture)
                if not meshes:
                    raise DatasetError(f"{name}: no face in it")
            except DatasetError as error:
                yield error
                continue
            except (RecordError, StopIteration, TypeError) as error:
                yield DatasetError(f"{name}: expected {' or '.join(_KEYS)} ({error})")
                continue
            for number, mesh in enumerate(meshes, 1):
                try:
                    yield _sample(f"{name} face {number}", picture, number, image, mesh)
                except DatasetError as error:
                    yield error

    return Reading("keypoints", SIZE_PX, faces(), len(pairs), unit="faces", border_px=BORDER_PX)


def _sample(where: str, picture: str, number: int, image: np.ndarray, mesh: list) -> Sample:
    try:
        shares = np.array([(float(point["x"]), float(point["y"])) for point in mesh], np.float32)
        scheme = _SCHEMES[len(shares)]
    except (KeyError, TypeError, ValueError):
        raise DatasetError(f"{where}: expected 468 or 478 points with x and y") from None
    row = {"source": f"{picture} face {number}", "group": picture}
    points_px = shares * image.shape[::-1] - 0.5
    return keypoint_sample(where, image, points_px, scheme, row)


TREES = (
    Format(
        "MediaPipe landmarks", "MediaPipe",
        "images with .json files of face landmarks of the same name (MediaPipe)",
        _is_tree, _read_tree, rank=4,
    ),
)  # fmt: skip
