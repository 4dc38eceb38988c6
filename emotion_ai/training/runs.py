"""A run is a folder; its state is read from the folder and from whether its process lives.

``config.json`` what was asked; ``status.json`` the last thing that was said about it;
``progress.json`` how far the epoch under way is; ``metrics.jsonl`` one line an epoch; ``data.json``
the data it learns from; ``best.keras`` the weights of the best epoch; ``last.keras`` everything
needed to go on; ``scores.json`` how well those do on the validation faces; ``mistakes.npz`` some
they get wrong; ``log.txt`` what its process printed. The trainer writes, everybody else only
reads, except that a run which has no trainer may be queued, cancelled or settled (see ``queue``).
No Keras here.
"""

import os
import re
import shutil
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import psutil
from filelock import FileLock

from emotion_ai.access.permissions import require_editor
from emotion_ai.errors import ConfigError, RecordError, RunError
from emotion_ai.storage.files import sibling_folder, write_json
from emotion_ai.storage.records import checked, read_json, read_record
from emotion_ai.training.config import TrainingConfig
from emotion_ai.training.records import Epoch, Progress, Status, read_epochs

CONFIG, STATUS, PROGRESS, METRICS = "config.json", "status.json", "progress.json", "metrics.jsonl"
DATA, SCORES, MISTAKES, LOG = "data.json", "scores.json", "mistakes.npz", "log.txt"
BEST, LAST = "best.keras", "last.keras"
#: What a run for keypoints learns instead of its dataset's labels, made once.
HABITS = "habits.npz"
#: Room for a run's last words on a full disk: the state, the process, a reason of 300 letters.
_STATUS_BYTES = 2048
#: Its presence asks the trainer to stop.
CANCEL = "cancel"
#: A trainer on another machine is believed to live while it writes this often.
_HEARTBEAT_S = 300


@dataclass(frozen=True)
class Run:
    """What a run folder says; shared, so never mutate it. ``metrics``: the epochs, in order.
    ``progress``: {} or what ``progress.Reporter`` wrote last. ``damage``: the file and field that
    are wrong; where that is the configuration or the status, the state is *damaged* and ``config``
    empty, otherwise the rest of the run can be used."""

    folder: Path
    state: str
    config: dict
    status: Status
    metrics: list[Epoch]
    progress: Progress = field(default_factory=dict)
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
    found = _contents(folder)
    config, status, progress, metrics = found.config, found.status, found.progress, found.metrics
    if found.fatal:
        return Run(folder, "damaged", {}, status, metrics, progress, found.damage)
    state = run_state(status, process_lives, progress)
    if state == "interrupted" and (folder / CANCEL).exists():
        state = "cancelled"  # it was asked to stop and did, without writing so
    return Run(folder, state, config, status, metrics, progress, found.damage)


def read_config(folder: Path) -> TrainingConfig:
    """What the run was told; RunError for a damaged one, ConfigError for one of a newer version
    with settings that this one does not know."""
    run = read_run(folder)
    if run.state == "damaged":
        raise RunError(f"run {run.name} is damaged: {run.damage}")
    return TrainingConfig.from_dict(run.config)


def _file_stamp(path: Path) -> tuple | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


@dataclass
class _Contents:
    """What could be read of a run's files, and what is wrong with the first that could not."""

    config: dict = field(default_factory=dict)
    status: Status = field(default_factory=dict)
    progress: Progress = field(default_factory=dict)
    metrics: list[Epoch] = field(default_factory=list)
    damage: str = ""
    fatal: bool = False


T = TypeVar("T")
#: Of each file that was read its stamp and what was in it.
_kept: dict[Path, tuple[tuple | None, Any, str]] = {}
_MOST_KEPT = 10_000


def _once(path: Path, read: Callable[[Path], T]) -> tuple[T | None, str]:
    """What ``read`` finds in a file, and what is wrong with it: read again only where it changed,
    so that hundreds of runs cost a page next to nothing."""
    stamp = _file_stamp(path)
    kept = _kept.get(path)
    if kept is None or kept[0] != stamp:
        try:
            kept = stamp, read(path), ""
        except FileNotFoundError:
            kept = stamp, None, f"{path.name} is missing"
        except RecordError as error:
            kept = stamp, None, str(error)
        if len(_kept) >= _MOST_KEPT:
            _kept.clear()
        _kept[path] = kept
    return kept[1:]


def _contents(folder: Path) -> _Contents:
    config, no_config = _once(folder / CONFIG, lambda path: checked_config(read_json(path)))
    status, no_status = _once(folder / STATUS, lambda path: _read(path, Status))
    epochs, no_metrics = _once(folder / METRICS, read_epochs)
    progress, no_progress = _once(folder / PROGRESS, lambda path: _read(path, Progress))
    metrics, torn = epochs or ([], "")
    problems = (no_config, no_status, no_metrics, torn, no_progress)
    return _Contents(
        config or {}, status or {}, progress or {}, metrics,
        damage=next(filter(None, problems), ""), fatal=bool(no_config or no_status),
    )  # fmt: skip


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
    said = status.get("state", "interrupted")
    if said != "running":
        return said
    if status.get("host", socket.gethostname()) != socket.gethostname():
        spoke = max(status.get("time", 0.0), (progress or {}).get("time", 0.0))
        return said if time.time() - spoke < _HEARTBEAT_S else "interrupted"
    return said if lives(status.get("pid"), status.get("pid_started")) else "interrupted"


def process_lives(pid: int | None, started: float | None) -> bool:
    """Whether the process that wrote this pid and start time (seconds since 1970) still runs."""
    try:
        process = psutil.Process(pid)
        return abs(process.create_time() - started) < 2 and process.status() != "zombie"
    except (psutil.Error, TypeError, ValueError):
        return False


def read_metrics(folder: Path) -> list[Epoch]:
    """The epochs so far; lines that are damaged are left out."""
    return read_epochs(Path(folder) / METRICS)[0]


def read_log(folder: Path, lines: int = 20) -> str:
    """The last lines that the run's process printed."""
    try:
        with (Path(folder) / LOG).open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - 200 * lines))
            return "\n".join(log.read().decode(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""


def read_status(folder: Path) -> Status:
    """What ``status.json`` says; {} where it says nothing that can be read."""
    try:
        return _read(Path(folder) / STATUS, Status)
    except RecordError:
        return {}


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


def checked_config(record: object) -> dict:
    """``record`` when it is a configuration; settings of a newer version may be among it."""
    try:
        return checked(record, TrainingConfig, CONFIG)
    except ConfigError as error:  # each of its type, but not in its range
        raise RecordError(f"{CONFIG}: {error}") from None


def _read(path: Path, kind: type) -> dict:
    """The record in ``path``; {} where there is none yet."""
    try:
        return read_record(path, kind)
    except FileNotFoundError:
        return {}
