"""Import and open a table of FER2013's size: rows/s, seconds, peak memory, milliseconds to open.

Run with ``python benchmarks/datasets.py``, and ``--pictures 100000`` for a folder of PNG files. The
data is drawn from a seed: none is needed.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
FER2013_ROWS = 35_887
BOUNDS = {"seconds": 15, "peak_mb": 700, "open_ms": 50}
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

    start = time.perf_counter()
    report = import_dataset(path, data_dir, name="benchmark")
    seconds = time.perf_counter() - start
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"n": len(report.dataset), "seconds": seconds, "peak_mb": peak_mb}))


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
    arguments = parser.parse_args()
    if arguments.import_only:
        measure_import(*arguments.import_only)
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
        print(f"{what}, {measured['n']:,}")
        print(f"{'rows/s':<10}{measured['n'] / measured['seconds']:>10,.0f}")
        for name, bound in bounds.items():
            print(f"{name:<10}{measured[name]:>10.1f}   (bound {bound})")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
