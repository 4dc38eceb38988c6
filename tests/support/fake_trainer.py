"""Stands in for the trainer's process where only what is around it is looked at: every call of
``start_worker`` brings the first unfinished run one epoch further. No Keras."""

import json
import math
from collections.abc import Callable
from pathlib import Path

from emotion_ai.training import queue, runs


def accuracy(config: dict, epoch: int) -> float:
    """Best at a learning rate of 0.002, whatever else is asked for; rising with the epochs."""
    off = abs(math.log(config["learning_rate"] / 0.002))
    return max(0.05, 0.9 - 0.3 * off) * epoch / config["epochs"]


class FakeTrainer:
    """``before_epoch(folder, epoch)`` may raise, or fail the run by returning a reason."""

    def __init__(self, before_epoch: Callable[[Path, int], str | None] = lambda *_: None):
        self.before_epoch = before_epoch
        self.epochs = 0

    def start_worker(self, runs_dir: Path) -> None:
        waiting = queue.queued(runs_dir)
        running = [run.folder for run in runs.list_runs(runs_dir) if run.state == "running"]
        for folder in (running + waiting)[:1]:
            self._epoch(folder)

    def _epoch(self, folder: Path) -> None:
        # "elsewhere": cancelling must not send a signal to this very process.
        said = {"host": "elsewhere"}
        run = runs.read_run(folder)
        if run.stopping:
            runs.write_status(folder, "cancelled", **said)
            return
        runs.write_status(folder, "running", **said)
        epoch = len(run.metrics) + 1
        if reason := self.before_epoch(folder, epoch):
            runs.write_status(folder, "failed", message=reason, **said)
            return
        self.epochs += 1
        score = accuracy(run.config, epoch)
        record = {"epoch": epoch, "loss": 1 - score, "validation_loss": 1 - score}
        with (folder / runs.METRICS).open("a") as metrics:
            metrics.write(json.dumps({**record, "validation_accuracy": score}) + "\n")
        if epoch == run.config["epochs"]:
            runs.write_status(folder, "finished", **said)
