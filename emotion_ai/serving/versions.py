"""Exported models on disk, as TensorFlow Serving reads them: ``<serving_dir>/<model>/<version>/``.

Beside the models' folders lie ``models.config`` and ``batching.config`` for the server, single
files of other formats (``<model>.tflite``, ``<model>.onnx``) and ``<model>.parity.json`` with what
the last export compared. No TensorFlow.
"""

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from emotion_ai.access.permissions import require_editor
from emotion_ai.errors import RecordError
from emotion_ai.jobs import background
from emotion_ai.optional import require
from emotion_ai.settings import Settings
from emotion_ai.storage.files import write_bytes
from emotion_ai.storage.records import Count, Line, Number, read_record

FORMATS = ("savedmodel", "litert", "onnx")
#: File endings of the formats that are one file.
SUFFIXES = {"litert": ".tflite", "onnx": ".onnx"}
#: Inside a version, where TensorFlow Serving looks for what is not the model's own.
EXTRA = "assets.extra"
RECORD, WARM_UP = "export.json", "tf_serving_warmup_requests"
MODELS_CONFIG, BATCHING_CONFIG = "models.config", "batching.config"
#: Where the server's container finds ``serving_dir``.
MOUNTED = "/models"
#: Faces of a batch; an exported version is warmed up for each, as the server keeps to them, too.
BATCH_SIZES = (1, 4, 16, 64)
#: Versions that stay loaded: the newest and the one before, to go back to.
VERSIONS_LOADED = 2

_BATCHING = f"""\
# How TensorFlow Serving gathers requests (--enable_batching --batching_parameters_file).
max_batch_size {{ value: {BATCH_SIZES[-1]} }}
batch_timeout_micros {{ value: 2000 }}
max_enqueued_batches {{ value: 100 }}
num_batch_threads {{ value: 2 }}
{"".join(f"allowed_batch_sizes: {size}" + chr(10) for size in BATCH_SIZES)}"""


@dataclass(frozen=True)
class Exported:
    """One version of a model, ready to be served. ``record`` says what it was made of and how far
    it differs from Keras; empty, with the reason in ``damage``, when it cannot be read."""

    model: str
    version: int
    folder: Path
    record: dict
    damage: str = ""

    @property
    def size_bytes(self) -> int:
        return sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())


def list_exported(serving_dir: Path, model: str = "*") -> list[Exported]:
    """Every exported version by model, newest first."""
    found = []
    for path in Path(serving_dir).glob(f"{model}/*/saved_model.pb"):
        if re.fullmatch("[0-9]{1,18}", path.parent.name):
            folder = path.parent
            record = read_export(folder / EXTRA / RECORD)
            found.append(Exported(folder.parent.name, int(folder.name), folder, *record))
    return sorted(found, key=lambda one: (one.model, -one.version))


class ParityRecord(TypedDict):
    name: Line
    precision: Line
    largest: Number
    same: Count


class ExportRecord(TypedDict):
    """Of which model an export was made, and how far it is from Keras."""

    task: Line
    digest: Line
    created: Line
    faces: Count
    source: str
    parity: list[ParityRecord]


def read_export(path: Path) -> tuple[dict, str]:
    """The record of an export and what is wrong with it: one of them is empty, or both are where
    there is none."""
    try:
        return read_record(path, ExportRecord), ""
    except FileNotFoundError:
        return {}, ""
    except RecordError as error:
        return {}, f"damaged: {error}"


def parity_path(folder: Path, model: str) -> Path:
    """The record of the last export of ``model`` to ``folder``."""
    return Path(folder) / f"{model}.parity.json"


def publish(staged: Path, folder: Path) -> int:
    """Move a finished version to ``folder`` under the next number, which is returned.

    The server may look at any moment: it finds the whole version or none. Of two exports at once
    each gets a number of its own.
    """
    staged.chmod(0o755)  # mkdtemp made it private
    while True:
        taken = [int(path.name) for path in folder.iterdir() if path.name.isdecimal()]
        version = max(taken, default=0) + 1
        try:
            os.rename(staged, folder / str(version))
        except OSError:
            if not (folder / str(version)).exists():
                raise
            continue
        return version


def write_configs(serving_dir: Path) -> None:
    """``models.config`` with every exported model; ``batching.config`` unless one is there, which
    may have been tuned."""
    models = sorted({one.model for one in list_exported(serving_dir)})
    blocks = "".join(
        f"  config {{\n    name: {json.dumps(model)}\n"
        f"    base_path: {json.dumps(f'{MOUNTED}/{model}')}\n"
        '    model_platform: "tensorflow"\n'
        f"    model_version_policy {{ latest {{ num_versions: {VERSIONS_LOADED} }} }}\n  }}\n"
        for model in models
    )
    content = f"model_config_list {{\n{blocks}}}\n"
    write_bytes(Path(serving_dir) / MODELS_CONFIG, content.encode())
    batching = Path(serving_dir) / BATCHING_CONFIG
    if not batching.exists():
        write_bytes(batching, _BATCHING.encode())


def job_status(settings: Settings, model: str) -> Path:
    """The file that says how far the export of ``model`` is (see ``background``)."""
    return settings.cache_dir / "export" / f"{model}.json"


def start_export(settings: Settings, model: str, kind: str) -> None:
    """Export a saved model to ``serving_dir`` in a process of its own."""
    require_editor("export a model")
    require("An export", "keras", "tensorflow")
    arguments = [model, kind, str(settings.serving_dir), str(job_status(settings, model))]
    background.start(job_status(settings, model), "emotion_ai.serving.export", arguments)
