"""How long a training will take here: a few batches of it, measured in a process of their own.

``python -m emotion_ai.training.probe STATUS RESULT CONFIG`` measures (CONFIG is JSON); the rest of
this module asks for it and reads it, without Keras. What was measured holds for every number of
faces and epochs, so it is kept by what it depends on: task, network, batch, precision, labels.
"""

import hashlib
import json
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil

from emotion_ai.access.permissions import require_editor
from emotion_ai.jobs import background
from emotion_ai.optional import require, training_modules
from emotion_ai.settings import settings
from emotion_ai.storage.files import write_json
from emotion_ai.training.checks import Fit
from emotion_ai.training.config import TrainingConfig

#: Stop measuring after so many batches, or so many seconds after the first.
BATCHES, ENOUGH_S = 12, 5.0
_DECIDE = ("task", "preset", "batch_size", "precision", "label_set", "labels")


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
        found = json.loads(result_path(config).read_text())
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
    except (OSError, ValueError, KeyError, TypeError, ZeroDivisionError):
        return None


def measure(config: TrainingConfig, tell=lambda done, total, unit: None) -> dict:
    """Train some batches of a new network and throw it away: seconds, megabytes, parameters."""
    began = psutil.Process().create_time()
    from emotion_ai.training.trainer import open_data

    tell(0, BATCHES, "batches")
    datasets = open_data(config)

    import keras

    from emotion_ai.labels import label_set
    from emotion_ai.training import loop
    from emotion_ai.training.examples import prepare

    keras.utils.set_random_seed(config.seed)
    keras.config.set_dtype_policy(loop.choose_precision(config.precision))
    labels = label_set(config.label_set)
    train_set, validation_set = prepare(datasets, config, labels)
    batches = loop.Batches(train_set, config, workers=2, max_queue_size=16)
    model = loop.new_model(config, labels)
    loop.compile_model(model, config, len(batches))
    times: list[float] = []

    class Watch(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            times.append(time.monotonic())
            tell(len(times), BATCHES, "batches")
            if len(times) >= BATCHES or times[-1] - times[0] > ENOUGH_S:
                self.model.stop_training = True

    epochs = -(-BATCHES // len(batches))
    model.fit(batches, epochs=epochs, shuffle=False, callbacks=[Watch()], verbose=0)
    start_s = time.time() - began - (times[-1] - times[0])
    batch_s = (times[-1] - times[0]) / max(1, len(times) - 1)
    border = validation_set.border_px
    faces = validation_set.images[:256, border : -border or None, border : -border or None, None]
    model.predict(faces, batch_size=256, verbose=0)
    clock = time.monotonic()
    model.predict(faces, batch_size=256, verbose=0)
    face_s = (time.monotonic() - clock) / len(faces)
    clock = time.monotonic()
    kept = result_path(config).with_suffix(".keras")
    kept.parent.mkdir(parents=True, exist_ok=True)
    loop.save_model(model, kept)
    kept.unlink()
    return {
        "batch_s": batch_s,
        "validation_face_s": face_s,
        "save_s": time.monotonic() - clock,
        "start_s": start_s,
        "memory_mb": psutil.Process().memory_info().rss / 1e6,
        "parameters": model.count_params(),
        "measured": datetime.now(UTC).isoformat(timespec="minutes"),
    }


def main(status: Path, result: Path, config: TrainingConfig) -> None:
    write_json(result, measure(config, lambda *step: background.report(status, *step)))
    background.finish(status)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), TrainingConfig.from_dict(json.loads(sys.argv[3])))
