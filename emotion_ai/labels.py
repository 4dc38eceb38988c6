"""Names that everything else agrees on: tasks, keypoints, mirror pairs, expressions, colours.

*Left* is always the subject's left, as in Kaggle's Facial Keypoints Detection data.

Three sets of expressions are known by name; any other belongs to a dataset, which brings its own
classes. Their names come from outside: ``class_name`` makes them harmless once, and a ``LabelSet``
accepts no other.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

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
#: Mean keypoints of the 96 × 96 training faces, made symmetric, pixels, x then y.
MEAN_FACE_PX = (
    (65.2, 34.8), (29.8, 34.8), (58.1, 35.8), (72.3, 34.9), (36.9, 35.8), (22.7, 34.9),
    (55.7, 24.4), (80.3, 27.0), (39.3, 24.4), (14.7, 27.0), (47.5, 55.4),
    (62.7, 73.3), (32.3, 73.3), (47.5, 70.0), (47.5, 81.2),
)  # fmt: skip


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

#: The expressions that go by other names too.
_KNOWN = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral", "contempt")
_ALIASES = {
    "anger": "angry",
    "contemptuous": "contempt",
    "disgusted": "disgust",
    "fearful": "fear",
    "happiness": "happy",
    "sadness": "sad",
    "surprised": "surprise",
}


def canonical_expression(name: str) -> str | None:
    """FER+'s name of an expression (``"Anger"`` gives ``"angry"``), None when unknown."""
    name = name.strip().lower()
    name = _ALIASES.get(name, name)
    return name if name in _KNOWN else None


#: The most classes of a set, and characters of a name.
MAX_CLASSES, MAX_NAME = 1000, 60


@dataclass(frozen=True)
class LabelSet:
    """An ordered choice of expressions; the order is the network's output order. ConfigError for
    names that ``class_name`` would change, and for two that differ by case alone."""

    name: str
    expressions: tuple[str, ...]

    def __post_init__(self):
        if not 1 <= len(self) <= MAX_CLASSES:
            raise ConfigError(f"classes: expected 1 to {MAX_CLASSES:,}, got {len(self):,}")
        seen = set()
        for name in self.expressions:
            if not name or not isinstance(name, str) or name != class_name(name):
                raise ConfigError(f"class {name!r:.80}: expected a plain name in one line")
            if class_key(name) in seen:
                raise ConfigError(f"class {name!r}: expected every name once, whatever its case")
            seen.add(class_key(name))

    def __len__(self) -> int:
        return len(self.expressions)

    def index(self, expression: str) -> int:
        return self.expressions.index(expression)

    @property
    def is_known(self) -> bool:
        """Whether its name alone says which expressions it has."""
        return LABEL_SETS.get(self.name) == self

    @property
    def title(self) -> str:
        """Its name or, of a dataset's own classes, the first of them."""
        if self.is_known:
            return self.name
        few, more = self.expressions[:4], len(self) - 4
        return ", ".join(few) + (f" and {more} more" if more > 0 else "")

    def shared_with(self, other: "LabelSet") -> "LabelSet":
        """The classes that both have, in the order of this one; ConfigError for fewer than two."""
        shared = tuple(name for name in self.expressions if name in other.expressions)
        if len(shared) < 2:
            raise ConfigError(
                f"expected two classes or more in common, got {len(shared)}: of {self.title}; "
                f"and {other.title}"
            )
        return self if len(shared) == len(self) else exact_set(shared)


def class_key(name: str) -> str:
    """Equal for names that differ by case or by the form of their characters alone."""
    return unicodedata.normalize("NFKC", name).casefold()


def class_name(name: str) -> str:
    """A class's name as it is kept, ``""`` when nothing is left: FER2013's word for an expression
    that is known, else the name in one line of ``MAX_NAME`` characters, without what a page, a
    terminal or a spreadsheet would act on."""
    name = "".join(c for c in str(name) if c.isspace() or is_text(c))
    name = unicodedata.normalize("NFC", " ".join(name.split())).translate(_HARMLESS)
    if not re.fullmatch(r"[-+]?[0-9.]+", name):
        name = name.lstrip("=+-@ ")
    if name in _COLUMNS:
        name = name.capitalize()
    return canonical_expression(name) or name[:MAX_NAME].rstrip()


#: What tables with a column for each class call their other columns.
_COLUMNS = ("time_s", "faces", "marker", "brightness", "rotation", "blur", "noise", "shift")


#: HTML, Plotly and Markdown build tags, attributes, links and pictures of these.
_HARMLESS = str.maketrans('<>"[]`|\\', "‹›”()'¦/")
#: Joiners, which scripts and emoji need; other invisible characters turn text around or hide it.
_JOINERS = "\u200c\u200d"


def is_text(character: str) -> bool:
    return character in _JOINERS or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co")


#: FER2013's seven classes, numbers 0-6 (Goodfellow et al. 2013, arXiv:1307.0414).
FER7 = LabelSet("fer7", _KNOWN[:7])
#: The course's five classes, numbers 0-4.
COURSE5 = LabelSet("course5", ("angry", "disgust", "sad", "happy", "surprise"))
#: FER+'s eight: FER2013's and contempt (Barsoum et al. 2016).
FER8 = LabelSet("fer8", _KNOWN)
#: The truths a network with two heads learns side by side: FER+ vote shares, the given label.
HEADS = ("crowd", "given")
#: By whose word a network names expressions, for people.
TRUTH_TITLES = {"crowd": "what most people say", "given": "the dataset's label"}
#: Trained or stored: one body with both of them.
BOTH = "both"
LABEL_SETS = {label_set.name: label_set for label_set in (FER7, COURSE5, FER8)}

#: FER+ vote columns in their official order (Barsoum et al. 2016, arXiv:1608.01041).
FERPLUS_COLUMNS = (
    "neutral", "happiness", "surprise", "sadness", "anger",
    "disgust", "fear", "contempt", "unknown", "NF",
)  # fmt: skip
#: The same ten as columns of a dataset's table.
VOTE_COLUMNS = tuple(f"votes_{column}" for column in FERPLUS_COLUMNS)

#: For each FER+ column its expression in ``FER8``, None for unknown and NF (no face).
FERPLUS_EXPRESSIONS = tuple(
    name if (name := _ALIASES.get(column, column)) in _KNOWN else None for column in FERPLUS_COLUMNS
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
#: Further classes take yellow first, then the colours of the seven that are not there.
_PALETTE = ("#F0E442", *EXPRESSION_COLOURS.values())


@dataclass(frozen=True)
class Look:
    """How a class is told from others: its ``colour``, and a ``pattern``, 0 for none, that counts
    up where more classes than colours are shown."""

    colour: str
    pattern: int = 0


@lru_cache(maxsize=64)
def looks(names: tuple[str, ...]) -> dict[str, Look]:
    """A look for each class of a set: FER2013's seven keep their colours, others take the free
    ones of Okabe and Ito's palette, then all again with a pattern."""
    taken = {EXPRESSION_COLOURS[name] for name in names if name in EXPRESSION_COLOURS}
    free = [Look(colour) for colour in _PALETTE if colour not in taken]
    own = [name for name in names if name not in EXPRESSION_COLOURS]
    rounds = -(-len(own) // len(_PALETTE))
    free += [Look(colour, n) for n in range(1, rounds + 1) for colour in _PALETTE]
    others = dict(zip(own, free, strict=False))
    return {n: others.get(n) or Look(EXPRESSION_COLOURS[n]) for n in names}


def colours(names: Iterable[str]) -> dict[str, str]:
    """The colour of each class of a set (see ``looks``)."""
    return {name: look.colour for name, look in looks(tuple(names)).items()}


#: Keypoints by the subject's side.
SIDE_COLOURS = {"left": "#F0E442", "right": "#56B4E9", "middle": "#FFFFFF"}
KEYPOINT_SIDES = tuple(
    next((side for side in ("left", "right") if side in name), "middle") for name in KEYPOINT_NAMES
)


def label_set(name: str, classes: Iterable[str] | None = None) -> LabelSet:
    """The label set called ``name``, or of its own ``classes``; ConfigError lists the known ones,
    or names the class that is none."""
    if name in LABEL_SETS:
        return LABEL_SETS[name]
    if classes:
        return _own(tuple(classes))
    known = ", ".join(LABEL_SETS)
    raise ConfigError(f"unknown label set {name!r}: expected one of {known}")


def set_of(classes: Iterable[str]) -> LabelSet:
    """The label set of a dataset with these classes: a known one where all are its expressions
    (``fer8`` only with all eight), else these, in their order."""
    classes = tuple(classes)
    for known in (COURSE5, FER8):
        if set(classes) == set(known.expressions):
            return known
    return FER7 if set(classes) <= set(FER7.expressions) else _own(classes)


def exact_set(classes: tuple[str, ...]) -> LabelSet:
    """The label set of these classes alone, in their order: a known one where it is the same."""
    known = (one for one in LABEL_SETS.values() if one.expressions == classes)
    return next(known, None) or _own(classes)


def _own(classes: tuple[str, ...]) -> LabelSet:
    """Its name follows from its classes, so that equal sets are called alike."""
    digest = hashlib.sha256("\n".join(map(str, classes)).encode(errors="replace")).hexdigest()
    return LabelSet(f"own{len(classes)}-{digest[:6]}", classes)
