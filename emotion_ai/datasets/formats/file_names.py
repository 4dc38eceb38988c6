"""Posed expressions of a few people, whose file names say who shows what."""

import re
from collections.abc import Callable
from posixpath import basename

from emotion_ai.datasets.formats.archive import Tree
from emotion_ai.datasets.formats.image_files import read_grey
from emotion_ai.datasets.formats.reading import Reading, Sample, attempts
from emotion_ai.labels import LabelSet

_CLASSES = {"AF": "fear", "AN": "angry", "DI": "disgust", "FE": "fear", "HA": "happy",
            "NE": "neutral", "SA": "sad", "SU": "surprise"}  # fmt: skip


def reading_of_names(
    pattern: re.Pattern,
) -> tuple[Callable[[Tree], bool], Callable[[Tree, LabelSet | None], Reading]]:
    """``recognises`` and ``read`` of a format whose files' names match ``pattern``: its groups
    ``expression`` (two letters) and ``subject``; any other group becomes a column."""

    def named(tree: Tree) -> list[tuple[str, re.Match]]:
        parts = ((name, pattern.fullmatch(basename(name))) for name in tree.names)
        return [(name, match) for name, match in parts if match]

    def read(tree: Tree, label_set: LabelSet | None) -> Reading:
        found = named(tree)

        def parse(name: str, match: re.Match) -> Sample:
            said = {key: value.upper() for key, value in match.groupdict().items()}
            said["expression"] = _CLASSES[said["expression"]]
            return Sample(read_grey(tree, name), {"source": name, "group": said["subject"], **said})

        return Reading("expression", 48, attempts(parse, found), len(found), unit="images")

    return lambda tree: bool(named(tree)), read
