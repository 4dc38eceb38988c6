"""Which saved model is in use: earlier versions, going back to one, making one the app's default.

The app reads with the models ``expression`` and ``keypoints``. Each change here happens in one
step and can be taken back: what made way becomes the newest earlier version. No Keras.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emotion_ai.access.permissions import require_editor
from emotion_ai.errors import ModelError
from emotion_ai.models.store import (
    CARD,
    KERAS,
    TFLITE,
    SavedModel,
    check_task,
    open_model,
    put_in_place,
    version_numbers,
    versions_folder,
)
from emotion_ai.storage.files import sibling_folder, write_json


@dataclass(frozen=True)
class Version:
    """An earlier state of a saved model. ``number`` rises with the time at which it made way."""

    number: int
    model: SavedModel


@dataclass(frozen=True)
class Change:
    """What a change of models means. ``scores``: pairs of card scores, of the old and the new one,
    measured on the same split against the same labels; ``old``: None where there was none."""

    name: str
    old: SavedModel | None
    new: SavedModel
    scores: list[tuple[dict, dict]]


def versions(models_dir: Path, name: str) -> list[Version]:
    """The earlier versions of the model ``name``, newest first; damaged ones are left out."""
    return survey_versions(models_dir, name)[0]


def survey_versions(models_dir: Path, name: str) -> tuple[list[Version], dict[int, str]]:
    """``versions``, and what is wrong with the damaged others: number → why."""
    folder = _folder(models_dir, name)
    found, damaged = [], {}
    for number in reversed(version_numbers(folder)):
        try:
            found.append(Version(number, open_model(versions_folder(folder), str(number))))
        except ModelError as error:
            damaged[number] = str(error)
    return found, damaged


def change_back(models_dir: Path, name: str, number: int | None = None) -> Change:
    """What ``go_back`` with the same arguments would do."""
    return _change(models_dir, name, _version(models_dir, name, number).model)


def go_back(models_dir: Path, name: str, number: int | None = None) -> Change:
    """Exchange the model ``name`` with one of its earlier versions, by default the newest: calling
    it twice changes nothing. Brings a missing model back, too.

    ModelError when there is no such version, or it is damaged: then nothing happens.
    """
    require_editor("change which model is used")
    version = _version(models_dir, name, number)
    _check_whole(version.model)
    change = _change(models_dir, name, version.model)
    put_in_place(version.model.folder, _folder(models_dir, name))
    return change


def default_of(models_dir: Path, task: str) -> SavedModel | None:
    """The model that the app reads with, if there is one."""
    try:
        return open_model(models_dir, task)
    except ModelError:
        return None


def is_default(models_dir: Path, model: SavedModel) -> bool:
    """Whether the app reads with this model, or with a copy of it."""
    default = default_of(models_dir, model.task)
    return default is not None and default.digest == model.digest


def change_default(models_dir: Path, name: str) -> Change:
    """What ``make_default`` would do."""
    model = open_model(models_dir, name)
    return _change(models_dir, model.task, model)


def make_default(models_dir: Path, name: str) -> Change:
    """Let the app read with the model ``name``: a copy of it becomes the default of its task.

    ``go_back`` on the task's name takes it back. ModelError when it is the default already, one of
    several heads, damaged, or does not answer as a network for its task does: then nothing happens.
    """
    require_editor("change which model is used")
    change = change_default(models_dir, name)
    model, target = change.new, _folder(models_dir, change.name)
    if model.truth != model.heads[0]:
        raise ModelError(
            f"{model.name} is one of the heads of {model.folder.name}: expected a model's own "
            "name; which head answers is chosen where faces are read"
        )
    if is_default(models_dir, model):
        raise ModelError(f"model {model.name} is the default for {model.task} already")
    check_task(target, model.task)
    _check_whole(model)
    staged = sibling_folder(target)
    try:
        shutil.copytree(model.folder, staged, dirs_exist_ok=True)
        write_json(staged / CARD, {**model.card, "copy_of": model.name})
        put_in_place(staged, target)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    return change


def _folder(models_dir: Path, name: str) -> Path:
    if Path(name).name != name or name.startswith("."):
        raise ModelError(f"model name {name!r}: expected the name of a saved model")
    return Path(models_dir) / name


def _version(models_dir: Path, name: str, number: int | None) -> Version:
    found, damaged = survey_versions(models_dir, name)
    if number in damaged:
        raise ModelError(f"version {number} of {name}: {damaged[number]}")
    if not found:
        raise ModelError(f"model {name} has no earlier version")
    if number is None:
        return found[0]
    for version in found:
        if version.number == number:
            return version
    known = ", ".join(str(version.number) for version in found)
    raise ModelError(f"model {name} has no version {number}: expected one of: {known}")


def _change(models_dir: Path, name: str, new: SavedModel) -> Change:
    try:
        old = open_model(models_dir, name)
    except ModelError:
        return Change(name, None, new, [])
    return Change(name, old, new, paired_scores(old, new))


def paired_scores(old: SavedModel, new: SavedModel) -> list[tuple[dict, dict]]:
    """The scores of two cards that were measured alike: same data, split, labels and faces."""
    measured = {_basis(old, score): score for score in old.scores}
    return [
        (measured[basis], score)
        for score in new.scores
        if (basis := _basis(new, score)) in measured
    ]


def _basis(model: SavedModel, score: dict) -> tuple:
    digests = {data["name"]: data["digest"] for data in model.card.get("data", [])}
    facts = ("task", "data", "split", "label_set", "labels_from", "n")
    return digests.get(score["data"]), *(score.get(fact) for fact in facts)


def _check_whole(model: SavedModel) -> None:
    model.verified(KERAS)
    model.verified(TFLITE)
    try:
        network = model.network()
        answer = network(np.zeros((1, network.size_px, network.size_px), np.uint8))
    except (RuntimeError, ValueError) as error:  # what LiteRT says of a file it cannot run
        raise ModelError(f"model {model.name}: {TFLITE} does not run: {error}") from None
    expected = "keypoints" if model.task == "keypoints" else "probabilities"
    if expected not in answer:
        raise ModelError(
            f"model {model.name} is called one for {model.task}: expected a network that gives "
            f"{expected}, found one that gives {', '.join(answer)}"
        )
