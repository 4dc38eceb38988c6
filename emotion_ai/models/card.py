"""What the card of a saved model says: the fields of ``card.json`` that the app relies on."""

from pathlib import Path
from typing import Annotated, Any, NotRequired, TypedDict

from msgspec import Meta

from emotion_ai.errors import EmotionAIError, ModelError, RecordError
from emotion_ai.labels import label_set
from emotion_ai.storage.records import (
    Count,
    Interval,
    Line,
    Number,
    Share,
    checked_by,
    read_json,
)

KERAS, TFLITE, CARD = "model.keras", "model.tflite", "card.json"


class File(TypedDict):
    bytes: Count
    sha256: Line


Files = TypedDict("Files", {KERAS: File, TFLITE: File})


class LearntFrom(TypedDict):
    name: Line
    digest: Line
    splits: dict[str, Count]


class Training(TypedDict, total=False):
    labels: Line
    epochs: Count
    drop_duplicates: bool


class _Score(TypedDict):
    task: Line
    data: Line
    split: Line
    n: Count


class Support(TypedDict):
    support: Count


class ExpressionScore(_Score):
    label_set: Line
    labels_from: Line
    labels: list[Line]
    accuracy: Share
    accuracy_ci: Interval
    confusion: list[list[Count]]
    per_class: dict[str, Support]


class KeypointScore(_Score):
    rmse_px: Number
    rmse_px_ci: Interval
    nme: NotRequired[Number]  # where a face has both outer eye corners


class _Card(TypedDict):
    task: Line
    parameters: Count
    created: Line
    files: Files
    data: NotRequired[list[LearntFrom]]
    run: NotRequired[Line]
    copy_of: NotRequired[Line]
    training: NotRequired[Training]
    preset: NotRequired[Line]
    quantised: NotRequired[bool]


class ExpressionCard(_Card):
    label_set: Line
    classes: NotRequired[list[Line]]
    scores: list[ExpressionScore]
    truth: NotRequired[Line]
    heads: NotRequired[Annotated[list[Line], Meta(min_length=1)]]


class KeypointCard(_Card):
    scores: list[KeypointScore]


Card = ExpressionCard | KeypointCard
_KINDS = {"expression": ExpressionCard, "keypoints": KeypointCard}


def read_card(folder: Path) -> Card:
    """The card in a model's folder; ModelError names the field that is wrong, or says that there
    is none with FileNotFoundError."""
    try:
        return check_card(read_json(folder / CARD))
    except (RecordError, ModelError) as error:
        raise ModelError(f"model {folder.name} is damaged: {error}") from None


def check_card(card: Any) -> Card:
    """``card`` when the app can rely on it; RecordError or ModelError otherwise."""
    card = checked_by(card, "task", _KINDS, CARD)
    if card["task"] == "expression":
        try:
            label_set(card["label_set"], card.get("classes"))
        except EmotionAIError as error:
            raise ModelError(f"{CARD}: label_set: {error}") from None
    for i, score in enumerate(card["scores"]):
        if score["task"] != card["task"]:
            raise ModelError(f"{CARD}: scores[{i}].task: expected {card['task']}")
        if card["task"] == "expression" and not _is_square(score["confusion"], score["labels"]):
            raise ModelError(f"{CARD}: scores[{i}].confusion: expected a row and column a label")
    return card


def _is_square(rows: list[list[int]], labels: list[str]) -> bool:
    return {len(rows), *map(len, rows)} == {len(labels)}
