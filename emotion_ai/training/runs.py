"""A run is a folder; its state is read from the folder and from whether its process lives.

``config.json`` what was asked; ``status.json`` the last thing that was said about it;
``progress.json`` how far the epoch under way is; ``metrics.jsonl`` one line an epoch; ``data.json``
the data it learns from; ``best.keras`` the weights of the best epoch; ``last.keras`` everything
needed to go on; ``scores.json`` how well those do on the validation faces; ``mistakes.npz`` some
they get wrong; ``log.txt`` what its process printed. The trainer writes, everybody else only
reads, except that a run which has no trainer may be queued, cancelled or settled (see ``queue``).
No Keras here.
"""

import json
import math
import os
import re
import shutil
import socket
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import psutil
from filelock import FileLock

from emotion_ai.access.permissions import require_editor
from emotion_ai.errors import ConfigError, RunError
from emotion_ai.storage.files import sibling_folder, write_json
from emotion_ai.training.config import TrainingConfig

CONFIG, STATUS, PROGRESS, METRICS = "config.json", "status.json", "progress.json", "metrics.jsonl"
DATA, SCORES, MISTAKES, LOG = "data.json", "scores.json", "mistakes.npz", "log.txt"
BEST, LAST = "best.keras", "last.keras"
#: Room for a run's last words on a full disk: the state, the process, a reason of 300 letters.
_STATUS_BYTES = 2048
#: Its presence asks the trainer to stop.
CANCEL = "cancel"
#: What may be said of a run; ``interrupted`` is also what others conclude from a silent trainer.
STATES = ("queued", "running", "finished", "cancelled", "failed", "interrupted", "damaged")
#: A trainer on another machine is believed to live while it writes this often.
_HEARTBEAT_S = 300


@dataclass(frozen=True)
class Run:
    """What a run folder says; shared, so never mutate it. ``metrics``: one dict an epoch, in order.
    ``damage``: what is wrong with a damaged one, whose ``config`` is empty. ``progress``: {} or
    what ``progress.Reporter`` wrote last."""

    folder: Path
    state: str
    config: dict
    status: dict
    metrics: list[dict]
    progress: dict = field(default_factory=dict)
    damage: str = ""

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def stopping(self) -> bool:
        """Whether it runs, but was asked to stop."""
        return self.state == "running" and (self.folder / CANCEL).exists()

    @property
    def best(self) -> dict | None:
        """The metrics of the epoch whose weights are kept."""
        return min(self.metrics, key=lambda record: record["validation_loss"], default=None)


def create_run(runs_dir: Path, config: dict, name: str | None = None, **status) -> Path:
    """A new run folder holding ``config.json`` and, where given, a ``status``; it appears whole.

    Named by time and task unless ``name`` is given; a number is added where that is taken.
    """
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    base = check_run_name(name or f"{stamp}-{config['task']}-{config['preset']}")
    for attempt in range(1000):
        folder = Path(runs_dir) / (base if not attempt else f"{base}-{attempt + 1}")
        if folder.exists():
            continue
        temporary = sibling_folder(folder)
        try:
            write_json(temporary / CONFIG, config)
            if status:
                write_status(temporary, **status)
            temporary.chmod(0o755)  # mkdtemp made it private
            temporary.rename(folder)  # fails where somebody else was quicker
            return folder
        except OSError:
            if not folder.exists():
                raise
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    raise RunError(f"{runs_dir}: no free name for {base}")


def check_run_name(name: str) -> str:
    """``name`` when it may name a run's folder."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", name):
        raise RunError(f"run name {name!r}: expected 1 to 64 letters, digits, '_', '-', '.'")
    return name


def read_run(folder: Path) -> Run:
    """Everything a run folder says; a damaged one is returned as such, never raised."""
    folder = Path(folder)
    if not is_run(folder):
        known = ", ".join(sorted(path.name for path in run_folders(folder.parent))) or "none yet"
        raise RunError(f"no run {folder.name!r}: expected one of: {known}")
    config, status, progress, metrics = _contents(folder, _stamp(folder))
    if damage := _damage(config, status):
        return Run(folder, "damaged", {}, status or {}, metrics, progress, damage)
    state = run_state(status, process_lives, progress)
    if state == "interrupted" and (folder / CANCEL).exists():
        state = "cancelled"  # it was asked to stop and did, without writing so
    return Run(folder, state, config, status, metrics, progress)


def _stamp(folder: Path) -> tuple:
    """Changes whenever a file of the run does."""
    return tuple(_file_stamp(folder / file) for file in (CONFIG, STATUS, PROGRESS, METRICS))


def _file_stamp(path: Path) -> tuple | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


@lru_cache(maxsize=2048)
def _contents(folder: Path, stamp: tuple) -> tuple[dict | None, dict | None, dict, list[dict]]:
    """Configuration, status, progress and metrics: read again only where ``stamp`` is another one,
    so that hundreds of runs cost a page next to nothing."""
    config, status = _read_json(folder / CONFIG), _read_json(folder / STATUS)
    return config, status, _read_json(folder / PROGRESS) or {}, read_metrics(folder)


def is_run(folder: Path) -> bool:
    """Whether ``folder`` holds a run, be it a damaged one."""
    return any((folder / file).exists() for file in (CONFIG, STATUS, METRICS, BEST, LAST))


def run_folders(runs_dir: Path) -> list[Path]:
    """The folders of all runs, in no order."""
    try:
        found = [path for path in Path(runs_dir).iterdir() if not path.name.startswith(".")]
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [path for path in found if path.is_dir() and is_run(path)]


def list_runs(runs_dir: Path) -> list[Run]:
    """All runs, newest first."""
    runs = []
    for folder in run_folders(runs_dir):
        try:
            runs.append(read_run(folder))
        except RunError:
            continue  # deleted just now
    return sorted(runs, key=_age, reverse=True)


def _age(run: Run) -> tuple:
    """Sorts runs from the oldest to the newest; by name where nothing says when."""
    return str(run.status.get("created") or run.status.get("updated") or ""), run.name


def run_state(status: dict, lives, progress: dict | None = None) -> str:
    """A run's state: what was said last, or *interrupted* when that is running but its process
    (by pid **and** start time: pids are reused) is gone. ``lives(pid, started) -> bool``.

    The process of a trainer on another machine cannot be asked: it lives while it reports.
    """
    said = status.get("state")
    if said not in STATES:
        return "interrupted" if not status else "damaged"
    if said != "running":
        return said
    if status.get("host", socket.gethostname()) != socket.gethostname():
        spoke = max(_seconds(status.get("time")), _seconds((progress or {}).get("time")))
        return said if time.time() - spoke < _HEARTBEAT_S else "interrupted"
    return said if lives(status.get("pid"), status.get("pid_started")) else "interrupted"


def _seconds(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def process_lives(pid: int | None, started: float | None) -> bool:
    """Whether the process that wrote this pid and start time (seconds since 1970) still runs."""
    try:
        process = psutil.Process(pid)
        return abs(process.create_time() - started) < 2 and process.status() != "zombie"
    except (psutil.Error, TypeError, ValueError):
        return False


def read_metrics(folder: Path) -> list[dict]:
    """The epochs so far. A torn last line (the trainer was killed while writing) is dropped."""
    try:
        lines = (Path(folder) / METRICS).read_text(errors="replace").splitlines()
    except OSError:
        return []
    metrics = []
    for line in lines:
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict) and all(
            isinstance(record.get(key), int | float) and math.isfinite(record[key])
            for key in ("epoch", "loss", "validation_loss")
        ):
            metrics.append(record)
    return metrics


def read_log(folder: Path, lines: int = 20) -> str:
    """The last lines that the run's process printed."""
    try:
        with (Path(folder) / LOG).open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - 200 * lines))
            return "\n".join(log.read().decode(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""


def read_status(folder: Path) -> dict:
    """What ``status.json`` says; {} where it says nothing that can be read."""
    return _read_json(Path(folder) / STATUS) or {}


def write_status(folder: Path, state: str, **details) -> None:
    """Replace ``status.json`` by what the calling process says; ``created`` is kept."""
    process = psutil.Process(os.getpid())
    now = datetime.now(UTC).isoformat(timespec="seconds")
    earlier = read_status(folder)
    write_json(
        folder / STATUS,
        {
            "state": state,
            "pid": process.pid,
            "pid_started": process.create_time(),
            "host": socket.gethostname(),
            "created": earlier.get("created", now),
            "updated": now,
            "time": time.time(),
            **details,
        },
        _STATUS_BYTES,
    )


def delete_run(folder: Path) -> None:
    """Remove a run that neither runs nor waits; RunError otherwise."""
    require_editor("delete a run")
    folder = Path(folder)
    retired = folder.with_name(f".{folder.name}.deleted")
    try:
        with changing_hands(folder.parent):  # nobody resumes it meanwhile
            run = read_run(folder)
            if run.state in ("queued", "running"):
                raise RunError(f"run {run.name} is {run.state}: cancel it first")
            shutil.rmtree(retired, ignore_errors=True)
            folder.rename(retired)  # gone at once for everybody, then cleared away
        shutil.rmtree(retired)
    except OSError as error:
        raise RunError(
            f"run {folder.name} cannot be deleted ({error.strerror or error})"
        ) from error


def changing_hands(runs_dir: Path) -> FileLock:
    """Held for the moments in which a run changes its state without, or before, a trainer."""
    Path(runs_dir).mkdir(parents=True, exist_ok=True)
    return FileLock(Path(runs_dir) / ".queue.lock", timeout=30)


def _damage(config: dict | None, status: dict | None) -> str:
    """What is wrong with the files of a run; "" when they are as they should be."""
    if config is None:
        return f"{CONFIG} cannot be read"
    if not config:
        return f"{CONFIG} is missing"
    if status is None:
        return f"{STATUS} cannot be read"
    if status and status.get("state") not in STATES:
        return f"{STATUS} says {status.get('state')!r}"
    try:
        TrainingConfig.from_dict(config)
    except (ConfigError, KeyError, TypeError, ValueError, AttributeError) as error:
        return f"{CONFIG}: {error}"
    return ""


def _read_json(path: Path) -> dict | None:
    """The object in ``path``; {} where there is none, None where it is not a JSON object."""
    try:
        record = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None
