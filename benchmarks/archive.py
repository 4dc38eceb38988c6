"""Photos a second of an archive: one process, processes of one machine, Ray; and a node that dies.

    python benchmarks/archive.py [--photos 400] [--size 480x320]     a table of speeds
    python benchmarks/archive.py --kill [--photos 2000 --films 20]   two nodes, one killed midway
    python benchmarks/archive.py --memory [--photos 100000]          the memory of all processes

The cluster is two nodes on this machine, each with one core (``ray.cluster_utils``).
"""

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pandas as pd
import psutil

from benchmarks.archive_scenes import draw_archive
from emotion_ai.distributed.cluster import import_ray

_BESIDE_S = {"1 machine": 1, "10 machines": 10, "100 machines": 100}
#: Cores of the machines for which a million photos are reckoned.
_CORES = 16


def predict(sources: Path, out: Path, *options: str) -> tuple[float, float, int]:
    """Seconds, of them those before the first row is asked for, and the most memory in bytes."""
    words = [sys.executable, "-m", "emotion_ai", "predict", str(sources), "--out", str(out)]
    began = time.monotonic()
    process = subprocess.Popen([*words, *options])
    peak = Peak(process.pid)
    if process.wait():
        raise SystemExit(f"failed: {' '.join(options)}")
    return time.monotonic() - began, files_per_s(out), peak.stop()


def files_per_s(out: Path) -> int:
    return len(pd.read_parquet(out / "files"))


class Peak:
    """The most memory (unique set size) of a process and all below it, looked at every second."""

    def __init__(self, pid: int):
        self._process, self.bytes, self._over = psutil.Process(pid), 0, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._over.wait(1):
            try:
                family = [self._process, *self._process.children(recursive=True)]
            except psutil.Error:
                return
            total = 0
            for each in family:
                try:
                    total += each.memory_full_info().uss
                except psutil.Error:
                    continue
            self.bytes = max(self.bytes, total)

    def stop(self) -> int:
        self._over.set()
        self._thread.join()
        return self.bytes


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
            return


if __name__ == "__main__":
    main()
