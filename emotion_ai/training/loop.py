"""The training loop: the only part that fits. Runs in its own process, on any Keras backend.

Resuming repeats nothing and changes nothing: every batch draws from ``(seed, epoch, batch)``, and
``last.keras`` carries weights, optimiser and averaged weights of the last whole epoch.
"""

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from zipfile import BadZipFile

import keras
from keras import ops

from emotion_ai.datasets.store import Dataset
from emotion_ai.errors import RunError
from emotion_ai.labels import LabelSet
from emotion_ai.models.runtime import LiteNetwork
from emotion_ai.networks.architectures import build
from emotion_ai.networks.changes import transfer
from emotion_ai.training import progress, runs
from emotion_ai.training.batches import Batches
from emotion_ai.training.checkpoint import saved_epochs
from emotion_ai.training.config import TrainingConfig
from emotion_ai.training.examples import prepare
from emotion_ai.training.habits import without_habits
from emotion_ai.training.head import fit_head
from emotion_ai.training.losses import heads_accuracy, heads_loss, masked_wing_loss
from emotion_ai.training.provenance import keep_data
from emotion_ai.training.recorder import Recorder


def train(
    folder: Path,
    datasets: list[Dataset],
    *,
    init: keras.Model | None = None,
    teachers: Sequence[LiteNetwork] = (),
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
    teachers: Sequence[LiteNetwork],
    resume: bool,
    on_epoch: Callable[[dict, int], None] | None,
) -> list[dict]:
    """The metrics of all epochs, those trained before an interruption among them."""
    labels = config.expressions
    train_set, validation_set = prepare(datasets, config, labels)
    steps = len(Batches(train_set, config))
    keep_data(folder, datasets, config, steps)
    begun = resume and (folder / runs.LAST).exists()
    if not begun:  # what was kept may be of other data
        (folder / runs.HABITS).unlink(missing_ok=True)
    if config.task == "keypoints":
        train_set = without_habits(train_set, None if begun else init, folder)
    if begun:
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
            Batches(train_set, config, epoch, teachers, workers=2, max_queue_size=16),
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
    kind = (config.task, classes, config.preset, config.heads)
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
    if config.heads > 1:
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
