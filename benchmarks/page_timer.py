"""Times script runs of a page in this process; the benchmarks of single pages share it."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).resolve().parent.parent


class PageTimer:
    """The app, and whether every step so far kept its bound."""

    def __init__(self):
        self.app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=120).run()
        self.all_within = True

    def step(
        self, what: str, bound_ms: int, change: Callable = lambda: None, repeats: int = 1
    ) -> None:
        """Print the median of ``repeats`` runs, each after ``change``: by the clock, which
        ``bound_ms`` is for, and the processor's work, which others on the machine leave alone."""
        times_ms = []
        for _ in range(repeats):
            change()
            clocks = time.perf_counter(), time.process_time()
            self.app.run()
            now = time.perf_counter(), time.process_time()
            times_ms.append([1000 * (b - a) for a, b in zip(clocks, now, strict=True)])
            assert not self.app.exception, self.app.exception[0].message
        wall_ms, cpu_ms = np.median(times_ms, axis=0)
        self.all_within &= bool(wall_ms < bound_ms)
        print(f"  {what:<28}{wall_ms:>8.0f} ms{cpu_ms:>8.0f} ms of work   (bound {bound_ms})")
