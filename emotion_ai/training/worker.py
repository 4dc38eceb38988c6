"""``python -m emotion_ai.training.worker RUNS_DIR``: trains what waits, then ends.

Every run gets a process of its own, so that one that dies takes nothing with it, and memory is
given back. The worker itself is light: when it is killed, its trainer goes on, and a new worker
waits for that one's lock.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from filelock import FileLock, Timeout

from emotion_ai.errors import RunError
from emotion_ai.settings import ROOT
from emotion_ai.training import runs
from emotion_ai.training.queue import queued, worker_lock
from emotion_ai.training.runs import changing_hands

#: So much below the dashboard in priority.
NICENESS = 10
#: A run that was asked to stop and does not within so many seconds is killed.
GRACE_S = 15


def work(runs_dir: Path) -> None:
    """Train waiting runs in order until none is left; returns where another worker lives."""
    lock = worker_lock(runs_dir)
    try:
        lock.acquire(timeout=1)  # longer than a page that looks whether it is held
    except Timeout:
        return
    unusable: set[Path] = set()
    while (folder := _next(runs_dir, lock, unusable)) is not None:
        try:
            settle(folder, run_trainer(folder))
        except (OSError, RunError) as error:  # deleted, or its disk is full
            print(f"{folder.name}: {error}", file=sys.stderr, flush=True)
            unusable.add(folder)


def _next(runs_dir: Path, lock: FileLock, unusable: set[Path]) -> Path | None:
    """The run whose turn it is; with none, the worker's lock is given back in the same moment."""
    with changing_hands(runs_dir):
        waiting = [folder for folder in queued(runs_dir) if folder not in unusable]
        if not waiting:
            lock.release()
        return waiting[0] if waiting else None


def run_trainer(folder: Path) -> int:
    """The exit code of the trainer of one run; minus the signal that killed it."""
    with (folder / runs.LOG).open("ab") as log:
        trainer = subprocess.Popen(
            [sys.executable, "-m", "emotion_ai.training.trainer", str(folder)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    while True:
        try:
            return trainer.wait(timeout=1)
        except subprocess.TimeoutExpired:
            if _asked_to_stop_s(folder) > GRACE_S:
                trainer.kill()


def _asked_to_stop_s(folder: Path) -> float:
    """Seconds since the run was asked to stop; 0 when nobody did."""
    try:
        return time.time() - (folder / runs.CANCEL).stat().st_mtime
    except OSError:
        return 0.0


def settle(folder: Path, code: int) -> None:
    """Say how a run ended whose trainer could not say so itself."""
    if not code:
        return  # it has said so, or another worker was quicker and the run is that one's
    with changing_hands(folder.parent):
        run = runs.read_run(folder)
        if run.state == "queued":
            runs.write_status(folder, "failed", message=f"it did not start: {_last_words(folder)}")
        elif run.state == "cancelled" and run.status.get("state") == "running":
            runs.write_status(folder, "cancelled")
        elif run.state == "interrupted" and code < 0:
            name = signal.Signals(-code).name
            hint = ", as the system does when memory runs out" if name == "SIGKILL" else ""
            runs.write_status(folder, "interrupted", message=f"killed by {name}{hint}")
        elif run.state == "interrupted":
            runs.write_status(folder, "failed", message=_last_words(folder))


def _last_words(folder: Path) -> str:
    return runs.read_log(folder, 1)[-300:] or "it ended without saying why"


if __name__ == "__main__":
    os.nice(NICENESS)
    work(Path(sys.argv[1]))
