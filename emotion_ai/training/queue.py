"""Runs wait in a queue and are trained one after the other, by a process of their own.

There is no server and no database: a waiting run is a run folder whose status says ``queued``, and
two file locks do the rest. ``.queue.lock`` is held for the moments in which a run changes hands.
``.trainer.lock`` is held by a process while it trains. One machine keeps a folder of runs; many
machines are Ray's (``distributed``). No Keras here: the dashboard, the command line and the search
use it.
"""

import contextlib
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

from emotion_ai.access.permissions import require_editor
from emotion_ai.errors import RunError
from emotion_ai.optional import lacking, require, training_modules
from emotion_ai.settings import ROOT
from emotion_ai.training import runs
from emotion_ai.training.config import TrainingConfig
from emotion_ai.training.runs import changing_hands

#: States from which a run may go on.
RESUMABLE = ("interrupted", "cancelled", "failed")


def enqueue(config: TrainingConfig, *, name: str | None = None, runs_dir: Path) -> Path:
    """A new run that waits for its turn: its folder. Call ``start_worker`` then.

    RunError for a name that no folder may have; one that is taken gets a number.
    """
    require_editor("train a network")
    require("Training", *training_modules())
    return runs.create_run(Path(runs_dir), config.as_dict(), name, state="queued", **_ticket())


def resume(folder: Path) -> None:
    """Let an interrupted, cancelled or failed run wait again, to go on where it was."""
    require_editor("resume a run")
    require("Training", *training_modules())
    folder = Path(folder)
    with changing_hands(folder.parent):
        run = runs.read_run(folder)
        if run.state not in RESUMABLE:
            raise RunError(
                f"run {run.name} is {run.state}: expected one that is {', '.join(RESUMABLE)}"
            )
        (folder / runs.CANCEL).unlink(missing_ok=True)
        runs.write_status(folder, "queued", **_ticket())


def cancel(folder: Path) -> None:
    """Take a waiting run out of the queue, or ask a running one to stop; it keeps its best epoch.

    Returns at once: a running one needs some seconds, in which ``Run.stopping`` is true. Cancelling
    a run that is over does nothing.
    """
    require_editor("stop a run")
    folder = Path(folder)
    with changing_hands(folder.parent):
        run = runs.read_run(folder)
        if run.state == "queued":
            runs.write_status(folder, "cancelled", message="cancelled before it began")
        elif run.state == "running":
            (folder / runs.CANCEL).touch()
    if run.state == "running" and run.status.get("host") == socket.gethostname():
        # It also sees the file, but between two batches only; or it is just over.
        with contextlib.suppress(psutil.Error):
            psutil.Process(run.status["pid"]).send_signal(signal.SIGTERM)


def position(folder: Path) -> int:
    """The place of a waiting run in the queue, from 1; 0 for one that does not wait."""
    folder = Path(folder)
    waiting = queued(folder.parent)
    return waiting.index(folder) + 1 if folder in waiting else 0


def queued(runs_dir: Path) -> list[Path]:
    """The folders of waiting runs, in the order of their turns."""
    waiting = [run for run in runs.list_runs(runs_dir) if run.state == "queued"]
    return [run.folder for run in sorted(waiting, key=_turn)]


def _turn(run: runs.Run) -> tuple[int, str]:
    return run.status.get("ticket", 0), run.name


def start_worker(runs_dir: Path) -> None:
    """Make sure that a process is there which trains what waits; it ends when nothing does.

    Where Keras is not installed nothing happens.
    """
    if lacking("Training", *training_modules()):
        return
    runs_dir = Path(runs_dir)
    # poll() also clears away those that have ended.
    _started[:] = [child for child in _started if child.poll() is None]
    if not queued(runs_dir):
        return  # looked at without a lock: the folder may be one that is only read
    with changing_hands(runs_dir):
        if not queued(runs_dir) or has_worker(runs_dir):
            return  # a worker decides to end under this lock only: it will see what waits
    with (runs_dir / ".worker.log").open("ab") as log:
        command = [sys.executable, "-m", "emotion_ai.training.worker", str(runs_dir.resolve())]
        _started.append(
            subprocess.Popen(
                command,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        )


#: Workers started here, so that they can be waited for: else they stay in the system as zombies.
_started: list[subprocess.Popen] = []


def worker_lock(runs_dir: Path) -> FileLock:
    """Held by the process that hands waiting runs to trainers."""
    return FileLock(Path(runs_dir) / ".worker.lock")


def trainer_lock(runs_dir: Path) -> FileLock:
    """Held by the process that trains: there is one at a time. Freed by the system when it dies."""
    Path(runs_dir).mkdir(parents=True, exist_ok=True)
    return FileLock(Path(runs_dir) / ".trainer.lock")


def trains(runs_dir: Path) -> bool:
    """Whether a process trains just now."""
    return Path(runs_dir).is_dir() and not _is_free(trainer_lock(runs_dir))


def has_worker(runs_dir: Path) -> bool:
    """Whether a process hands waiting runs to trainers."""
    return Path(runs_dir).is_dir() and not _is_free(worker_lock(runs_dir))


def claim(folder: Path) -> bool:
    """Called by a trainer that holds its lock: whether the run still waits, and is now its own."""
    with changing_hands(folder.parent):
        if runs.read_run(folder).state != "queued":
            return False
        (folder / runs.CANCEL).unlink(missing_ok=True)
        runs.write_status(folder, "running")
        return True


def _is_free(lock: FileLock) -> bool:
    try:
        with lock.acquire(timeout=0):
            return True
    except Timeout:
        return False
    except OSError:
        return True  # a folder that is only read: nobody works in it


def _ticket() -> dict:
    return {"ticket": time.time_ns()}
