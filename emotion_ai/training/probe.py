"""``python -m emotion_ai.training.probe STATUS RESULT CONFIG`` (CONFIG is JSON): a few batches of a
training, measured in this process. ``estimate`` asks for it."""

import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import keras
import psutil

from emotion_ai.jobs import background
from emotion_ai.storage.files import write_json
from emotion_ai.training import loop
from emotion_ai.training.batches import Batches
from emotion_ai.training.config import TrainingConfig
from emotion_ai.training.estimate import result_path
from emotion_ai.training.examples import open_data, prepare
from emotion_ai.training.recorder import save_model
from emotion_ai.training.teachers import open_teachers

#: Stop measuring after so many batches, or so many seconds after the first.
BATCHES, ENOUGH_S = 12, 5.0


def measure(config: TrainingConfig, tell=lambda done, total, unit: None) -> dict:
    """Train some batches of a new network and throw it away: seconds, megabytes, parameters."""
    began = psutil.Process().create_time()
    tell(0, BATCHES, "batches")
    datasets = open_data(config)

    keras.utils.set_random_seed(config.seed)
    keras.config.set_dtype_policy(loop.choose_precision(config.precision))
    labels = config.expressions
    train_set, validation_set = prepare(datasets, config, labels)
    teachers = open_teachers(config.teachers)
    batches = Batches(train_set, config, 0, teachers, workers=2, max_queue_size=16)
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
    save_model(model, kept)
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
