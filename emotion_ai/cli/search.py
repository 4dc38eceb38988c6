"""``emotion-ai search``: hyperparameter searches and the processes that work on them."""

import argparse
import json
import signal
import sys
from dataclasses import asdict
from pathlib import Path

from emotion_ai.cli.archive import ADDRESS
from emotion_ai.cli.train import add_options, config_of, started
from emotion_ai.datasets import load_any
from emotion_ai.errors import SearchError
from emotion_ai.settings import settings
from emotion_ai.training import queue
from emotion_ai.training.config import TrainingConfig
from emotion_ai.training.examples import labelled_by
from emotion_ai.training.search.plan import EPOCHS, SPACE, TRIALS, USUAL, Plan, should_hold_out
from emotion_ai.training.search.searches import (
    Search,
    Trial,
    create_search,
    importances,
    in_full,
    open_study,
    read_search,
    search_folders,
)
from emotion_ai.training.search.worker import work


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Add ``search`` with its actions; ``start`` takes what ``train`` does."""
    search = subparsers.add_parser("search", help="look for better settings by trying some")
    search.set_defaults(handler=run_list)
    actions = search.add_subparsers(metavar="ACTION")

    start = actions.add_parser("start", help="begin a search and work on it")
    start.add_argument("name")
    add_options(start)
    start.add_argument("--vary", nargs="+", metavar="SETTING", default=list(USUAL),
                       help=f"which of: {', '.join(SPACE)}")  # fmt: skip
    start.add_argument("--trials", type=int, default=TRIALS)
    start.add_argument("--only-create", action="store_true", help="leave the work to 'search work'")
    _add_cluster(start)
    start.set_defaults(handler=run_start, epochs=EPOCHS)

    join = actions.add_parser("work", help="go on with a search")
    join.add_argument("search", help="its name or folder")
    _add_cluster(join)
    join.set_defaults(handler=run_work)

    show = actions.add_parser("show", help="what a search has found")
    show.add_argument("search")
    show.add_argument("--json", action="store_true", help="print one JSON object")
    show.set_defaults(handler=run_show)

    listing = actions.add_parser("list", help="every search")
    listing.set_defaults(handler=run_list)

    train = actions.add_parser("train", help="queue a full run with the best settings found")
    train.add_argument("search")
    train.add_argument("--epochs", type=int, help="default: the task's")
    train.add_argument("--name", help="of the run")
    train.set_defaults(handler=run_train)


def _add_cluster(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--on", choices=("ray",), help="run the trials side by side on a cluster")
    parser.add_argument("--address", help=ADDRESS)
    parser.add_argument("--cpus-per-trial", type=int, default=1, metavar="N")
    parser.add_argument("--gpus-per-trial", type=float, default=0, metavar="N")


def run_start(arguments: argparse.Namespace) -> int:
    config = config_of(arguments)
    datasets = [load_any(name, *settings().data_dirs) for name in config.data]
    if not arguments.label_set:
        config = labelled_by(config, datasets)
    config = started(config, arguments.init)
    if should_hold_out(datasets) and not config.hold_out:
        config = TrainingConfig.from_dict({**config.as_dict(), "hold_out": True})
        print("selects on a tenth of train: the validation split is kept for the report",
              file=sys.stderr)  # fmt: skip
    plan = Plan(config, tuple(arguments.vary), arguments.trials)
    folder = create_search(
        settings().searches_dir, arguments.name, plan, datasets, settings().models_dir
    )
    print(f"search {folder.name}", file=sys.stderr)
    return 0 if arguments.only_create else _work(folder, arguments)


def run_work(arguments: argparse.Namespace) -> int:
    return _work(_folder(arguments.search), arguments)


def _work(folder: Path, arguments: argparse.Namespace) -> int:
    # Stopped politely, also where the shell that started it ignores Ctrl-C.
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.default_int_handler)

    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    if arguments.on == "ray":
        from emotion_ai.distributed.cluster import connected
        from emotion_ai.distributed.ray_search import search_on_ray

        per_trial = {"cpus": arguments.cpus_per_trial, "gpus": arguments.gpus_per_trial}
        with connected(arguments.address) as cluster:
            search_on_ray(folder, settings().runs_dir, cluster, **per_trial, say=say)
    else:
        work(folder, settings().runs_dir, say=say)
    print(_text(read_search(folder)))
    return 0


def run_show(arguments: argparse.Namespace) -> int:
    folder = _folder(arguments.search)
    study = open_study(folder)
    search = read_search(folder, study)
    mattered = importances(search, study)
    if arguments.json:
        print(json.dumps({
            "name": search.name,
            "score": search.plan.score,
            "planned": search.plan.trials,
            "trials": [asdict(trial) for trial in search.trials],
            "best": asdict(search.best) if search.best else None,
            "importances": mattered,
        }))  # fmt: skip
        return 0
    print(_text(search))
    for trial in search.trials:
        print("  " + _trial_text(trial, search))
    if mattered:
        print("what mattered: " + ", ".join(f"{k} {v:.0%}" for k, v in mattered.items()))
    return 0


def run_list(arguments: argparse.Namespace) -> int:
    folders = search_folders(settings().searches_dir)
    if not folders:
        print("no searches yet: emotion-ai search start NAME TASK --data NAME")
    for folder in folders:
        try:
            print(_text(read_search(folder)))
        except SearchError as error:
            print(f"{folder.name}: {error}")
    return 0


def run_train(arguments: argparse.Namespace) -> int:
    search = read_search(_folder(arguments.search))
    base = search.plan.config
    usual = TrainingConfig.for_task(base.task, base.data, preset=base.preset).epochs
    config = in_full(search, arguments.epochs or usual)
    runs_dir = settings().runs_dir
    run = queue.enqueue(config, name=arguments.name or f"{search.name}-best", runs_dir=runs_dir)
    queue.start_worker(runs_dir)
    print(f"{run.name}: queued with the settings of trial {search.best.number}")
    return 0


def _folder(name: str) -> Path:
    return Path(name) if "/" in name else settings().searches_dir / name


def _text(search: Search) -> str:
    text = f"{search.name}: {search.over} of {search.plan.trials} trials"
    if search.best:
        text += f", best {_trial_text(search.best, search)}"
    return text


def _trial_text(trial: Trial, search: Search) -> str:
    parts = [f"trial {trial.number} {trial.state}"]
    if trial.score is not None:
        name = search.plan.score.removeprefix("validation_")
        parts.append(f"{name} {trial.score:.4g}")
    parts += [f"{key} {_short(value)}" for key, value in trial.settings.items()]
    return ", ".join(parts + [trial.message] * bool(trial.message))


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
