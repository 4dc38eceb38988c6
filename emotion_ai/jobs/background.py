"""Work in a process of its own, so that pages stay quick: start it, read how far it is, stop it.

A job is two files: ``<name>.json`` says how far its process is and ``<name>.log`` what it printed.
It needs no other memory: a page that comes back later, or another session, finds the same job.
"""

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, NotRequired, TypedDict

import psutil
from filelock import FileLock
from msgspec import Meta

from emotion_ai.access.permissions import require_editor
from emotion_ai.errors import RecordError
from emotion_ai.settings import ROOT
from emotion_ai.storage.files import write_json
from emotion_ai.storage.records import Count, Number, read_record


@dataclass(frozen=True)
class Job:
    """``state``: ``none`` (never started), ``running``, ``finished``, ``failed`` or ``stopped``."""

    state: str
    done: int = 0
    total: int = 0
    unit: str = ""
    #: The last line a failed job printed.
    error: str = ""


class _Record(TypedDict):
    """``<name>.json``; ``since``: seconds since 1970."""

    pid: Annotated[int, Meta(ge=0, lt=2**31)]
    since: Number
    step: tuple[Count, Count, str]
    for_everyone: NotRequired[bool]
    stopped: NotRequired[bool]
    finished: NotRequired[bool]


def start(status: Path, module: str, arguments: list[str], for_everyone: bool = False) -> None:
    """Run ``python -m module arguments`` unless the job of ``status`` runs already.

    Only editors may, unless it is ``for_everyone``: work that changes nothing that is kept.
    """
    if not for_everyone:
        require_editor("start this work")
    status.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(status.with_suffix(".lock")):
        if read_job(status).state == "running":
            return
        status.unlink(missing_ok=True)  # an earlier job's
        with _log(status).open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        _CHILDREN[process.pid] = process
        try:
            running = psutil.Process(process.pid)
            since = running.create_time()
            running.nice(5)  # whoever uses the page meanwhile should not feel it
        except psutil.Error:  # over already: its log says why
            since = 0.0
        record = {"pid": process.pid, "since": since, "step": [0, 0, ""]}
        write_json(status, {**record, "for_everyone": for_everyone})


#: Processes started here, so that they can be waited for: else they stay in the system as zombies.
_CHILDREN: dict[int, subprocess.Popen] = {}


def report(status: Path, done: int, total: int, unit: str) -> None:
    """Called by the job itself: how far it is."""
    _note(status, step=[done, total, unit])


def finish(status: Path) -> None:
    """Called by the job itself: its result is there."""
    _note(status, finished=True)


def _note(status: Path, **changes) -> None:
    for _ in range(50):  # the starter writes the process number first
        try:
            write_json(status, {**read_record(status, _Record), **changes})
            return
        except (FileNotFoundError, RecordError):
            time.sleep(0.1)


def read_job(status: Path) -> Job:
    try:
        record = read_record(status, _Record)
    except FileNotFoundError:
        return Job("none")
    except RecordError as error:
        return Job("failed", error=f"damaged: {error}")
    if child := _CHILDREN.get(record["pid"]):
        child.poll()
    if _process(record):
        return Job("running", *record["step"])
    if record.get("stopped"):
        return Job("stopped")
    if record.get("finished"):
        return Job("finished")
    return Job("failed", error=_last_line(_log(status)))


def stop(status: Path) -> None:
    """End the job's process, if it runs."""
    try:
        record = read_record(status, _Record)
    except FileNotFoundError:
        return
    if not record.get("for_everyone"):
        require_editor("stop this work")
    if process := _process(record):
        write_json(status, {**record, "stopped": True})
        process.terminate()
        try:
            process.wait(5)
        except psutil.TimeoutExpired:
            process.kill()


def _process(record: _Record) -> psutil.Process | None:
    """The job's process while it lives; a number given anew to another one does not count."""
    try:
        process = psutil.Process(record["pid"])
        same = abs(process.create_time() - record["since"]) < 1
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.Error:
        return None


def _log(status: Path) -> Path:
    return status.with_suffix(".log")


def _last_line(log: Path) -> str:
    try:
        lines = log.read_text(errors="replace").strip().splitlines()
    except OSError:
        lines = []
    return lines[-1][:300] if lines else "it ended without saying why"
