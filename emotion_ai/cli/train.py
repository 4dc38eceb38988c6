"""``emotion-ai train``. Keras is imported only when a run begins."""

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from filelock import Timeout

from emotion_ai.cli.archive import ADDRESS
from emotion_ai.datasets import Dataset, list_datasets, load_any
from emotion_ai.errors import ConfigError, RunError
from emotion_ai.labels import LABEL_SETS
from emotion_ai.models.store import check_task
from emotion_ai.progress import progress_bar
from emotion_ai.settings import settings
from emotion_ai.storage.files import write_json
from emotion_ai.training import estimate, queue, runs
from emotion_ai.training.augmentation import Augmentation
from emotion_ai.training.checks import Fit, check, usual_start
from emotion_ai.training.config import LABEL_SOURCES, PRECISIONS, TrainingConfig, recipes
from emotion_ai.training.describe import epoch_text
from emotion_ai.training.examples import labelled_by
from emotion_ai.training.promotion import promote_run
from emotion_ai.training.promotion_job import check_model_name
from emotion_ai.training.trainer import train_run

#: Asked for in place of a model: random weights.
SCRATCH = "scratch"
#: Options of a run with a number: name → (type, help).
_OPTIONS = {
    "epochs": (int, "passes over the training faces"),
    "batch_size": (int, "faces per step"),
    "learning_rate": (float, "largest step size, after warm-up"),
    "weight_decay": (float, "pull of the weights towards zero"),
    "warmup_epochs": (float, "epochs until the full learning rate"),
    "label_smoothing": (float, "share of every target spread over all classes"),
    "teacher_share": (float, "share of every target that the teachers give"),
    "clip_norm": (float, "gradients of a larger global norm are scaled down to it; 0: never"),
    "ema": (float, "memory of the averaged weights, 0 for none"),
    "patience": (int, "stop after this many epochs without improvement; 0: never"),
    "calibration_faces": (int, "training faces set aside to fit the temperature on"),
    "seed": (int, "seed of everything random, except which faces are held out"),
    "split_seed": (int, "seed that decides which training faces are held out"),
}


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Add ``train`` to the program's commands."""
    train = subparsers.add_parser("train", help="train a network in a new run folder")
    add_options(train)
    train.add_argument("--name", help="name of the run folder")
    train.add_argument("--resume", metavar="RUN", help="continue an interrupted run")
    train.add_argument("--save-as", metavar="MODEL", help="store the result as a model")
    train.add_argument("--float", action="store_true", help="store float weights, not int8")
    train.add_argument("--queue", action="store_true", help="queue it, to train in the background")
    train.add_argument("--on", choices=("ray",), help="train on a machine of a cluster")
    train.add_argument("--address", help=ADDRESS)
    train.add_argument("--cpus", type=int, metavar="N", help="with --on ray; default: 1")
    train.add_argument("--gpus", type=float, metavar="N", help="with --on ray; default: 0")
    train.add_argument("--dry-run", action="store_true", help="try a few batches, keep nothing")
    train.set_defaults(handler=run_train)


def add_options(parser: argparse.ArgumentParser) -> None:
    """What ``config_of`` reads: the task and everything that decides a run."""
    parser.add_argument("task", choices=("expression", "keypoints"))
    parser.add_argument("--data", nargs="+", metavar="NAME", help="dataset names or paths")
    parser.add_argument("--label-set", choices=LABEL_SETS, help="default: the data's own")
    parser.add_argument("--labels", choices=LABEL_SOURCES)
    networks = "; ".join(f"{name}: {purpose}" for name, purpose in recipes().items())
    parser.add_argument("--preset", metavar="NETWORK", help=networks)
    parser.add_argument(
        "--init",
        metavar="MODEL",
        help="start from a saved model's weights; a dataset with classes of its own "
        "starts from ours unless told 'scratch'",
    )
    parser.add_argument(
        "--teachers",
        nargs="+",
        metavar="MODEL",
        help="learn from what saved models say, too, of every face as it is shown",
    )
    parser.add_argument("--precision", choices=PRECISIONS)
    parser.add_argument("--keep-duplicates", action="store_true")
    parser.add_argument(
        "--honour-marks", action="store_true", help="drop and relabel what people marked"
    )
    parser.add_argument(
        "--hold-out",
        action="store_true",
        help="select on a tenth of train, so that the validation split stays unseen",
    )
    for name, (kind, text) in _OPTIONS.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=kind, help=text)
    for name in Augmentation.__dataclass_fields__:
        parser.add_argument(f"--{name.replace('_', '-')}", type=float, help="augmentation")


def config_of(arguments: argparse.Namespace) -> TrainingConfig:
    """The configuration meant by the options; what was not given takes the task's default."""
    if not arguments.data:
        raise ConfigError("expected --data NAME, see 'data list'")
    names = ("label_set", "labels", "preset", "init", "precision", *_OPTIONS)
    given = {name: getattr(arguments, name) for name in names}
    given |= {name: getattr(arguments, name) for name in Augmentation.__dataclass_fields__}
    changes = {name: value for name, value in given.items() if value is not None}
    if arguments.teachers:
        changes["teachers"] = tuple(arguments.teachers)
    if arguments.keep_duplicates:
        changes["drop_duplicates"] = False
    if arguments.honour_marks:
        changes["honour_marks"] = True
    if arguments.hold_out:
        changes["hold_out"] = True
    return TrainingConfig.for_task(
        arguments.task, tuple(map(_from_anywhere, arguments.data)), **changes
    )


def _from_anywhere(name: str) -> str:
    """A dataset's name, or its path as it is from any folder: other processes open it, too."""
    path = Path(name)
    known = {dataset.name for dataset in list_datasets(*settings().data_dirs)}
    return name if name in known or not path.exists() else str(path.resolve())


def started(config: TrainingConfig, init: str | None) -> TrainingConfig:
    """With the starting weights that were asked for, or the usual ones."""
    if init == SCRATCH:
        return replace(config, init=None)
    return config if init else replace(config, init=usual_start(config, settings().models_dir))


def open_data(config: TrainingConfig) -> list[Dataset]:
    """The datasets a configuration names; a path is imported on the way."""
    with progress_bar("reading data") as progress:
        return [load_any(name, *settings().data_dirs, progress=progress) for name in config.data]


def run_train(arguments: argparse.Namespace) -> int:
    runs_dir = settings().runs_dir
    if arguments.resume:
        refuse_other_options(arguments)
        config = runs.read_config(runs_dir / arguments.resume)
        if config.task != arguments.task:
            raise ConfigError(f"run {arguments.resume} is for {config.task}")
    else:
        config = config_of(arguments)
    if arguments.on and arguments.queue:
        raise ConfigError("a run that trains on a cluster does not wait here: leave out --queue")
    if arguments.save_as:
        if arguments.queue:
            raise ConfigError(
                "a queued run is not saved as a model by itself: leave out --save-as, then "
                "'runs promote' when it is done"
            )
        check_model_name(arguments.save_as)
        check_task(settings().models_dir / arguments.save_as, config.task)
    datasets = open_data(config)
    if not arguments.resume and not arguments.label_set:
        config = labelled_by(config, datasets)
    if not arguments.resume:
        config = started(config, arguments.init)
    begun = arguments.resume and (runs_dir / arguments.resume / runs.LAST).exists()
    fit = check(replace(config, init=None) if begun else config, datasets, settings().models_dir)
    if arguments.dry_run:
        print(dry_run_text(config, fit))
        return 0
    if arguments.queue:
        folder = take_a_place(arguments, config)
        queue.start_worker(runs_dir)
        print(f"{folder.name}: number {queue.position(folder)} in line")
        return 0
    if arguments.save_as and os.environ.get("KERAS_BACKEND", "tensorflow") != "tensorflow":
        raise ConfigError(
            "--save-as needs TensorFlow: train without it, then 'runs promote' where it is"
        )
    if arguments.on == "ray":
        folder, best = train_on_cluster(arguments, config)
    else:
        folder, best = train_here(arguments, config, datasets)
    print(f"{folder.name}: best {epoch_text(best, config.epochs)}")
    if arguments.save_as:
        model = promote_run(
            folder, arguments.save_as, datasets=datasets, quantise=not arguments.float
        )
        print(f"saved as model {model.name}")
    return 0


def train_here(
    arguments: argparse.Namespace, config: TrainingConfig, datasets: list[Dataset]
) -> tuple[Path, dict]:
    """The run, trained in this process when its turn has come, and its best epoch."""
    with my_turn(settings().runs_dir):
        folder = take_a_place(arguments, config)
        if not queue.claim(folder):
            raise RunError(f"run {folder.name} was taken by another process just now")
        print(f"run {folder.name}", file=sys.stderr)
        return folder, train_run(
            folder,
            datasets,
            lambda record, epochs: print(epoch_text(record, epochs), file=sys.stderr),
        )


def train_on_cluster(arguments: argparse.Namespace, config: TrainingConfig) -> tuple[Path, dict]:
    """The run, trained on a machine of a Ray cluster, and its best epoch."""
    from emotion_ai.distributed.cluster import connected
    from emotion_ai.distributed.ray_training import begin, check_cluster, train_on_ray

    cpus, gpus = arguments.cpus or 1, arguments.gpus or 0
    with connected(arguments.address) as cluster:
        check_cluster(cluster, gpus)
        folder = begin(arguments.resume, config, arguments.name, settings().runs_dir)
        print(f"run {folder.name}", file=sys.stderr)
        return folder, train_on_ray(
            folder,
            cpus,
            gpus,
            lambda record: print(epoch_text(record, config.epochs), file=sys.stderr, flush=True),
        )


def refuse_other_options(arguments: argparse.Namespace) -> None:
    """ConfigError for an option that a resumed run cannot follow: it keeps its settings."""
    follows = {"handler", "task", "resume", "save_as", "float", "queue"}
    follows |= {"on", "address", "cpus", "gpus"}
    given = [
        f"--{name.replace('_', '-')}"
        for name, value in vars(arguments).items()
        if name not in follows and value not in (None, False)
    ]
    if given:
        raise ConfigError(f"a resumed run keeps its settings: leave out {', '.join(given)}")


def take_a_place(arguments: argparse.Namespace, config: TrainingConfig) -> Path:
    """The folder of the run that is asked for, waiting."""
    if arguments.resume:
        folder = settings().runs_dir / arguments.resume
        queue.resume(folder)
        return folder
    return queue.enqueue(config, name=arguments.name, runs_dir=settings().runs_dir)


@contextmanager
def my_turn(runs_dir: Path) -> Iterator[None]:
    """While it lasts no other run is trained here."""
    lock = queue.trainer_lock(runs_dir)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        print("waiting: another run is being trained here", file=sys.stderr)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def dry_run_text(config: TrainingConfig, fit: Fit) -> str:
    """What the training would take, from a few batches that are thrown away."""
    from emotion_ai.training.probe import measure  # imports Keras

    write_json(estimate.result_path(config), measure(config))
    found = estimate.estimate(config, fit)
    return (
        f"learns from {fit.train:,} faces, validates on {fit.validation:,}\n"
        f"{config.epochs} epochs of {fit.steps(config.batch_size):,} batches: about "
        f"{found.seconds / 60:.1f} min here, {found.images_per_s:,.0f} images/s, "
        f"{found.memory_mb:,.0f} MB, {found.parameters:,} weights"
    )
