"""AFLW2000-3D (Zhu et al. 2016, arXiv:1511.07212): photos with 68 points and the head's pose.

``image00002.jpg`` with ``image00002.mat`` (MATLAB 5): ``pt3d_68`` (3, 68), of which x and y are
pixels, and ``Pose_Para``, of which the first three are pitch, yaw and roll in radians. Hidden
points are where a 3D model has them, not where anything is seen.
"""

import io
import zlib

import numpy as np

from emotion_ai.datasets.formats.archive import Tree, damage_named, read_file
from emotion_ai.datasets.formats.framed import BORDER_PX, SIZE_PX, keypoint_sample
from emotion_ai.datasets.formats.image_files import IMAGE_SUFFIXES, read_grey
from emotion_ai.datasets.formats.reading import Format, Reading, Sample, attempts
from emotion_ai.datasets.formats.schemes import IBUG68
from emotion_ai.errors import DatasetError
from emotion_ai.labels import LabelSet

_HEADER = b"MATLAB 5.0"


def _files_of(tree: Tree) -> list[str]:
    stems = {name.rpartition(".")[0] for name in tree.names
             if name.lower().endswith(IMAGE_SUFFIXES)}  # fmt: skip
    return [n for n in tree.names if n.lower().endswith(".mat") and n[:-4] in stems]


def _is_tree(tree: Tree) -> bool:
    if not (files := _files_of(tree)):
        return False
    with damage_named(files[0]), tree.open(files[0]) as file:
        return file.read(len(_HEADER)) == _HEADER


def _read_tree(tree: Tree, label_set: LabelSet | None) -> Reading:
    from scipy.io import loadmat  # comes with scikit-learn; slow to import
    from scipy.io.matlab import MatReadError

    files = _files_of(tree)
    images = {name.rpartition(".")[0]: name for name in tree.names
              if name.lower().endswith(IMAGE_SUFFIXES)}  # fmt: skip

    def parse(name: str) -> Sample:
        try:
            # 100 numbers; what a .mat claims to hold is bounded by the file's own size.
            found = loadmat(io.BytesIO(read_file(tree, name, 1 << 22)))
            points = np.asarray(found["pt3d_68"], np.float32)[:2].T
            pose = np.degrees(np.asarray(found["Pose_Para"], float).reshape(-1)[:3])
            pitch, yaw, roll = pose.round(1).tolist()
        except DatasetError:
            raise
        except (KeyError, ValueError, TypeError, OSError, NotImplementedError, zlib.error,
                MatReadError) as error:  # fmt: skip
            raise DatasetError(f"{name}: expected pt3d_68 and Pose_Para ({error})") from None
        row = {"source": images[name[:-4]], "pitch_deg": pitch, "yaw_deg": yaw, "roll_deg": roll}
        return keypoint_sample(name, read_grey(tree, images[name[:-4]]), points, IBUG68, row)

    return Reading("keypoints", SIZE_PX, attempts(parse, ((n,) for n in files)), len(files),
                   unit="faces", border_px=BORDER_PX)  # fmt: skip


TREES = (
    Format(
        "AFLW2000-3D", "AFLW2000", "images with .mat files of the same name (AFLW2000-3D)",
        _is_tree, _read_tree, rank=4,
    ),
)  # fmt: skip
