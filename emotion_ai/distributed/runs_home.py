"""Runs that train on a cluster, their folders at home: on the machine that asked.

The machine that trains has a copy of the folder. After every look, a second apart, what is new in
it comes home, so that pages, curves and promotion find a run like any other, and a machine that
goes down costs the epoch under way: the next one begins with what came home.
"""

import ctypes
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from emotion_ai.distributed.cluster import import_ray
from emotion_ai.settings import ROOT
from emotion_ai.storage.files import write_bytes
from emotion_ai.training import runs
from emotion_ai.training.records import Epoch
from emotion_ai.training.worker import GRACE_S, settle

_LOOK_S = 1.0
#: What makes a run. Checkpoints are read before the metrics, which may be an epoch ahead of them,
#: and written after these; the status is last.
_READ = (runs.LAST, runs.METRICS, runs.BEST, runs.DATA, runs.HABITS, runs.CONFIG,
         runs.PROGRESS, runs.SCORES, runs.MISTAKES, runs.LOG, runs.STATUS)  # fmt: skip
_WRITTEN = (runs.CONFIG, runs.DATA, runs.HABITS, runs.BEST, runs.METRICS, runs.LAST,
            runs.PROGRESS, runs.SCORES, runs.MISTAKES, runs.LOG, runs.STATUS)  # fmt: skip
_PR_SET_PDEATHSIG = 1  # from Linux's prctl.h


class RunsHome:
    """The folder of runs on the machine that asked. An actor of one call at a time."""

    def __init__(self, runs_dir: str):
        self._runs_dir = Path(runs_dir)

    def fetch(self, name: str) -> dict[str, bytes]:
        """The files of a run that a machine takes up, also after one that failed."""
        folder = self._runs_dir / name
        failed = runs.read_status(folder).get("state") in ("failed", "interrupted")
        if failed and not (folder / runs.CANCEL).exists():
            runs.write_status(folder, "running")
        return _files(folder, {})

    def store(self, name: str, files: dict[str, bytes]) -> bool:
        """Take what is new of a run; whether it is to stop: it was asked to, ended here (its search
        stopped it, say) or deleted."""
        folder = self._runs_dir / name
        if runs.read_status(folder).get("state") not in ("running", "finished"):
            return True
        if runs.BEST in files and runs.SCORES not in files:
            (folder / runs.SCORES).unlink(missing_ok=True)  # those of the best before
        for file in _WRITTEN:
            if file in files:
                write_bytes(folder / file, files[file])
        return (folder / runs.CANCEL).exists()


def open_home(runs_dir: Path):
    """A ``RunsHome`` of this machine, for the workers to write to."""
    ray = import_ray()
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    actor = ray.remote(num_cpus=0)(RunsHome).options(scheduling_strategy=here)
    return actor.remote(str(Path(runs_dir).resolve()))


def train_away(home, name: str, threads: int) -> Iterator[tuple[str, list[Epoch]]]:
    """Train the run ``name`` on this machine of the cluster, from where it is: its state and its
    epochs, whenever there is one more, and at the end."""
    ray = import_ray()
    with tempfile.TemporaryDirectory(prefix="emotion-ai-run-") as place:
        folder = Path(place) / name
        folder.mkdir()
        for file, content in ray.get(home.fetch.remote(name)).items():
            (folder / file).write_bytes(content)
        runs.write_status(folder, "queued")  # as a trainer expects it
        trainer = _start(folder, threads)
        told, stamps, asked_at = -1, {}, None
        try:
            while True:
                code = trainer.poll()
                if code is not None:
                    settle(folder, code)
                run = runs.read_run(folder)
                if run.state == "queued":  # nobody at home is to take it
                    time.sleep(_LOOK_S)
                    continue
                stop = ray.get(home.store.remote(name, _files(folder, stamps)))
                if len(run.metrics) != told or code is not None:
                    told = len(run.metrics)
                    yield run.state, run.metrics
                if code is not None:
                    return
                if stop and asked_at is None:
                    asked_at = time.monotonic()
                    (folder / runs.CANCEL).touch()
                    trainer.send_signal(signal.SIGTERM)
                elif asked_at is not None and time.monotonic() - asked_at > GRACE_S:
                    trainer.kill()
                time.sleep(_LOOK_S)
        finally:
            trainer.kill()
            trainer.wait()


def _start(folder: Path, threads: int) -> subprocess.Popen:
    """The trainer of a run, in a process that ends with this one."""
    few = {"OMP_NUM_THREADS": str(threads), "TF_NUM_INTRAOP_THREADS": str(threads)}
    with (folder / runs.LOG).open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "emotion_ai.training.trainer", str(folder)],
            cwd=ROOT,
            env={**os.environ, **few},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            preexec_fn=_end_with_parent if sys.platform == "linux" else None,
        )


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _files(folder: Path, stamps: dict[str, tuple]) -> dict[str, bytes]:
    """The files of a run that changed since the last call with these ``stamps``."""
    changed = {}
    for file in _READ:
        try:
            status = (folder / file).stat()
            stamp = status.st_ino, status.st_mtime_ns, status.st_size
            if stamps.get(file) != stamp:
                changed[file] = (folder / file).read_bytes()
                stamps[file] = stamp
        except FileNotFoundError:
            continue
    return changed
