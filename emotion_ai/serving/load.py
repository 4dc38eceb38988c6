"""Latency under a small load: so many askers at once, percentiles of what each of them waited."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from emotion_ai.errors import ServingError
from emotion_ai.progress import Progress

PERCENTILES = (50, 90, 95, 99)


@dataclass(frozen=True)
class Load:
    """``latencies_ms``: float64, of the calls that were answered, in the order of their ends;
    ``failures``: reasons of the others with how often; ``seconds`` from the first to the last."""

    latencies_ms: np.ndarray
    failures: dict[str, int]
    seconds: float

    @property
    def percentiles_ms(self) -> dict[int, float]:
        """Empty when nothing was answered."""
        if not len(self.latencies_ms):
            return {}
        values = np.percentile(self.latencies_ms, PERCENTILES)
        return dict(zip(PERCENTILES, values.tolist(), strict=True))

    @property
    def per_second(self) -> float:
        return len(self.latencies_ms) / self.seconds if self.seconds else 0.0


def measure(
    call: Callable[[], object],
    calls: int,
    at_once: int = 1,
    progress: Progress | None = None,
) -> Load:
    """``calls`` calls by ``at_once`` threads, each asking again as soon as it has its answer.

    An exception in ``progress`` ends the measurement at once; nothing goes on in the background.
    """
    latencies, failures, lock, over = [], {}, threading.Lock(), threading.Event()
    left = iter(range(calls))

    def ask_on() -> None:
        while not over.is_set():
            with lock:
                if next(left, None) is None:
                    return
            started, failed = time.perf_counter(), None
            try:
                call()
            except ServingError as error:
                failed = str(error)
            ms = (time.perf_counter() - started) * 1e3
            with lock:
                if failed is None:
                    latencies.append(ms)
                else:
                    failures[failed] = failures.get(failed, 0) + 1

    started = time.perf_counter()
    with ThreadPoolExecutor(at_once) as pool:
        threads = [pool.submit(ask_on) for _ in range(at_once)]
        try:
            while not all(thread.done() for thread in threads):
                if progress:
                    progress(len(latencies) + sum(failures.values()), calls, "requests")
                time.sleep(0.05)
        finally:
            over.set()
    for thread in threads:
        thread.result()
    return Load(np.array(latencies), failures, time.perf_counter() - started)
