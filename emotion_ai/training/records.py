"""What the files of a run say: the fields that the app relies on, with their types.

The configuration has ``TrainingConfig`` for its type.
"""

from pathlib import Path
from typing import Annotated, Literal, NotRequired, TypedDict

from msgspec import Meta

from emotion_ai.errors import RecordError
from emotion_ai.storage.records import (
    Count,
    Interval,
    Line,
    Number,
    Share,
    checked,
    checked_by,
    parse,
    read_record,
    read_text,
)

#: What may be said of a run; ``interrupted`` is also what others conclude from a silent trainer.
STATES = ("queued", "running", "finished", "cancelled", "failed", "interrupted", "damaged")


class Status(TypedDict):
    """``status.json``. Times are seconds since 1970; ``created`` and ``updated`` are dates."""

    state: Literal[STATES]
    pid: NotRequired[Annotated[int, Meta(ge=0, lt=2**31)]]
    pid_started: NotRequired[Number]
    host: NotRequired[str]
    created: NotRequired[Line]
    updated: NotRequired[Line]
    time: NotRequired[Number]
    epoch: NotRequired[Count]
    epochs: NotRequired[Count]
    message: NotRequired[str]
    #: The order in which runs wait.
    ticket: NotRequired[Annotated[int, Meta(ge=0, le=2**63 - 1)]]


class Progress(TypedDict, total=False):
    """``progress.json``: the epoch under way."""

    phase: Line
    epoch: Count
    epochs: Count
    batch: Count
    batches: Count
    images_per_s: Number | None
    left_s: Number | None
    memory_mb: Number
    time: Number


class Epoch(TypedDict):
    """A line of ``metrics.jsonl``."""

    epoch: Annotated[int, Meta(ge=1, le=10**6)]
    loss: Number
    validation_loss: Number
    learning_rate: NotRequired[Number]
    seconds: NotRequired[Number]
    accuracy: NotRequired[Number]
    validation_accuracy: NotRequired[Number]
    validation_rmse_px: NotRequired[Number]


def read_epochs(path: Path) -> tuple[list[Epoch], str]:
    """The epochs that can be read, and what is wrong with the first line that cannot. A torn last
    line (the trainer was killed while writing) is nothing wrong."""
    try:
        lines = read_text(path).splitlines()
    except FileNotFoundError:
        return [], ""
    except RecordError as error:
        return [], str(error)
    epochs, damage = [], ""
    for number, line in enumerate(lines, 1):
        name = f"{path.name} line {number}"
        try:
            epochs.append(checked(parse(line, name), Epoch, name))
        except RecordError as error:
            torn = number == len(lines) and not line.endswith("}")
            damage = damage or ("" if torn else str(error))
    return epochs, damage


class _RunScore(TypedDict):
    """How well a run's best weights do on some faces."""

    n: Count
    data: Line
    split: Line
    digest: NotRequired[Line]


class ExpressionRunScore(_RunScore):
    task: Literal["expression"]
    label_set: Line
    labels_from: Line
    accuracy: Share
    accuracy_ci: Interval


class KeypointRunScore(_RunScore):
    task: Literal["keypoints"]
    rmse_px: Number
    rmse_px_ci: Interval


RunScore = ExpressionRunScore | KeypointRunScore


class _Scores(TypedDict):
    scores: list[dict]


def read_scores(path: Path) -> list[RunScore]:
    """``scores.json``; RecordError where it is damaged, FileNotFoundError where there is none."""
    kinds = {"expression": ExpressionRunScore, "keypoints": KeypointRunScore}
    return [
        checked_by(score, "task", kinds, f"{path.name}: scores[{i}]")
        for i, score in enumerate(read_record(path, _Scores)["scores"])
    ]


class Learned(TypedDict):
    name: str
    n: Count
    digest: str
    marks: NotRequired[str]


class Data(TypedDict):
    """``data.json``: what a run learns from."""

    data: list[Learned]
    steps: NotRequired[Count]
    #: Digests of the models, by name.
    teachers: NotRequired[dict[str, str]]


class Measured(TypedDict):
    """What a dry run measured."""

    batch_s: Annotated[float, Meta(gt=0, le=1e6)]
    validation_face_s: Number
    save_s: Number
    start_s: Number
    memory_mb: Number
    parameters: Count
    measured: Line
