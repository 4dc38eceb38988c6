"""How long a training will take here, from a few batches of it: asked for and read, without Keras.

``probe`` measures them in a process of its own. What was measured holds for every number of faces
and epochs, so it is kept by what it depends on: task, network, batch, precision, labels.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from emotion_ai.access.permissions import require_editor
from emotion_ai.errors import RecordError
from emotion_ai.jobs import background
from emotion_ai.optional import require, training_modules
from emotion_ai.settings import settings
from emotion_ai.storage.records import read_record
from emotion_ai.training.checks import Fit
from emotion_ai.training.config import TrainingConfig
from emotion_ai.training.records import Measured

_DECIDE = ("task", "preset", "batch_size", "precision", "label_set", "labels", "teachers")


@dataclass(frozen=True)
class Estimate:
    """What a training takes on this machine, as it was busy when this was measured."""

    seconds: float
    images_per_s: float
    memory_mb: float
    parameters: int
    measured: str


def result_path(config: TrainingConfig) -> Path:
    """Where the measurement for such a configuration is kept."""
    record = config.as_dict()
    key = json.dumps({name: record[name] for name in _DECIDE}, sort_keys=True)
    digest = hashlib.sha256(key.encode()).hexdigest()[:16]
    return settings().cache_dir / "probes" / f"{digest}.result.json"


def status_path(config: TrainingConfig) -> Path:
    """The background job that measures it."""
    return result_path(config).with_name(result_path(config).name.replace(".result", ""))


def start(config: TrainingConfig) -> None:
    """Measure, unless that is being done already; see ``background.read_job(status_path(…))``."""
    require_editor("try a training")
    require("A dry run", *training_modules())
    result = result_path(config)
    arguments = [str(status_path(config)), str(result), json.dumps(config.as_dict())]
    background.start(status_path(config), "emotion_ai.training.probe", arguments)


def estimate(config: TrainingConfig, fit: Fit) -> Estimate | None:
    """From what was measured; None when nothing was, or it cannot be read."""
    try:
        found = read_record(result_path(config), Measured)
        batch_s, face_s = found["batch_s"], found["validation_face_s"]
        looks = 2 if config.ema else 1  # trained weights and their average
        epoch_s = fit.steps(config.batch_size) * batch_s + looks * fit.validation * face_s
        epoch_s += 2 * found["save_s"]
        return Estimate(
            found["start_s"] + config.epochs * epoch_s,
            config.batch_size / batch_s,
            found["memory_mb"],
            found["parameters"],
            found["measured"],
        )
    except (FileNotFoundError, RecordError):
        return None
