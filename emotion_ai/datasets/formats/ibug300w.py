"""300-W (Sagonas et al. 2013): photos with 68 points in ``.pts`` files, cut to Kaggle's framing."""

import re
from collections import Counter
from pathlib import PurePosixPath

import numpy as np

from emotion_ai.datasets.formats.archive import Tree, read_file
from emotion_ai.datasets.formats.framed import BORDER_PX, SIZE_PX, keypoint_sample
from emotion_ai.datasets.formats.image_files import IMAGE_SUFFIXES, read_grey
from emotion_ai.datasets.formats.reading import Format, Reading, Sample, attempts
from emotion_ai.datasets.formats.schemes import IBUG68
from emotion_ai.errors import DatasetError
from emotion_ai.labels import LabelSet

#: Fewer folders that are called like their files are kinds of photos: ``indoor``, ``outdoor``.
_FEWEST_PEOPLE = 3


def _is_tree(tree: Tree) -> bool:
    return any(name.lower().endswith(".pts") for name in tree.names)


def _read_tree(tree: Tree, label_set: LabelSet | None) -> Reading:
    """Stream every ``.pts`` file with the image of the same name beside it."""
    files = [name for name in tree.names if name.lower().endswith(".pts")]
    images = {
        name.rpartition(".")[0]: name
        for name in tree.names
        if name.lower().endswith(IMAGE_SUFFIXES)
    }

    groups = _groups(files)

    def parse(name: str) -> Sample:
        stem = name.rpartition(".")[0]
        if stem not in images:
            raise DatasetError(f"{name}: no image {stem}.jpg or .png beside it")
        points = parse_pts(name, read_file(tree, name, limit=1 << 20))
        subset = PurePosixPath(name).parent.name or "300w"
        row = {"source": images[stem], "group": f"{subset}/{groups[name]}", "subset": subset}
        return keypoint_sample(name, read_grey(tree, images[stem]), points, IBUG68, row)

    return Reading(
        task="keypoints",
        size_px=SIZE_PX,
        border_px=BORDER_PX,
        items=attempts(parse, ((name,) for name in files)),
        total=len(files),
        unit="faces",
    )


def _groups(files: list[str]) -> dict[str, str]:
    """What belongs together, by file: numbered files are frames of one person or faces of one photo
    (``Ann_Lee_21``, ``2330_1``). Where a whole folder has the same name before the number, as in
    ``indoor_001``, the number is the photo's own, but where there is a folder of its own for many
    a name (``Ann_Lee/Ann_Lee_21``): they are people's."""
    paths = [PurePosixPath(name) for name in files]
    before = [(path.parent, re.sub(r"_[0-9]+$", "", path.stem)) for path in paths]
    alike, beside = Counter(before), Counter(path.parent for path in paths)
    people = {key for key in alike if key[0].name == key[1]}
    if len(people) < _FEWEST_PEOPLE:
        people = set()
    return {
        name: path.stem if alike[key] == beside[path.parent] and key not in people else key[1]
        for name, path, key in zip(files, paths, before, strict=True)
    }


def parse_pts(name: str, content: bytes) -> np.ndarray:
    """float32 (68, 2), x then y in pixels with the first pixel's centre at 0."""
    text = content.decode("ascii", "replace")
    body = re.search(r"\{([^{}]*)\}", text)
    try:
        points = np.array(body.group(1).split() if body else [], np.float32)
    except ValueError:
        raise DatasetError(f"{name}: a coordinate is not a number") from None
    if len(points) != 68 * 2:
        raise DatasetError(f"{name}: expected 68 points between braces, got {len(points) / 2:g}")
    if not np.isfinite(points).all():
        raise DatasetError(f"{name}: a coordinate is not a number")
    return points.reshape(68, 2) - 1  # the files count pixels from 1


TREES = (
    # Asked before folders named after expressions: photos of 300-W may lie in any folder.
    Format("300-W", "300-W", "images with .pts files", _is_tree, _read_tree, rank=5),
)
