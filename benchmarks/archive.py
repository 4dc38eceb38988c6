"""Photos a second of an archive: one process, processes of one machine, Ray; and a node that dies.

    python benchmarks/archive.py [--photos 400] [--size 480x320]     a table of speeds
    python benchmarks/archive.py --kill [--photos 2000 --films 20]   two nodes, one killed midway
    python benchmarks/archive.py --memory [--photos 100000]          the memory of all processes

The cluster is two nodes on this machine, each with one core (``ray.cluster_utils``). First rows:
when processes run and models are loaded; the pace is that from there on.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import psutil

from benchmarks.archive_scenes import draw_archive
from emotion_ai.distributed.cluster import import_ray

#: Cores of the machines for which a million photos are reckoned, and the files in a batch.
_CORES, _MILLION = 16, 1_000_000

TIMED = """
import json, sys, time
began = time.monotonic()
from emotion_ai.cli import archive, program
told = []
class Told:
    def __enter__(self): return lambda done, total, unit: told.append((time.monotonic(), done))
    def __exit__(self, *_): pass
archive._told = Told
assert program.main(sys.argv[2:]) == 0
(first_s, first), (last_s, last) = told[0], told[-1]
pace = (last - first) / (last_s - first_s)
json.dump({"first_s": first_s - began, "pace": pace, "files": last - first,
           "between": (first_s, last_s)}, open(sys.argv[1], "w"))
"""


def timed(name: str, folder: Path, sources: Path, *options: str) -> dict:
    """``first_s``: until the first rows; ``pace``: files a second from there; ``core_ms``: what a
    file costs a core from there, whatever else the machine does; ``memory_mb``: the most of all
    processes, the cluster's too."""
    out, result = folder / name.replace(" ", "-"), folder / "timed.json"
    words = [sys.executable, "-c", TIMED, str(result), "predict", str(sources), "--out", str(out)]
    watched = Watched()
    process = subprocess.Popen([*words, *options], stdout=subprocess.DEVNULL)
    failed = process.wait()
    watched.stop()
    if failed:
        raise SystemExit(f"failed: {' '.join(options)}")
    found = json.loads(result.read_text())
    first, last = (watched.core_s(at) for at in found["between"])
    cost = {"core_ms": 1000 * (last - first) / found["files"], "memory_mb": watched.bytes / 1e6}
    return found | cost


def speeds(photos: int, size_wh: tuple[int, int], folder: Path) -> None:
    sources = folder / "archive"
    draw_archive(sources, photos, size_wh=size_wh)
    cores = psutil.cpu_count()
    cluster = two_nodes()
    ray = ("--on", "ray", "--address", cluster.address)
    ways = {
        "one process": ("--on", "local", "--workers", "1"),
        f"{cores} processes": ("--on", "local", "--workers", str(cores)),
        "Ray, 1 worker": (*ray, "--workers", "1"),
        "Ray, 2 workers": (*ray, "--workers", "2"),
    }
    print(f"{photos} photos of {size_wh[0]} × {size_wh[1]}, {cores} cores, load "
          f"{psutil.getloadavg()[0]:.1f}")  # fmt: skip
    print(f"{'':16}{'photos/s':>10}{'of one':>8}{'core ms':>9}{'first rows':>12}{'memory':>10}")
    found = {}
    for name, options in ways.items():
        found[name] = one = timed(name, folder, sources, *options)
        share = one["pace"] / found["one process"]["pace"]
        print(
            f"{name:16}{one['pace']:10.1f}{share:8.2f}{one['core_ms']:9.1f}{one['first_s']:10.1f} s"
            f"{one['memory_mb']:7.0f} MB",
            flush=True,
        )
    cluster.shutdown()
    reckon(found["one process"]["core_ms"], found["Ray, 2 workers"]["core_ms"])


def reckon(local_ms: float, ray_ms: float) -> None:
    """What a million such photos take on idle machines, from what one costs a core."""
    print(f"a million, reckoned from a core's milliseconds ({_CORES} cores a machine):")
    for machines in (1, 10, 100):
        each = ray_ms if machines > 1 else local_ms
        minutes = _MILLION * each / 1000 / (_CORES * machines) / 60
        print(f"  {machines:3} machine{'s' * (machines > 1)}: {minutes:.1f} min")


def memory(photos: int, folder: Path) -> None:
    draw_archive(folder / "archive", photos, size_wh=(96, 72))
    one = timed("table", folder, folder / "archive", "--on", "local")
    print(f"{photos:,} photos of 96 × 72: {one['pace']:.0f}/s, at most {one['memory_mb']:.0f} MB "
          "in all processes")  # fmt: skip


class Watched:
    """All processes below this one, looked at twice a second: the most memory that they had to
    themselves (USS, bytes), and the processor time that they had used by a moment."""

    def __init__(self):
        self.bytes, self._over = 0, threading.Event()
        self._used: dict[tuple, float] = {}
        self._told: list[tuple[float, float]] = []
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._over.wait(0.5):
            total = 0
            for each in psutil.Process().children(recursive=True):
                try:
                    total += each.memory_full_info().uss
                    used = each.cpu_times()
                    self._used[each.pid, each.create_time()] = used.user + used.system
                except psutil.Error:
                    continue
            self.bytes = max(self.bytes, total)
            self._told.append((time.monotonic(), sum(self._used.values())))

    def core_s(self, at: float) -> float:
        """Seconds of a core used until ``at``, of the monotonic clock."""
        return float(np.interp(at, *zip(*self._told, strict=True)))

    def stop(self) -> None:
        self._over.set()
        self._thread.join()


def two_nodes(nodes: int = 2):
    """A cluster of so many nodes of one core on this machine."""
    import_ray()
    from ray.cluster_utils import Cluster

    cluster = Cluster(
        initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False}
    )
    for _ in range(nodes - 1):
        cluster.add_node(num_cpus=1)
    return cluster


def kill(photos: int, films: int, folder: Path) -> None:
    draw_archive(folder / "archive", photos, films)
    (folder / "archive" / "broken.jpg").write_text("no picture")
    cluster = two_nodes()
    victim = next(node for node in cluster.list_all_nodes() if not node.head)
    out = folder / "table"
    words = [sys.executable, "-m", "emotion_ai", "predict", str(folder / "archive"), "--on", "ray"]
    began = time.monotonic()
    process = subprocess.Popen([*words, "--address", cluster.address, "--out", str(out)])
    while process.poll() is None and len(list((out / "files").glob("*.parquet"))) < 1:
        time.sleep(0.5)  # a part is written: it is in the middle
    cluster.remove_node(victim, allow_graceful=False)
    print(f"after {time.monotonic() - began:.0f} s one of two nodes is killed", flush=True)
    assert process.wait() == 0
    print(f"finished after {time.monotonic() - began:.0f} s")
    cluster.shutdown()
    check(out, photos + films + 1)


def check(out: Path, files: int) -> None:
    """Every file once, no row twice, the broken file among the failures."""
    read, faces = pd.read_parquet(out / "files"), pd.read_parquet(out / "faces")
    failures = pd.read_parquet(out / "failures.parquet")
    assert len(read) == read["file"].nunique() == files, (len(read), files)
    assert not faces.duplicated(["file", "time_s", "face"]).any()
    assert len(faces) == read["faces"].sum()
    assert len(failures) == 1
    assert failures["file"][0].endswith("broken.jpg")
    print(f"{files:,} files, each once; {len(faces):,} faces, none twice; 1 failure")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--photos", type=int, default=400)
    parser.add_argument("--films", type=int, default=0)
    parser.add_argument("--size", default="480x320")
    parser.add_argument("--kill", action="store_true")
    parser.add_argument("--memory", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        if arguments.kill:
            kill(arguments.photos, arguments.films, folder)
        elif arguments.memory:
            memory(arguments.photos, folder)
        else:
            width, _, height = arguments.size.partition("x")
            speeds(arguments.photos, (int(width), int(height)), folder)


if __name__ == "__main__":
    main()
