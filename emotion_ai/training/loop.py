"""The training loop: the only part that fits. Runs in its own process, on any Keras backend.

Resuming repeats nothing and changes nothing: every batch draws from ``(seed, epoch, batch)``, and
``last.keras`` carries weights, optimiser and averaged weights of the last whole epoch.
"""

import contextlib
import json
import math
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from zipfile import BadZipFile

import keras
import numpy as np
from keras import ops

from emotion_ai.datasets.store import Dataset
from emotion_ai.errors import RunError
from emotion_ai.evaluation.keypoint_errors import centred
from emotion_ai.evaluation.scores import expression_scores, keypoint_scores
from emotion_ai.labels import HEADS, LabelSet
from emotion_ai.networks.architectures import build
from emotion_ai.networks.changes import in_float32, transfer
from emotion_ai.storage.files import write_bytes
from emotion_ai.training import augmentation, progress, runs
from emotion_ai.training.checkpoint import saved_epochs
from emotion_ai.training.config import TrainingConfig
from emotion_ai.training.examples import Examples, prepare
from emotion_ai.training.head import fit_head
from emotion_ai.training.provenance import keep_data
from emotion_ai.training.teachers import taught

WING_WIDTH_PX, WING_CURVATURE_PX = 5.0, 1.0


@keras.saving.register_keras_serializable("emotion_ai")
def masked_wing_loss(target, predicted):
    """Wing loss (Feng et al. 2018, arXiv:1711.06753) over labelled coordinates, pixels.

    ``target``: (batch, 15, 3), x, y and 1 where labelled or 0; ``predicted``: (batch, 15, 2).
    """
    target, labelled = target[..., :2], target[..., 2:]
    error = ops.abs(predicted - target) * labelled
    near = WING_WIDTH_PX * ops.log(1 + error / WING_CURVATURE_PX)
    join = WING_WIDTH_PX - WING_WIDTH_PX * math.log(1 + WING_WIDTH_PX / WING_CURVATURE_PX)
    loss = ops.where(error < WING_WIDTH_PX, near, error + join * labelled)
    return ops.sum(loss, (1, 2)) / ops.maximum(2 * ops.sum(labelled, (1, 2)), 1)


@keras.saving.register_keras_serializable("emotion_ai")
def heads_loss(target, predicted):
    """Cross-entropy (batch,), the mean of all heads; both arguments (batch, heads, classes)."""
    return ops.mean(keras.losses.categorical_crossentropy(target, predicted), axis=-1)


@keras.saving.register_keras_serializable("emotion_ai")
def heads_accuracy(target, predicted):
    """Share of heads (batch,) that name the target's class."""
    return ops.mean(keras.metrics.categorical_accuracy(target, predicted), axis=-1)


def with_mask(keypoints_px: np.ndarray) -> np.ndarray:
    """float32 (N, 15, 3): coordinates with NaN as 0, and whether both were labelled."""
    labelled = ~np.isnan(keypoints_px).any(axis=2, keepdims=True)
    points = np.where(labelled, keypoints_px, 0)
    return np.concatenate([points, labelled], axis=2).astype(np.float32)


class Batches(keras.utils.PyDataset):
    """Shuffled, augmented batches, the same for the same (seed, epoch, batch)."""

    def __init__(self, examples: Examples, config: TrainingConfig, epoch: int = 0, **kwargs):
        super().__init__(**kwargs)
        self.examples, self.config, self.epoch = examples, config, epoch
        self._shuffle()

    def _shuffle(self):
        """This epoch's rows: each with the probability of its weight, at no cost otherwise."""
        rng = np.random.default_rng([self.config.seed, self.epoch])
        order = rng.permutation(len(self.examples))
        # Systematic sampling: a row is taken where the running sum passes a whole number.
        passed = np.floor(np.cumsum(self.examples.weights[order], dtype=np.float64) + rng.random())
        self._order = order[np.diff(passed, prepend=0) > 0]

    def __len__(self) -> int:
        return max(1, int(self.examples.weights.sum(dtype=np.float64)) // self.config.batch_size)

    def on_epoch_end(self):
        self.epoch += 1
        self._shuffle()

    def __getitem__(self, index: int):
        config, examples = self.config, self.examples
        rows = self._order[index * config.batch_size : (index + 1) * config.batch_size]
        rng = np.random.default_rng([config.seed, self.epoch, index])
        targets = examples.targets[rows]
        points = targets if config.task == "keypoints" else None
        images, points = augmentation.augment(
            examples.images[rows],
            points,
            config.augmentation,
            rng,
            border_px=examples.border_px,
        )
        if config.task == "keypoints":
            targets = with_mask(points)
        else:
            smoothing = config.label_smoothing
            known = targets.sum(axis=-1, keepdims=True)  # 0 where a head has no truth
            targets = targets * (1 - smoothing) + known * smoothing / targets.shape[-1]
        return images[..., None], targets


def train(
    folder: Path,
    datasets: list[Dataset],
    *,
    init: keras.Model | None = None,
    teachers: Sequence[keras.Model] = (),
    resume: bool = False,
    on_epoch: Callable[[dict, int], None] | None = None,
) -> dict:
    """Train the run in ``folder`` to its end; returns the metrics of its best epoch.

    Writes status, metrics and checkpoints as it goes. A failure leaves ``failed`` and its reason
    in ``status.json`` and is raised again; so does an interruption, as ``cancelled``.
    """
    config = runs.read_config(folder)
    keras.utils.set_random_seed(config.seed)
    keras.config.set_dtype_policy(choose_precision(config.precision))
    begun = saved_epochs(folder) if resume else 0
    runs.write_status(folder, "running", epoch=begun, epochs=config.epochs)
    try:
        history = _fit(folder, datasets, config, init, teachers, resume, on_epoch)
        runs.write_status(folder, "finished", epoch=len(history), epochs=config.epochs)
        return min(history, key=lambda record: record["validation_loss"])
    except KeyboardInterrupt:
        runs.write_status(folder, "cancelled", epochs=config.epochs)
        raise
    except BaseException as error:
        with contextlib.suppress(OSError):  # the disk may be full
            runs.write_status(folder, "failed", message=progress.reason(error))
        raise


def _fit(
    folder: Path,
    datasets: list[Dataset],
    config: TrainingConfig,
    init: keras.Model | None,
    teachers: Sequence[keras.Model],
    resume: bool,
    on_epoch: Callable[[dict, int], None] | None,
) -> list[dict]:
    """The metrics of all epochs, those trained before an interruption among them."""
    labels = config.expressions
    train_set, validation_set = prepare(datasets, config, labels)
    steps = len(Batches(train_set, config))
    keep_data(folder, datasets, config, steps)
    if teachers:
        train_set = taught(train_set, teachers, config.teacher_share, folder)
    if resume and (folder / runs.LAST).exists():
        model = load_checkpoint(folder / runs.LAST, config, steps)
        epoch, rest = divmod(int(model.optimizer.iterations), steps)
        if rest:
            raise RunError("the training data changed since this run began: start a new run")
    else:
        model = new_model(config, labels, init)
        if init is not None and starts_new_head(config, model, init):
            fit_head(model, train_set)
        compile_model(model, config, steps)
        epoch = 0
    recorder = Recorder(folder, config, labels, validation_set, epoch, on_epoch)
    if epoch < config.epochs:
        model.fit(
            Batches(train_set, config, epoch, workers=2, max_queue_size=16),
            initial_epoch=epoch,
            epochs=config.epochs,
            shuffle=False,  # Batches shuffle by epoch; Keras would by its own state
            callbacks=[
                keras.callbacks.TerminateOnNaN(),
                progress.Reporter(folder, config, steps),
                recorder,
            ],
            verbose=0,
        )
    if recorder.diverged:
        raise RunError(
            f"the loss was not a number in epoch {recorder.diverged}: try a lower learning "
            "rate; the best epoch before, if any, is kept"
        )
    return recorder.history


def new_model(
    config: TrainingConfig, labels: LabelSet, init: keras.Model | None = None
) -> keras.Model:
    """The network a run begins with: fresh weights, or what fits of ``init``'s."""
    classes = len(labels) if config.task == "expression" else 0
    kind = (config.task, classes, config.preset, heads_of(config))
    return build(*kind) if init is None else transfer(init, *kind)


def starts_new_head(config: TrainingConfig, model: keras.Model, init: keras.Model) -> bool:
    """Whether the last layer of a network for expressions names other classes than ``init``'s."""
    if config.task != "expression" or init.layers[-1].name != "probabilities":
        return False
    return bool(config.classes) or init.output_shape != model.output_shape


def load_checkpoint(path: Path, config: TrainingConfig, steps: int) -> keras.Model:
    """The model of ``last.keras`` with its optimiser's state, compiled as it was.

    Compiling again is needed: Keras does not save what is excluded from weight decay.
    """
    try:
        model = keras.models.load_model(path)
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise RunError(
            f"{path.name} is damaged, so this run cannot continue: start a new one"
        ) from error
    saved = [ops.convert_to_numpy(variable) for variable in model.optimizer.variables]
    compile_model(model, config, steps)
    for variable, value in zip(model.optimizer.variables, saved, strict=True):
        variable.assign(value)
    return model


def heads_of(config: TrainingConfig) -> int:
    return len(HEADS) if config.labels == "both" else 1


def compile_model(model: keras.Model, config: TrainingConfig, steps: int) -> None:
    """AdamW with warm-up, cosine decay, clipping and averaged weights; the loss of the task."""
    total, warmup = config.epochs * steps, int(config.warmup_epochs * steps)
    schedule = keras.optimizers.schedules.CosineDecay(
        config.learning_rate * 0.05,
        decay_steps=max(1, total - warmup),
        alpha=0.01,
        warmup_target=config.learning_rate,
        warmup_steps=warmup,
    )
    optimizer = keras.optimizers.AdamW(
        schedule,
        weight_decay=config.weight_decay,
        global_clipnorm=config.clip_norm or None,
        use_ema=config.ema > 0,
        ema_momentum=config.ema,
    )
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    loss, metrics = masked_wing_loss, None
    if config.task == "expression":
        loss, metrics = "categorical_crossentropy", ["categorical_accuracy"]
    if heads_of(config) > 1:
        loss, metrics = heads_loss, [keras.metrics.MeanMetricWrapper(heads_accuracy, "accuracy")]
    model.compile(
        optimizer,
        loss=loss,
        metrics=metrics,
        jit_compile=keras.backend.backend() == "jax",
    )
    # What the first step would have to make, TensorFlow would trace that step twice for.
    model.optimizer.build(model.trainable_variables)
    if metrics:
        nothing = ops.zeros((1, *model.output_shape[1:]))
        model.compute_metrics(None, nothing, nothing)
        model.reset_metrics()


def choose_precision(asked: str) -> str:
    """bfloat16 where the hardware computes with it (twice the speed on AVX512_BF16)."""
    if asked != "auto":
        return asked
    if keras.backend.backend() == "jax":
        import jax

        if jax.default_backend() == "gpu":
            return "mixed_bfloat16"
    cpuinfo = Path("/proc/cpuinfo")
    fast = cpuinfo.exists() and "avx512_bf16" in cpuinfo.read_text()
    return "mixed_bfloat16" if fast else "float32"


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
        shape = (len(targets), heads_of(self.config), -1)
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
