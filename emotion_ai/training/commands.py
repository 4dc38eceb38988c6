"""``python -m emotion_ai train`` and ``runs``. Keras is imported only when a run begins."""

import argparse
import signal
import sys
from pathlib import Path

from emotion_ai.augmentation import Augmentation
from emotion_ai.datasets import Dataset, load_any
from emotion_ai.datasets.store import check_name
from emotion_ai.errors import ConfigError
from emotion_ai.labels import LABEL_SETS
from emotion_ai.progress import progress_bar
from emotion_ai.settings import settings
from emotion_ai.training import runs
from emotion_ai.training.config import LABEL_SOURCES, PRECISIONS, TrainingConfig

#: Options of a run with a plain value: name → (type, help).
_OPTIONS = {
    "preset": (str, "the network: residual, course_resnet, cnn4 or demo"),
    "epochs": (int, "passes over the training faces"),
    "batch_size": (int, "faces a step"),
    "learning_rate": (float, "largest step size, after warm-up"),
    "weight_decay": (float, "pull of the weights towards zero"),
    "warmup_epochs": (float, "epochs until the full learning rate"),
    "label_smoothing": (float, "share of every target spread over all classes"),
    "ema": (float, "memory of the averaged weights, 0 for none"),
    "patience": (int, "stop after so many epochs without improvement, 0 never"),
    "seed": (int, "of everything random"),
}


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Add ``train`` and ``runs`` to the program's commands."""
    train = subparsers.add_parser("train", help="train a network in a new run folder")
    train.add_argument("task", choices=("expression", "keypoints"))
    train.add_argument("--data", nargs="+", metavar="NAME", help="dataset names or paths")
    train.add_argument("--label-set", choices=LABEL_SETS)
    train.add_argument("--labels", choices=LABEL_SOURCES)
    train.add_argument("--init", metavar="MODEL", help="start from a saved model's weights")
    train.add_argument("--precision", choices=PRECISIONS)
    train.add_argument("--keep-duplicates", action="store_true")
    train.add_argument(
        "--honour-marks", action="store_true", help="drop and relabel what people marked"
    )
    for name, (kind, text) in _OPTIONS.items():
        train.add_argument(f"--{name.replace('_', '-')}", type=kind, help=text)
    for name in Augmentation.__dataclass_fields__:
        train.add_argument(f"--{name.replace('_', '-')}", type=float, help="augmentation")
    train.add_argument("--name", help="of the run folder")
    train.add_argument("--resume", metavar="RUN", help="continue an interrupted run")
    train.add_argument("--save-as", metavar="MODEL", help="store the result as a model")
    train.add_argument("--float", action="store_true", help="store float weights, not int8")
    train.set_defaults(handler=run_train)

    listing = subparsers.add_parser("runs", help="list runs; 'runs promote RUN MODEL' stores one")
    listing.set_defaults(handler=run_list)
    actions = listing.add_subparsers(metavar="ACTION")
    promote = actions.add_parser("promote", help="store a run's best checkpoint as a model")
    promote.add_argument("run")
    promote.add_argument("model")
    promote.add_argument("--float", action="store_true", help="float weights, not int8")
    promote.set_defaults(handler=run_promote)


def config_of(arguments: argparse.Namespace) -> TrainingConfig:
    """The configuration meant by the options; what was not given takes the task's default."""
    if not arguments.data:
        raise ConfigError("expected --data NAME, see 'data list'")
    names = ("label_set", "labels", "init", "precision", *_OPTIONS)
    given = {name: getattr(arguments, name) for name in names}
    given |= {name: getattr(arguments, name) for name in Augmentation.__dataclass_fields__}
    changes = {name: value for name, value in given.items() if value is not None}
    if arguments.keep_duplicates:
        changes["drop_duplicates"] = False
    if arguments.honour_marks:
        changes["honour_marks"] = True
    return TrainingConfig.for_task(arguments.task, tuple(arguments.data), **changes)


def open_data(config: TrainingConfig) -> list[Dataset]:
    """The datasets a configuration names; a path is imported on the way."""
    with progress_bar("reading data") as progress:
        return [load_any(name, settings().data_dir, progress=progress) for name in config.data]


def run_train(arguments: argparse.Namespace) -> int:
    if arguments.resume:
        folder = settings().runs_dir / arguments.resume
        run = runs.read_run(folder)
        if run.state == "running":
            raise ConfigError(f"run {run.name} is still running")
        config = TrainingConfig.from_dict(run.config)
    else:
        config = config_of(arguments)
    datasets = open_data(config)

    import keras  # from here on this is a training process

    if arguments.save_as:
        check_name(arguments.save_as)
        if keras.backend.backend() != "tensorflow":
            raise ConfigError(
                "--save-as needs TensorFlow: train without it, then 'runs promote' where it is"
            )
    from emotion_ai.model_store import KERAS, open_model
    from emotion_ai.training import loop

    # Cancelled politely, also where the shell that started it ignores Ctrl-C.
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.default_int_handler)
    init = None
    if config.init:
        model = open_model(settings().models_dir, config.init)
        model.verified(KERAS)
        init = keras.models.load_model(model.folder / KERAS, compile=False)
    if not arguments.resume:
        folder = runs.create_run(settings().runs_dir, config.as_dict(), arguments.name)
    print(f"run {folder.name}", file=sys.stderr)
    best = loop.train(
        folder,
        datasets,
        init=init,
        resume=bool(arguments.resume),
        on_epoch=lambda record, epochs: print(epoch_text(record, epochs), file=sys.stderr),
    )
    print(f"{folder.name}: best {epoch_text(best, config.epochs)}")
    if arguments.save_as:
        save(folder, datasets, arguments.save_as, quantise=not arguments.float)
    return 0


def run_promote(arguments: argparse.Namespace) -> int:
    folder = settings().runs_dir / arguments.run
    datasets = open_data(TrainingConfig.from_dict(runs.read_run(folder).config))
    save(folder, datasets, arguments.model, quantise=not arguments.float)
    return 0


def save(folder: Path, datasets: list[Dataset], name: str, quantise: bool) -> None:
    from emotion_ai.training.promote import promote

    model = promote(folder, datasets, settings().models_dir / check_name(name), quantise=quantise)
    print(f"saved as model {model.name}")


def run_list(arguments: argparse.Namespace) -> int:
    found = runs.list_runs(settings().runs_dir)
    if not found:
        print("no runs yet: python -m emotion_ai train")
    for run in found:
        last = epoch_text(run.metrics[-1], run.config.get("epochs", 0)) if run.metrics else ""
        print(f"{run.name}: {run.state}  {last}".rstrip())
    return 0


def epoch_text(record: dict, epochs: int) -> str:
    """An epoch in one line."""
    score = (
        f"RMSE {record['validation_rmse_px']:.2f} px"
        if "validation_rmse_px" in record
        else f"accuracy {record['validation_accuracy']:.1%}"
    )
    return (
        f"epoch {record['epoch']}/{epochs}: loss {record['loss']:.3f}, "
        f"validation loss {record['validation_loss']:.3f}, {score}, {record['seconds']:.0f} s"
    )
