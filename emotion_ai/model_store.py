"""Saved models: ``<models_dir>/<name>/`` with weights, their card, and checksums that are checked.

``model.keras`` to train on and export, ``model.tflite`` to run, ``card.json`` what it is: task,
label set, data and its digest, split, scores, parameters, training configuration, date.
"""

import hashlib
import json
import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from emotion_ai.atomic import replace_folder, sibling_folder, write_json
from emotion_ai.errors import ModelError
from emotion_ai.labels import LabelSet, label_set
from emotion_ai.lite import LiteNetwork

KERAS, TFLITE, CARD = "model.keras", "model.tflite", "card.json"


@dataclass(frozen=True)
class SavedModel:
    """A model of the store. Its card is read; weights are read, and verified, when asked for."""

    folder: Path
    card: dict

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def task(self) -> str:
        return self.card["task"]

    @property
    def digest(self) -> str:
        """SHA-256 of the ``.tflite``; the key of everything cached about this model."""
        return self.card["files"][TFLITE]["sha256"]

    @cached_property
    def labels(self) -> LabelSet:
        return label_set(self.card["label_set"])

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

    def network(self, threads: int = 2) -> LiteNetwork:
        """The network, ready to run on LiteRT."""
        return LiteNetwork(self.verified(TFLITE), threads)


def open_model(models_dir: Path, name: str) -> SavedModel:
    """The model called ``name``, or in the folder ``name``; ModelError lists the known ones."""
    name = str(name).rstrip("/")
    folder = Path(name) if "/" in name else Path(models_dir) / name
    try:
        card = json.loads((folder / CARD).read_text())
        required = {"task", "files", "scores"} | (
            {"label_set"} if card["task"] != "keypoints" else set()
        )
        missing = required - set(card)
    except OSError:
        known = ", ".join(model.name for model in list_models(models_dir)) or "none yet"
        raise ModelError(f"no model {name!r}: expected one of: {known}") from None
    except (ValueError, TypeError, KeyError):
        raise ModelError(f"model {folder.name}: {CARD} is damaged") from None
    if missing:
        raise ModelError(f"model {folder.name}: {CARD} lacks {', '.join(sorted(missing))}")
    return SavedModel(folder, card)


def list_models(models_dir: Path) -> list[SavedModel]:
    """Every readable model, by name."""
    models = []
    for path in sorted(Path(models_dir).glob(f"[!.]*/{CARD}")):
        try:
            models.append(open_model(models_dir, path.parent.name))
        except ModelError:
            continue
    return models


def write_model(folder: Path, card: dict, files: dict[str, bytes]) -> SavedModel:
    """Store a model, all or nothing, replacing one of the same name but keeping its README."""
    folder = Path(folder)
    temporary = sibling_folder(folder)
    try:
        sums = {}
        for file, content in files.items():
            (temporary / file).write_bytes(content)
            digest = hashlib.sha256(content).hexdigest()
            sums[file] = {"bytes": len(content), "sha256": digest}
        write_json(temporary / CARD, {**card, "files": sums})
        readme = folder / "README.md"
        if readme.exists():
            shutil.copy(readme, temporary)
        replace_folder(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return open_model(folder.parent, folder.name)
