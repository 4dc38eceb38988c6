"""Words and figures as the pages show them: plain strings, no Streamlit."""

import re

from emotion_ai.datasets.formats.fer2013 import SPLIT_NAMES
from emotion_ai.datasets.store import SPLITS_TO_SCORE
from emotion_ai.evaluation.scores import headline
from emotion_ai.models.store import SavedModel

#: What FER2013 itself calls its splits.
_FER2013_SPLITS = {split: name for name, split in SPLIT_NAMES.items()}
_SPLIT_ORDER = (*SPLITS_TO_SCORE, "all")

#: Fields of ``faces.drawing.Layers`` and what the pages call them.
LAYER_TITLES = {"box": "boxes", "points": "points", "name": "names", "probability": "probabilities"}
TASK_TITLES = {"expression": "Expressions", "keypoints": "Keypoints"}


def plain(text: str) -> str:
    """``text`` for a Markdown label, with everything in it that Markdown would act on escaped.

    File names and error messages come from outside: they are shown, never interpreted.
    """
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", " ".join(text.split()))


def shortened(name: str, length: int = 14) -> str:
    """A file name for a narrow place: its start."""
    return name if len(name) <= length else name[: length - 1] + "…"


def count(n: int, noun: str) -> str:
    """``"1 face"``, ``"3,589 faces"``."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def duration(seconds: float) -> str:
    """``"45 s"``, ``"31 min"``, ``"2 h 5 min"``: as exact as a wait needs."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


def score_figure(score: dict) -> str:
    """The figure alone: ``"73.1 %"`` or ``"1.24 px"``."""
    return headline(score).text


def score_basis(score: dict) -> str:
    """What it was measured on: ``"95 %: 72.0–74.2, fer2013 PublicTest, n=3,589"``."""
    split = score["split"]
    if score["data"] == "fer2013":
        split = _FER2013_SPLITS.get(split, split)
    return f"95 %: {headline(score).limits('–')}, {score['data']} {split}, n={score['n']:,}"


def score_line(score: dict) -> str:
    """``"73.1 % (95 %: 72.0–74.2, fer2013 PublicTest, n=3,589)"``."""
    return f"{score_figure(score)} ({score_basis(score)})"


def headline_score(
    model: SavedModel, truth: str | None = None, like: dict | None = None
) -> dict | None:
    """The score to show first: all the model's classes against ``truth`` (default: what the model
    was trained to say), on the faces of the score ``like`` if it has one on them, else on the
    dataset with most faces, on its latest split."""
    truth = truth or model.truth
    scores = [
        s
        for s in model.scores
        if s.get("labels_from", "given") == truth
        and s.get("label_set") == model.card.get("label_set")
    ]
    most = {s["data"]: max(t["n"] for t in scores if t["data"] == s["data"]) for s in scores}

    def place(score: dict) -> tuple:
        same = like and (score["data"], score["split"]) == (like["data"], like["split"])
        return not same, -most[score["data"]], _place_of_split(score)

    return min(scores, key=place, default=None)


def other_scores(model: SavedModel, shown: dict) -> list[dict]:
    """One score for every other dataset than that of ``shown``, against the same truth."""
    scores = {}
    for score in sorted(model.scores, key=_place_of_split):
        alike = all(score.get(name) == shown.get(name) for name in ("labels_from", "label_set"))
        if alike and score["data"] != shown["data"]:
            scores.setdefault(score["data"], score)
    return list(scores.values())


def _place_of_split(score: dict) -> int:
    return _SPLIT_ORDER.index(score["split"]) if score["split"] in _SPLIT_ORDER else 9
