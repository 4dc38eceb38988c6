"""RAF-DB, basic expressions (Li, Deng and Du 2017, CVPR, pages 2852-2861).

``EmoLabel/list_patition_label.txt`` (spelled so) has a line ``train_00001.jpg 5`` for each picture;
the aligned 100 × 100 faces are ``Image/aligned/train_00001_aligned.jpg``. The name begins with the
split. The seven classes are numbered from 1.
"""

from posixpath import basename

from emotion_ai.datasets.formats.archive import Tree, read_file
from emotion_ai.datasets.formats.image_files import by_file_name, read_grey
from emotion_ai.datasets.formats.reading import Format, Reading, Sample, attempts
from emotion_ai.errors import DatasetError
from emotion_ai.labels import LabelSet

_LIST = "list_patition_label.txt"
_CLASSES = ("surprise", "fear", "disgust", "happy", "sad", "angry", "neutral")


def _list_of(tree: Tree) -> str | None:
    return next((name for name in tree.names if basename(name) == _LIST), None)


def _read_tree(tree: Tree, label_set: LabelSet | None) -> Reading:
    listed = _list_of(tree)
    lines = read_file(tree, listed).decode("utf-8", "replace").splitlines()
    lines = [line for line in lines if line.strip()]
    images = by_file_name(tree)

    def parse(number: int, line: str) -> Sample:
        where, (file, _, label) = f"{listed} row {number}", line.strip().partition(" ")
        if label.strip() not in tuple("1234567"):
            raise DatasetError(f"{where}: expected a class from 1 to 7, got {label[:20]!r}")
        split = file.partition("_")[0]
        if split not in ("train", "test"):
            raise DatasetError(f"{where}: expected train_… or test_…, got {file[:40]!r}")
        stem = file.rpartition(".")[0]
        found = images.get(f"{stem}_aligned.jpg") or images.get(file)
        if not found:
            raise DatasetError(f"{where}: no picture {stem}_aligned.jpg")
        expression = _CLASSES[int(label) - 1]
        row = {"source": found, "expression": expression, "split": split}
        return Sample(read_grey(tree, found), row)

    return Reading(
        "expression", 48, attempts(parse, enumerate(lines, 1)), len(lines), unit="images"
    )


TREES = (
    Format(
        "RAF-DB",
        "RAF-DB",
        f"{_LIST} with aligned images (RAF-DB)",
        lambda tree: _list_of(tree) is not None,
        _read_tree,
        rank=4,
    ),
)
