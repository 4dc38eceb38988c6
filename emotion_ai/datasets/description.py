"""What a dataset says about itself: the fields of ``dataset.json`` that the app relies on."""

from pathlib import Path
from typing import NotRequired, TypedDict

from emotion_ai.errors import ConfigError, DatasetError, RecordError
from emotion_ai.labels import FER7, label_set
from emotion_ai.storage.records import Count, Line, checked_by, read_json

DESCRIPTION = "dataset.json"


class Source(TypedDict):
    name: str


class Duplicates(TypedDict):
    surplus: Count
    groups: Count
    also_in_train: dict[str, Count]


class Skipped(TypedDict):
    count: Count


class _Description(TypedDict):
    task: Line
    n: Count
    size_px: Count
    border_px: Count
    splits: dict[str, Count]
    digest: Line
    format: NotRequired[Line]
    source: NotRequired[Source]
    split_rule: NotRequired[Line]
    label_set: NotRequired[Line]
    duplicates: NotRequired[Duplicates]
    skipped: NotRequired[Skipped]
    with_votes: NotRequired[Count]
    resized: NotRequired[Count]
    #: What it is, in a sentence or two.
    about: NotRequired[Line]
    #: Whether it came with the app.
    shipped: NotRequired[bool]


class ExpressionDescription(_Description):
    classes: NotRequired[list[Line]]
    expressions: dict[str, dict[str, Count]]


class KeypointDescription(_Description):
    complete: Count
    unlabelled: Count


Description = ExpressionDescription | KeypointDescription
_KINDS = {"expression": ExpressionDescription, "keypoints": KeypointDescription}


def read_description(folder: Path) -> Description:
    """The description in a dataset's folder; DatasetError names the field that is wrong, and
    FileNotFoundError says that there is none."""
    try:
        found = checked_by(read_json(folder / DESCRIPTION), "task", _KINDS, DESCRIPTION)
        if found["task"] == "expression":
            label_set(found.get("label_set", FER7.name), found.get("classes"))
        return found
    except (RecordError, ConfigError) as error:
        raise DatasetError(f"dataset {folder.name} is damaged: {error}: import it again") from None
