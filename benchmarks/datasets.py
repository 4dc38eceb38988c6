"""Import and open a table of FER2013's size: rows/s, seconds, peak memory, milliseconds to open;
the longest time without a word of progress, and what an import that is cancelled half-way leaves.

Run with ``python benchmarks/datasets.py``, and ``--pictures 100000`` for a folder of PNG files. The
data is drawn from a seed: none is needed. The load of the machine stands beside the figures.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
FER2013_ROWS = 35_887
BOUNDS = {"seconds": 15, "peak_mb": 700, "open_ms": 50, "silent_s": 5, "stop_s": 5, "left": 0}
#: Of ``--pictures 100000``.
PICTURE_BOUNDS = BOUNDS | {"seconds": 180}


def write_table(path: Path, rows: int, seed: int = 0) -> None:
    """A CSV in FER2013's layout with noise for faces: about 8 kB a row."""
    rng = np.random.default_rng(seed)
    words = np.array([str(value) for value in range(256)], dtype=object)
    usage = ("Training",) * 8 + ("PublicTest", "PrivateTest")
    with path.open("w") as file:
        file.write("emotion,pixels,Usage\n")
        for i in range(rows):
            pixels = " ".join(words[rng.integers(0, 256, 48 * 48, dtype=np.uint8)])
            file.write(f"{i % 7},{pixels},{usage[i % 10]}\n")


def write_pictures(folder: Path, pictures: int, seed: int = 0) -> None:
    """PNG files of 48 × 48 in eleven class folders."""
    import cv2

    rng = np.random.default_rng(seed)
    for kind in range(11):
        (folder / f"class {kind}").mkdir(parents=True)
    for i in range(pictures):
        face = rng.integers(0, 256, (48, 48), dtype=np.uint8)
        (folder / f"class {i % 11}" / f"{i}.png").write_bytes(cv2.imencode(".png", face)[1])


def measure_import(path: Path, data_dir: Path) -> None:
    """Runs in its own process, whose peak memory is then the import's."""
    import resource

    from emotion_ai.datasets import import_dataset

    told = [time.perf_counter()]
    report = import_dataset(
        path, data_dir, name="benchmark", progress=lambda *step: told.append(time.perf_counter())
    )
    told.append(time.perf_counter())
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    measured = {"n": len(report.dataset), "seconds": told[-1] - told[0], "peak_mb": peak_mb,
                "silent_s": float(np.diff(told).max()), "cpu_s": time.process_time()}  # fmt: skip
    print(json.dumps(measured))


def measure_cancel(path: Path, data_dir: Path) -> dict:
    """Seconds from Ctrl-C, half-way, to the end of the process, and the files that it left."""
    command = [sys.executable, __file__, "--import-only", path, data_dir]
    importing = subprocess.Popen(
        [*command, "--told"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    for line in importing.stdout:  # one for each word of progress
        done, total = map(int, line.split())
        if done >= total / 2:
            break
    importing.send_signal(signal.SIGINT)
    start = time.perf_counter()
    importing.communicate()
    stop_s = time.perf_counter() - start
    return {"stop_s": stop_s, "left": sum(item.is_file() for item in data_dir.rglob("*"))}


def import_aloud(path: Path, data_dir: Path) -> None:
    from emotion_ai.datasets import import_dataset

    def told(done: int, total: int, unit: str) -> None:
        print(done, total, flush=True)

    import_dataset(path, data_dir, name="benchmark", progress=told)


def measure_open(data_dir: Path) -> float:
    """Milliseconds to open and to look at one image, the median of twenty."""
    from emotion_ai.datasets import open_dataset

    times_ms = []
    for _ in range(20):
        start = time.perf_counter()
        dataset = open_dataset(data_dir / "benchmark")
        dataset.images[len(dataset) // 2].mean()
        times_ms.append(1000 * (time.perf_counter() - start))
    return float(np.median(times_ms))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=FER2013_ROWS)
    parser.add_argument("--pictures", type=int, help="so many files in place of the table")
    parser.add_argument("--import-only", nargs=2, type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--told", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.import_only:
        (import_aloud if arguments.told else measure_import)(*arguments.import_only)
        return
    with tempfile.TemporaryDirectory() as temporary:
        table, data_dir = Path(temporary) / "fer.csv", Path(temporary) / "data"
        bounds, what = BOUNDS, "FER2013 table"
        if arguments.pictures:
            bounds, what = PICTURE_BOUNDS, "pictures in class folders"
            write_pictures(table, arguments.pictures)
        else:
            write_table(table, arguments.rows)
        command = [sys.executable, __file__, "--import-only", table, data_dir]
        measured = json.loads(subprocess.check_output(command, text=True))
        measured["open_ms"] = measure_open(data_dir)
        measured |= measure_cancel(table, Path(temporary) / "cancelled")
        load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
        print(f"{what}, {measured['n']:,} (load over 1, 5, 15 minutes: {load})")
        print(f"{'rows/s':<10}{measured['n'] / measured['seconds']:>10,.0f}")
        print(f"{'cpu_s':<10}{measured['cpu_s']:>10.1f}   (of one core, which others slow not)")
        for name, bound in bounds.items():
            print(f"{name:<10}{measured[name]:>10.1f}   (bound {bound})")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
