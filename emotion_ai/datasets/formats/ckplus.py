"""CK+ (Lucey et al. 2010, CVPR workshops, doi:10.1109/CVPRW.2010.5543262): sequences of one face
from neutral to the peak, ``cohn-kanade-images/S005/001/S005_001_00000011.png``; a sequence with an
expression has ``Emotion/S005/001/S005_001_00000011_emotion.txt``, one number.

The last three frames of such a sequence are taken, as is usual; subjects stay together. As CSV
(``emotion,pixels,Usage``, 0 to 7 with contempt) it is FER2013's table with ``--label-set fer8``.
"""

import re
from collections import defaultdict

from emotion_ai.datasets.formats.archive import Tree, read_file
from emotion_ai.datasets.formats.image_files import is_image, read_grey
from emotion_ai.datasets.formats.reading import Format, Reading, Sample, attempts
from emotion_ai.errors import DatasetError
from emotion_ai.labels import LabelSet

#: Numbered from 1; 0 is neutral, which no sequence is.
_CLASSES = ("neutral", "angry", "contempt", "disgust", "fear", "happy", "sad", "surprise")
_EMOTION = re.compile(r"(?:.*/)?(S\d+)/(\d+)/[^/]+_emotion\.txt$")
_FRAME = re.compile(r"(?:.*/)?(S\d+)/(\d+)/[^/]+$")
PEAK_FRAMES = 3


def _read_tree(tree: Tree, label_set: LabelSet | None) -> Reading:
    frames = defaultdict(list)
    for name in tree.names:  # sorted: frames of a sequence by number
        if is_image(name) and (match := _FRAME.match(name)):
            frames[match.groups()].append(name)
    inputs = []
    for match in filter(None, map(_EMOTION.match, tree.names)):
        peak = frames.get(match.groups(), [])[-PEAK_FRAMES:] or [None]
        inputs += [(match[0], match[1], frame) for frame in peak]

    def parse(emotion: str, subject: str, frame: str | None) -> Sample:
        text = read_file(tree, emotion, 1 << 12).decode("ascii", "replace").strip()
        try:
            number = float(text)
        except ValueError:
            number = -1
        if number not in range(len(_CLASSES)):
            raise DatasetError(f"{emotion}: expected a class from 0 to 7, got {text[:20]!r}")
        if frame is None:
            raise DatasetError(f"{emotion}: no frames of its sequence")
        row = {"source": frame, "expression": _CLASSES[int(number)], "group": subject,
               "subject": subject}  # fmt: skip
        return Sample(read_grey(tree, frame), row)

    return Reading("expression", 48, attempts(parse, inputs), len(inputs), unit="images")


TREES = (
    Format(
        "CK+", "CK+", "Emotion/S…/…/*_emotion.txt with sequences of images (CK+)",
        lambda tree: any(map(_EMOTION.match, tree.names)), _read_tree, rank=4,
    ),
)  # fmt: skip
