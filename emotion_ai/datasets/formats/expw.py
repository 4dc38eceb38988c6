"""ExpW (Zhang et al. 2018, IJCV, arXiv:1609.06426): ``label.lst`` has a line for each face of the
photos beside it: file, number of the face, its box as top, left, right and bottom, how sure the
detector was, and the expression, numbered as in FER2013.
"""

from posixpath import basename

from emotion_ai.datasets.formats.archive import Tree, read_file
from emotion_ai.datasets.formats.image_files import by_file_name, cut_box, read_grey
from emotion_ai.datasets.formats.reading import Format, Reading, Sample, attempts
from emotion_ai.errors import DatasetError
from emotion_ai.labels import FER7, LabelSet


def _list_of(tree: Tree) -> str | None:
    return next((name for name in tree.names if basename(name) == "label.lst"), None)


def _read_tree(tree: Tree, label_set: LabelSet | None) -> Reading:
    listed = _list_of(tree)
    lines = read_file(tree, listed).decode("utf-8", "replace").splitlines()
    lines = [line.split() for line in lines if line.strip()]
    images = by_file_name(tree)

    def parse(number: int, fields: list[str]) -> Sample:
        where = f"{listed} row {number}"
        try:
            file, (face, top, left, right, bottom) = fields[0], map(int, fields[1:6])
            sure, kind = float(fields[6]), int(fields[7])
        except (ValueError, IndexError):
            raise DatasetError(f"{where}: expected a file and seven numbers") from None
        if kind not in range(len(FER7)):
            raise DatasetError(f"{where}: expected a class from 0 to 6, got {kind}")
        if file not in images:
            raise DatasetError(f"{where}: no picture {file[:60]}")
        try:
            image = cut_box(read_grey(tree, images[file]), (left, top, right, bottom), 48)
        except DatasetError as error:
            raise DatasetError(f"{where}: {error}") from None
        row = {"source": f"{images[file]} face {face}", "group": file,
               "expression": FER7.expressions[kind], "box_score": sure}  # fmt: skip
        return Sample(image, row)

    return Reading("expression", 48, attempts(parse, enumerate(lines, 1)), len(lines), unit="faces")


TREES = (
    Format(
        "ExpW", "ExpW", "label.lst with photos (ExpW)",
        lambda tree: _list_of(tree) is not None, _read_tree, rank=4,
    ),
)  # fmt: skip
