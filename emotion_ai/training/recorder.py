"""After every epoch: how well it does, which weights are kept, what the run's folder says."""

import json
import math
import os
import time
from pathlib import Path

import keras
import numpy as np
from keras import ops

from emotion_ai.evaluation.keypoint_errors import centred
from emotion_ai.evaluation.scores import expression_scores, keypoint_scores
from emotion_ai.labels import HEADS, LabelSet
from emotion_ai.networks.changes import in_float32
from emotion_ai.storage.files import write_bytes
from emotion_ai.training import augmentation, progress, runs
from emotion_ai.training.examples import Examples
from emotion_ai.training.losses import masked_wing_loss, with_mask


class Recorder(keras.callbacks.Callback):
    """After each epoch: validate, choose weights, write metrics, status and checkpoints."""

    def __init__(self, folder, config, labels: LabelSet, validation: Examples, epoch, on_epoch):
        super().__init__()
        self.folder, self.config, self.labels = folder, config, labels
        self.validation, self.on_epoch = validation, on_epoch
        self.diverged = 0  # the epoch in which the loss stopped being a number
        self.history = [r for r in runs.read_metrics(folder) if r["epoch"] <= epoch]
        self._write_history()
        crop = augmentation.warp(
            validation.images,
            None,
            *np.array([[0.0], [1.0]]).repeat(len(validation), 1),
            np.zeros((len(validation), 2)),
            border_px=validation.border_px,
        )[0]
        self._faces = crop[..., None]

    def set_model(self, model):
        super().set_model(model)
        self._candidate = in_float32(model)

    def on_epoch_begin(self, epoch, logs=None):
        self._started = time.monotonic()
        # Keras does not save the state of dropout: tie it to the epoch, so that resuming is exact.
        for layer in self.model.layers:
            if isinstance(layer, keras.layers.Dropout) and layer.rate:
                layer.seed_generator.state.assign([self.config.seed, epoch << 16])

    def on_epoch_end(self, epoch, logs=None):
        seconds = time.monotonic() - self._started
        record = {
            "epoch": epoch + 1,
            "loss": float(logs["loss"]),
            "learning_rate": float(self.model.optimizer.learning_rate),
            "seconds": round(seconds, 2),
            **self._choose(),
        }
        for name in ("categorical_accuracy", "accuracy"):
            if name in logs:
                record["accuracy"] = float(logs[name])
        if not math.isfinite(record["loss"] + record["validation_loss"]):
            self.model.stop_training = True
            self.diverged = epoch + 1
            return
        self.history.append(record)
        if record["validation_loss"] <= min(r["validation_loss"] for r in self.history):
            (self.folder / runs.SCORES).unlink(missing_ok=True)  # those of the best before
            save_model(self._candidate, self.folder / runs.BEST)
        # History first: a record too many is cut off on resuming, one too few would be missed.
        self._write_history()
        save_model(self.model, self.folder / runs.LAST)
        runs.write_status(self.folder, "running", epoch=epoch + 1, epochs=self.config.epochs)
        some = progress.looked_at(len(self._faces))
        predicted = self._candidate.predict(self._faces[some], verbose=0)
        progress.write_mistakes(
            self.folder, epoch + 1, self._faces[some], self.validation.targets[some], predicted
        )
        if self.on_epoch:
            self.on_epoch(record, self.config.epochs)
        best = min(range(len(self.history)), key=lambda i: self.history[i]["validation_loss"])
        if 0 < self.config.patience <= epoch - best:
            self.model.stop_training = True

    def _choose(self) -> dict:
        """Scores of the trained weights or of their moving average, whichever validates better;
        ``_candidate`` then holds them. Late, the average is nearly always ahead; while the
        learning rate is high, its batch statistics are not its own and it may be far behind."""
        self._candidate.set_weights(self.model.get_weights())
        trained = {**self._validate(), "averaged": False}
        optimizer = self.model.optimizer
        # Early on the average still remembers the random start.
        if not optimizer.use_ema or self.config.ema ** int(optimizer.iterations) > 0.05:
            return trained
        weights = [ops.convert_to_numpy(v) for v in self._candidate.trainable_variables]
        self._assign(optimizer._model_variables_moving_average)
        averaged = {**self._validate(), "averaged": True}
        if averaged["validation_loss"] <= trained["validation_loss"]:
            return averaged
        self._assign(weights)
        return trained

    def _assign(self, values) -> None:
        for variable, value in zip(self._candidate.trainable_variables, values, strict=True):
            variable.assign(value)

    def _validate(self) -> dict:
        predicted = self._candidate.predict(self._faces, batch_size=256, verbose=0)
        targets = self.validation.targets
        if self.config.task == "keypoints":
            predicted = centred(predicted, targets)
            loss = ops.mean(masked_wing_loss(with_mask(targets), predicted))
            scores = keypoint_scores(predicted, targets)
            return {
                "validation_loss": float(loss),
                **{f"validation_{key}": scores[key] for key in ("rmse_px", "nme") if key in scores},
            }
        loss = -(targets * np.log(np.clip(predicted, 1e-7, 1))).sum(axis=-1).mean()
        record = {"validation_loss": float(loss)}
        if not math.isfinite(record["validation_loss"]):
            return record  # nothing can be counted of what is no number
        shape = (len(targets), self.config.heads, -1)
        for head in range(shape[1]):
            # The given label is the last head and keeps the plain names.
            name = "validation_" if head == shape[1] - 1 else f"validation_{HEADS[head]}_"
            target = targets.reshape(shape)[:, head]
            known = target.any(axis=1)
            scores = expression_scores(
                predicted.reshape(shape)[known, head], target[known].argmax(axis=1), self.labels
            )
            record |= {f"{name}{key}": scores[key] for key in ("accuracy", "macro_f1")}
        return record

    def _write_history(self):
        text = "".join(json.dumps(record) + "\n" for record in self.history)
        write_bytes(self.folder / runs.METRICS, text.encode())


def save_model(model: keras.Model, path: Path) -> None:
    """Write a ``.keras`` file, all or nothing, also when the power fails."""
    temporary = path.with_name(f".{path.name}.keras")
    try:
        model.save(temporary)
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)  # on a full disk, room for the run's last words
