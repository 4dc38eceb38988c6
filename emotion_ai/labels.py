"""Names that everything else agrees on: tasks, keypoints, mirror pairs, expressions, colours.

*Left* is always the subject's left, as in Kaggle's Facial Keypoints Detection data.
"""

from dataclasses import dataclass

from emotion_ai.errors import ConfigError

#: Each task and the side of the face crop its networks read, pixels.
INPUT_SIZE_PX = {"expression": 48, "keypoints": 96}

KEYPOINT_NAMES = (
    "left_eye_center",
    "right_eye_center",
    "left_eye_inner_corner",
    "left_eye_outer_corner",
    "right_eye_inner_corner",
    "right_eye_outer_corner",
    "left_eyebrow_inner_end",
    "left_eyebrow_outer_end",
    "right_eyebrow_inner_end",
    "right_eyebrow_outer_end",
    "nose_tip",
    "mouth_left_corner",
    "mouth_right_corner",
    "mouth_center_top_lip",
    "mouth_center_bottom_lip",
)
KEYPOINT_COUNT = len(KEYPOINT_NAMES)
#: The 30 table columns, x before y, in the order of Kaggle's ``training.csv``.
COORDINATE_COLUMNS = tuple(f"{name}_{axis}" for name in KEYPOINT_NAMES for axis in "xy")


def _mirrored(name: str) -> str:
    swapped = name.replace("left", "\0").replace("right", "left")
    return swapped.replace("\0", "right")


#: ``points[FLIP_ORDER]`` exchanges the left and right keypoints, as a mirror image requires.
FLIP_ORDER = tuple(KEYPOINT_NAMES.index(_mirrored(name)) for name in KEYPOINT_NAMES)
#: The outer eye corners, whose distance normalises keypoint errors (NME).
OUTER_EYE_CORNERS = (
    KEYPOINT_NAMES.index("left_eye_outer_corner"),
    KEYPOINT_NAMES.index("right_eye_outer_corner"),
)


@dataclass(frozen=True)
class LabelSet:
    """An ordered choice of expressions; the order is the network's output order."""

    name: str
    expressions: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.expressions)

    def index(self, expression: str) -> int:
        return self.expressions.index(expression)


#: FER2013's seven classes, numbers 0-6 (Goodfellow et al. 2013, arXiv:1307.0414).
FER7 = LabelSet("fer7", ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"))
#: The course's five classes, numbers 0-4.
COURSE5 = LabelSet("course5", ("angry", "disgust", "sad", "happy", "surprise"))
#: The truths a network with two heads learns side by side: FER+ vote shares, the given label.
HEADS = ("crowd", "given")
#: Trained or stored: one body with both of them.
BOTH = "both"
LABEL_SETS = {label_set.name: label_set for label_set in (FER7, COURSE5)}

#: FER+ vote columns in their official order (Barsoum et al. 2016, arXiv:1608.01041).
FERPLUS_COLUMNS = (
    "neutral", "happiness", "surprise", "sadness", "anger",
    "disgust", "fear", "contempt", "unknown", "NF",
)  # fmt: skip
#: The same ten as columns of a dataset's table.
VOTE_COLUMNS = tuple(f"votes_{column}" for column in FERPLUS_COLUMNS)

_ALIASES = {
    "anger": "angry",
    "disgusted": "disgust",
    "fearful": "fear",
    "happiness": "happy",
    "sadness": "sad",
    "surprised": "surprise",
}
#: For each FER+ column its FER2013 expression, None for contempt, unknown and NF (no face).
FERPLUS_EXPRESSIONS = tuple(
    name if (name := _ALIASES.get(column, column)) in FER7.expressions else None
    for column in FERPLUS_COLUMNS
)

#: Okabe-Ito, readable by colour-blind people; never shown without the name beside it.
EXPRESSION_COLOURS = {
    "angry": "#D55E00",
    "disgust": "#009E73",
    "fear": "#CC79A7",
    "happy": "#E69F00",
    "sad": "#0072B2",
    "surprise": "#56B4E9",
    "neutral": "#999999",
}
#: Keypoints by the subject's side.
SIDE_COLOURS = {"left": "#F0E442", "right": "#56B4E9", "middle": "#FFFFFF"}
KEYPOINT_SIDES = tuple(
    next((side for side in ("left", "right") if side in name), "middle") for name in KEYPOINT_NAMES
)


def label_set(name: str) -> LabelSet:
    """The label set called ``name``; ConfigError lists the known ones."""
    try:
        return LABEL_SETS[name]
    except KeyError:
        known = ", ".join(LABEL_SETS)
        raise ConfigError(f"unknown label set {name!r}: expected one of {known}") from None


def canonical_expression(name: str) -> str | None:
    """FER2013's name of an expression (``"Anger"`` gives ``"angry"``), None when unknown."""
    name = name.strip().lower()
    name = _ALIASES.get(name, name)
    return name if name in FER7.expressions else None
