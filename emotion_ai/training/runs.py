"""A run is a folder; its state is read from the folder and from whether its process lives.

``config.json`` what was asked; ``status.json`` the last thing the trainer said; ``metrics.jsonl``
one line an epoch; ``best.keras`` the weights of the best epoch; ``last.keras`` everything
needed to go on. The trainer writes, everybody else only reads. No Keras here.
"""

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil

from emotion_ai.atomic import write_json
from emotion_ai.errors import RunError

CONFIG, STATUS, METRICS = "config.json", "status.json", "metrics.jsonl"
BEST, LAST = "best.keras", "last.keras"
#: What a trainer may say of itself; ``interrupted`` is what others conclude when it is silent.
STATES = ("running", "finished", "cancelled", "failed", "interrupted", "damaged")


@dataclass(frozen=True)
class Run:
    """What a run folder says. ``metrics``: one dict an epoch, in order."""

    folder: Path
    state: str
    config: dict
    status: dict
    metrics: list[dict]

    @property
    def name(self) -> str:
        return self.folder.name


def create_run(runs_dir: Path, config: dict, name: str | None = None) -> Path:
    """A new run folder holding ``config.json``; named by time and task unless ``name`` is given."""
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    base = name or f"{stamp}-{config['task']}-{config['preset']}"
    for attempt in range(1000):
        folder = Path(runs_dir) / (base if not attempt else f"{base}-{attempt + 1}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        write_json(folder / CONFIG, config)
        return folder
    raise RunError(f"{runs_dir}: no free name for {base}")


def read_run(folder: Path) -> Run:
    """Everything a run folder says; a damaged one is returned as such, never raised."""
    folder = Path(folder)
    if not (folder / CONFIG).is_file():
        known = ", ".join(run.name for run in list_runs(folder.parent)) or "none yet"
        raise RunError(f"no run {folder.name!r}: expected one of: {known}")
    config, status = _read_json(folder / CONFIG), _read_json(folder / STATUS)
    metrics = read_metrics(folder)
    if config is None or status is None:
        return Run(folder, "damaged", config or {}, status or {}, metrics)
    return Run(folder, run_state(status, process_lives), config, status, metrics)


def list_runs(runs_dir: Path) -> list[Run]:
    """All runs, newest first."""
    folders = [path.parent for path in Path(runs_dir).glob(f"[!.]*/{CONFIG}")]
    return [read_run(folder) for folder in sorted(folders, reverse=True)]


def run_state(status: dict, lives) -> str:
    """A run's state: what it said last, or *interrupted* when it says running but its process
    (by pid **and** start time: pids are reused) is gone. ``lives(pid, started) -> bool``."""
    said = status.get("state")
    if said not in STATES:
        return "interrupted" if not status else "damaged"
    if said == "running" and not lives(status.get("pid"), status.get("pid_started")):
        return "interrupted"
    return said


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
    except FileNotFoundError:
        return []
    metrics = []
    for line in lines:
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict) and "epoch" in record:
            metrics.append(record)
    return metrics


def write_status(folder: Path, state: str, **details) -> None:
    """Replace ``status.json`` by what the calling process says of itself."""
    process = psutil.Process(os.getpid())
    write_json(
        folder / STATUS,
        {
            "state": state,
            "pid": process.pid,
            "pid_started": process.create_time(),
            "updated": datetime.now(UTC).isoformat(timespec="seconds"),
            **details,
        },
    )


def _read_json(path: Path) -> dict | None:
    """The object in ``path``; {} where there is none, None where it is not a JSON object."""
    try:
        record = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) else None
