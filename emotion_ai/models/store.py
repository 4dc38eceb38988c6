"""Saved models: ``<models_dir>/<name>/`` with weights, their card, and checksums that are checked.

``model.keras`` to train on and export, ``model.tflite`` to run, ``card.json`` what it is: task,
label set, data and its digest, split, scores, parameters, training configuration, date.

The app reads with the models called as in ``DEFAULTS``. A model that is replaced stays below
``.versions/<name>/`` (see ``versions``).
"""

import hashlib
import json
import re
import shutil
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from filelock import FileLock

from emotion_ai.access.permissions import require_editor
from emotion_ai.errors import ModelError
from emotion_ai.labels import HEADS, LabelSet, label_set
from emotion_ai.models.card import CARD, TFLITE, Card, check_card, read_card
from emotion_ai.models.card import KERAS as KERAS  # whoever opens a model finds it here
from emotion_ai.models.runtime import LiteNetwork
from emotion_ai.storage.files import exchange, may_name_a_folder, sibling_folder, write_json
from emotion_ai.storage.records import parse

VERSIONS = ".versions"
#: The models that the app reads with, each called as its task.
DEFAULTS = ("expression", "keypoints")


@dataclass(frozen=True)
class SavedModel:
    """A model of the store. Its card is read; weights are read, and verified, when asked for."""

    folder: Path
    card: Card
    #: The one to answer with, of a network with several; None is the first.
    head: str | None = None

    @property
    def name(self) -> str:
        """Its folder's name, followed by ``@head`` unless that is the first."""
        other = self.truth != self.heads[0]
        return f"{self.folder.name}@{self.truth}" if other else self.folder.name

    @property
    def task(self) -> str:
        return self.card["task"]

    @property
    def digest(self) -> str:
        """The key of everything cached about this model: SHA-256 of its ``.tflite`` or, for another
        head than the first, of that and the head."""
        own = self.card["files"][TFLITE]["sha256"]
        if self.truth == self.heads[0]:
            return own
        return hashlib.sha256(f"{own}@{self.truth}".encode()).hexdigest()

    @cached_property
    def labels(self) -> LabelSet:
        return label_set(self.card["label_set"], self.card.get("classes"))

    @property
    def truth(self) -> str:
        """What it learned to say: ``given``, the datasets' labels, or ``crowd``, people's votes."""
        return self.head or self.heads[0]

    @property
    def named_as(self) -> str | None:
        """By whose word it names expressions, one of ``HEADS``; None where it learned a mixture."""
        return self.truth if self.card.get("truth", self.truth) in HEADS else None

    @property
    def heads(self) -> tuple[str, ...]:
        """The truths it can answer with, each with a head of its own; the first unless asked."""
        truth = "crowd" if self.card.get("truth") == "crowd" else "given"
        return tuple(self.card.get("heads", (truth,)))

    def with_head(self, head: str) -> "SavedModel":
        """The same network answering with another of its heads; ModelError lists them."""
        if head not in self.heads:
            raise ModelError(
                f"model {self.folder.name} has no head {head!r}: expected {', '.join(self.heads)}"
            )
        return replace(self, head=head)

    def each_head(self) -> list["SavedModel"]:
        """The same network once for each truth that it can answer with."""
        return [self.with_head(head) for head in self.heads]

    @property
    def scores(self) -> list[dict]:
        """The scores on its card; of several heads', its own."""
        return [s for s in self.card["scores"] if s.get("head", self.truth) == self.truth]

    def verified(self, file: str) -> bytes:
        """The content of one of its files; ModelError unless its checksum is the card's."""
        try:
            content = (self.folder / file).read_bytes()
            expected = self.card["files"][file]["sha256"]
        except (OSError, KeyError):
            raise ModelError(f"model {self.name}: {file} is missing") from None
        if hashlib.sha256(content).hexdigest() != expected:
            raise ModelError(f"model {self.name}: {file} is damaged (wrong checksum)")
        return content

    def network(self, threads: int = 2, every_head: bool = False) -> LiteNetwork:
        """The network, ready to run on LiteRT; it answers with this head, or with all of them."""
        head = None if every_head else self.heads.index(self.truth)
        return LiteNetwork(self.verified(TFLITE), threads, head)


def open_model(models_dir: Path, name: str) -> SavedModel:
    """The model called ``name``, or in the folder ``name``; ModelError lists the known ones.

    ``name@head`` answers with another of its heads.
    """
    place, slash, name = str(name).rstrip("/").rpartition("/")
    name, _, head = name.partition("@")
    folder = Path(place + slash) / name if slash else Path(models_dir) / name
    try:
        model = SavedModel(folder, read_card(folder))
    except FileNotFoundError:
        known = ", ".join(model.name for model in list_models(models_dir)) or "none yet"
        raise ModelError(f"no model {name!r}: expected one of: {known}") from None
    return model.with_head(head) if head else model


def list_models(models_dir: Path) -> list[SavedModel]:
    """Every model whose card can be read, by name."""
    return survey(models_dir)[0]


def survey(models_dir: Path) -> tuple[list[SavedModel], dict[str, str]]:
    """Every model, by name, and what is wrong with the damaged others: name → why."""
    models, damaged = [], {}
    for path in sorted(Path(models_dir).glob(f"[!.]*/{CARD}")):
        try:
            models.append(SavedModel(path.parent, read_card(path.parent)))
        except ModelError as error:
            damaged[path.parent.name] = str(error)
        except FileNotFoundError:
            continue  # moved just now
    return models, damaged


def write_model(folder: Path, card: dict, files: dict[str, bytes]) -> SavedModel:
    """Store a model, all or nothing. One of the same name becomes an earlier version of it; its
    README and the pictures beside it stay. ModelError for the name of a model of another task."""
    require_editor("save a model")
    folder = Path(folder)
    sums = {
        file: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for file, content in files.items()
    }
    card = {**card, "files": sums}
    check_card(parse(json.dumps(card), CARD))  # as it will be read
    check_task(folder, card["task"])
    temporary = sibling_folder(folder)
    try:
        for file, content in files.items():
            (temporary / file).write_bytes(content)
        write_json(temporary / CARD, card)
        for told in (*folder.glob("README.md"), *folder.glob("*.png")):
            shutil.copy(told, temporary)
        put_in_place(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return open_model(folder.parent, folder.name)


def check_model_name(models_dir: Path, name: str) -> str:
    """``name`` when it may name a model's folder, a new one or one that a model has."""
    if not may_name_a_folder(name):
        raise ModelError(f"model name {name!r}: expected 1 to 64 letters, digits, '_', '-', '.'")
    folder = Path(models_dir) / name
    if folder.exists() and not (folder / CARD).exists():  # runs, searches
        raise ModelError(f"{name} in the folder of models is no model: choose another name")
    return name


def check_task(folder: Path, task: str) -> None:
    """ModelError unless a model for ``task`` may be stored as ``folder``."""
    try:
        taken = (
            folder.name if folder.name in DEFAULTS else open_model(folder.parent, folder.name).task
        )
    except ModelError:  # none yet, or a damaged one
        return
    if taken != task:
        raise ModelError(
            f"{folder.name} is a model for {taken}, this one is for {task}: choose another name"
        )


def put_in_place(staged: Path, folder: Path) -> None:
    """Let a finished folder beside ``folder``, or an earlier version of it, take its place.

    What was there becomes the newest earlier version. A crash at any moment leaves both whole:
    one of them under its name, the other among the versions.
    """
    staged.chmod(0o755)  # mkdtemp made it private
    kept = versions_folder(folder)
    kept.mkdir(parents=True, exist_ok=True)
    with FileLock(kept.parent / ".lock"):
        if not folder.exists():
            staged.rename(folder)
            return
        number = max(version_numbers(folder), default=0) + 1
        slot = kept / str(number)
        staged.rename(slot)
        if not exchange(slot, folder):
            shutil.move(folder, kept / str(number + 1))
            slot.rename(folder)


def versions_folder(folder: Path) -> Path:
    """Where the earlier versions of the model in ``folder`` are kept, each under a number."""
    return folder.parent / VERSIONS / folder.name


def version_numbers(folder: Path) -> list[int]:
    """The numbers of the earlier versions, rising with the time at which they made way; whatever
    else somebody put beside them does not count."""
    found = versions_folder(folder).glob("[0-9]*")
    return sorted(int(path.name) for path in found if re.fullmatch("[0-9]{1,9}", path.name))
