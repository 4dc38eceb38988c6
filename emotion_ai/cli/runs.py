"""``emotion-ai runs``: look at runs, stop and continue them, make one a saved model."""

import argparse
import json
import time
from pathlib import Path

from emotion_ai.labels import BOTH, HEADS
from emotion_ai.progress import progress_bar
from emotion_ai.settings import settings
from emotion_ai.training import queue, runs
from emotion_ai.training.checkpoint import saved_epochs
from emotion_ai.training.describe import changed_settings, epoch_text
from emotion_ai.training.promotion import promote_run

_FOLLOW_S = 2.0
_SHOWN_EPOCHS = 5


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Add ``runs`` with its actions."""
    listing = subparsers.add_parser("runs", help="list, show, cancel, resume or promote runs")
    listing.set_defaults(handler=run_list, json=False)
    actions = listing.add_subparsers(metavar="ACTION")

    def action(name: str, handler, text: str) -> argparse.ArgumentParser:
        parser = actions.add_parser(name, help=text)
        parser.set_defaults(handler=handler)
        return parser

    listed = action("list", run_list, "every run, newest first")
    listed.add_argument("--json", action="store_true", help="print a list with every run")

    show = action("show", run_show, "the settings of a run, and how far it has got")
    show.add_argument("run")
    show.add_argument("--json", action="store_true", help="print one JSON object")

    cancel = action("cancel", run_cancel, "stop a run; its best epoch is kept")
    cancel.add_argument("run")

    resume = action("resume", run_resume, "queue an interrupted, cancelled or failed run again")
    resume.add_argument("run")

    promote = action("promote", run_promote, "store a run's best epoch as a saved model")
    promote.add_argument("run")
    promote.add_argument("model", help="its name; an earlier model of that name is kept")
    promote.add_argument("--float", action="store_true", help="float weights, not int8")
    promote.add_argument(
        "--head",
        choices=(*HEADS, BOTH),
        default=HEADS[0],
        help="of a run trained with --labels both; both: one model that answers with either",
    )
    promote.add_argument(
        "--mirror", action="store_true", help="look at the mirrored face too: better, half as fast"
    )
    promote.add_argument("--default", action="store_true", help="let the app read with it")

    events = action("tensorboard", run_tensorboard, "write TensorBoard event files of runs")
    events.add_argument("run", nargs="*", help="which runs (default: all)")
    events.add_argument("--out", type=Path, metavar="DIR", help="default: RUNS/.tensorboard")
    events.add_argument("--follow", action="store_true", help="keep up with the runs until Ctrl-C")


def run_list(arguments: argparse.Namespace) -> int:
    found = runs.list_runs(settings().runs_dir)
    if arguments.json:
        print(json.dumps([_record(run) for run in found]))
        return 0
    if not found:
        print("no runs yet: emotion-ai train")
    for run in found:
        last = epoch_text(run.metrics[-1], run.config.get("epochs", 0)) if run.metrics else ""
        damage = f"  damaged: {run.damage}" if run.damage else ""
        print(f"{run.name}: {_state(run)}  {last}".rstrip() + damage)
    return 0


def run_show(arguments: argparse.Namespace) -> int:
    run = _run(arguments.run)
    if arguments.json:
        print(json.dumps({**_record(run), "metrics": run.metrics}))
        return 0
    print(f"{run.name}: {_state(run)}")
    if reason := run.damage or run.status.get("message"):
        print(f"  why: {reason}")
    told = {key: run.config.get(key) for key in ("task", "preset", "data", "epochs")}
    print("  " + ", ".join(f"{k} {_plain(v)}" for k, v in told.items() if v is not None))
    for name, (default, value) in changed_settings(run.config).items():
        if name not in told:
            print(f"  {name} {value} instead of {default}")
    epochs = run.config.get("epochs", 0)
    if len(run.metrics) > _SHOWN_EPOCHS:
        print("  …")
    for record in run.metrics[-_SHOWN_EPOCHS:]:
        print("  " + epoch_text(record, epochs))
    if run.best:
        print("  best " + epoch_text(run.best, epochs))
    if run.state in ("failed", "interrupted") and (log := runs.read_log(run.folder, 5)):
        print("  its last words:\n    " + log.replace("\n", "\n    "))
    print(f"  {run.folder}")
    return 0


def run_cancel(arguments: argparse.Namespace) -> int:
    run = _run(arguments.run)
    queue.cancel(run.folder)
    said = {"queued": "cancelled", "running": "stopping; its best epoch is kept"}
    print(f"{run.name}: {said.get(run.state, f'nothing to cancel, it is {run.state}')}")
    return 0


def run_resume(arguments: argparse.Namespace) -> int:
    run = _run(arguments.run)
    queue.resume(run.folder)
    queue.start_worker(run.folder.parent)
    print(f"{run.name}: queued, to continue after epoch {saved_epochs(run.folder)}")
    return 0


def run_promote(arguments: argparse.Namespace) -> int:
    with progress_bar("promoting") as progress:
        model = promote_run(
            _run(arguments.run).folder,
            arguments.model,
            quantise=not arguments.float,
            head=arguments.head,
            mirror=arguments.mirror,
            default=arguments.default,
            progress=progress,
        )
    print(f"saved as model {model.name}")
    if arguments.default:
        print(f"the app reads {model.task} with it; back: models back {model.task}")
    return 0


def run_tensorboard(arguments: argparse.Namespace) -> int:
    from emotion_ai.training.tensorboard import EventFiles

    runs_dir = settings().runs_dir
    out = arguments.out or runs_dir / ".tensorboard"
    files = EventFiles(out)

    def chosen() -> list[runs.Run]:
        if arguments.run:
            return [_run(name) for name in arguments.run]
        return runs.list_runs(runs_dir)

    epochs = files.update(chosen())
    print(f"{epochs} epochs written: tensorboard --logdir {out}", flush=True)
    while arguments.follow:
        time.sleep(_FOLLOW_S)
        files.update(chosen())
    return 0


def _run(name: str) -> runs.Run:
    return runs.read_run(settings().runs_dir / Path(name).name)


def _state(run: runs.Run) -> str:
    if run.state == "queued" and (place := queue.position(run.folder)):
        return f"queued, number {place}"
    return "stopping" if run.stopping else run.state


def _record(run: runs.Run) -> dict:
    return {
        "name": run.name,
        "state": run.state,
        "message": run.damage or run.status.get("message", ""),
        "epochs_done": len(run.metrics),
        "best": run.best,
        "config": run.config,
        "folder": str(run.folder),
    }


def _plain(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
