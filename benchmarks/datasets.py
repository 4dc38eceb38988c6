"""Import and open a table of FER2013's size: rows/s, seconds, peak memory, milliseconds to open.

Run with ``python benchmarks/datasets.py``. The table is drawn from a seed: no data is needed.
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
    parser.add_argument("--import-only", nargs=2, type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.import_only:
        measure_import(*arguments.import_only)
        return
    with tempfile.TemporaryDirectory() as temporary:
        table, data_dir = Path(temporary) / "fer.csv", Path(temporary) / "data"
        write_table(table, arguments.rows)
        command = [sys.executable, __file__, "--import-only", table, data_dir]
        measured = json.loads(subprocess.check_output(command, text=True))
        measured["open_ms"] = measure_open(data_dir)
        print(f"FER2013 table, {measured['n']:,} rows, {table.stat().st_size / 1e6:.0f} MB")
        print(f"{'rows/s':<10}{measured['n'] / measured['seconds']:>10,.0f}")
        for name, bound in BOUNDS.items():
            print(f"{name:<10}{measured[name]:>10.1f}   (bound {bound})")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
