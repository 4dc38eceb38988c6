"""WFLW (Wu et al. 2018, arXiv:1805.10483): faces in photos with 98 points.

``list_98pt_rect_attr_train.txt`` and ``…_test.txt`` hold a line a face: 196 coordinates, the box,
six flags (pose, expression, illumination, make-up, occlusion, blur), and the photo's path below
``WFLW_images``.
"""

from pathlib import PurePosixPath
from posixpath import basename

import numpy as np

from emotion_ai.datasets.formats.archive import Tree, read_file
from emotion_ai.datasets.formats.framed import BORDER_PX, SIZE_PX, keypoint_sample
from emotion_ai.datasets.formats.image_files import is_image, read_grey
from emotion_ai.datasets.formats.reading import Format, Reading, Sample, attempts
from emotion_ai.datasets.formats.schemes import WFLW98
from emotion_ai.errors import DatasetError
from emotion_ai.labels import LabelSet

_LIST = "list_98pt_rect_attr_"
_FLAGS = ("pose", "strong_expression", "illumination", "make_up", "occlusion", "blur")


def _lists_of(tree: Tree) -> list[str]:
    return [n for n in tree.names if basename(n).startswith(_LIST) and n.endswith(".txt")]


def _read_tree(tree: Tree, label_set: LabelSet | None) -> Reading:
    images = {"/".join(n.split("/")[-2:]): n for n in tree.names if is_image(n)}
    inputs = []
    for listed in _lists_of(tree):
        split = "test" if PurePosixPath(listed).stem.endswith("test") else "train"
        lines = read_file(tree, listed).decode("utf-8", "replace").splitlines()
        filled = (line for line in lines if line.strip())
        inputs += [(listed, split, number, line) for number, line in enumerate(filled, 1)]

    def parse(listed: str, split: str, number: int, line: str) -> Sample:
        where, fields = f"{listed} row {number}", line.split()
        try:
            values = np.array(fields[:206], np.float32)
            file = "/".join(fields[206].split("/")[-2:])
        except (ValueError, IndexError):
            raise DatasetError(f"{where}: expected 206 numbers and a file") from None
        if file not in images:
            raise DatasetError(f"{where}: no picture {file[:80]}")
        row = {"source": f"{images[file]} line {number}", "group": file, "split": split,
               **dict(zip(_FLAGS, values[200:].astype(bool).tolist(), strict=True))}  # fmt: skip
        points = values[:196].reshape(98, 2)
        return keypoint_sample(where, read_grey(tree, images[file]), points, WFLW98, row)

    return Reading("keypoints", SIZE_PX, attempts(parse, inputs), len(inputs), unit="faces",
                   border_px=BORDER_PX)  # fmt: skip


TREES = (
    Format(
        "WFLW", "WFLW", f"{_LIST}train.txt with WFLW_images (WFLW)",
        lambda tree: bool(_lists_of(tree)), _read_tree, rank=4,
    ),
)  # fmt: skip
