"""The batches of an archive on this machine: as many processes as there are cores, each with a
predictor of one thread. A process that dies takes nothing with it: its batches are read again.
"""

import multiprocessing
import os
import shutil
import signal
import tempfile
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from emotion_ai.distributed.reader import Batch, Read, Reader
from emotion_ai.errors import ArchiveError
from emotion_ai.settings import Settings

#: Batches given to a process: it has the next one while the last one's rows are written.
_GIVEN = 2
#: So many processes that die one after the other, and nothing read: it is not the files.
_MOST_DEATHS = 100

_begun: tuple[Settings, dict[str, str], str]
_reader: Reader | None = None


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def read_in_processes(
    batches: Iterator[Batch], settings: Settings, expected: dict[str, str], workers: int
) -> Iterator[Read]:
    """What comes of each batch, as it comes. ``expected``: see ``Reader``."""
    run, deaths = uuid.uuid4().hex, 0
    pools = [_process(settings, expected, run) for _ in range(workers)]
    given: dict[Future, tuple[ProcessPoolExecutor, Batch]] = {}
    again: list[Batch] = []
    try:
        while True:
            for pool in pools:
                while sum(own is pool for own, _ in given.values()) < _GIVEN:
                    if (batch := again.pop() if again else next(batches, None)) is None:
                        break
                    given[_submit(pool, batch)] = pool, batch
            if not given:
                return
            for future in wait(given, return_when=FIRST_COMPLETED).done:
                pool, batch = given.pop(future)
                try:
                    yield future.result()
                    deaths = 0
                except BrokenProcessPool:
                    again.append(batch)
                    if pool in pools:  # the first of its batches to tell
                        pools[pools.index(pool)] = _process(settings, expected, run)
                        deaths += 1
                if deaths > _MOST_DEATHS:
                    raise ArchiveError(f"{deaths} processes ended before they had read anything")
    finally:
        for pool in pools:
            pool.shutdown(wait=False, cancel_futures=True)
        for process in multiprocessing.active_children():
            process.terminate()  # at its end it has nothing to do; a film under way is read again
        shutil.rmtree(Path(tempfile.gettempdir()) / f"emotion-ai-{run}", ignore_errors=True)


def _process(settings: Settings, expected: dict[str, str], run: str) -> ProcessPoolExecutor:
    """A pool of one, so that a process that dies breaks no other's."""
    fresh = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(1, fresh, _begin, (settings, expected, run))


def _submit(pool: ProcessPoolExecutor, batch: Batch) -> Future:
    try:
        return pool.submit(_read, batch)
    except BrokenProcessPool as error:  # just now
        told = Future()
        told.set_exception(error)
        return told


def _begin(*begun) -> None:
    """First thing in a process. Ctrl-C is its parent's, and it ends with it."""
    global _begun
    _begun = begun
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    multiprocessing.parent_process().join()
    os._exit(1)


def _read(batch: Batch) -> Read:
    global _reader
    if _reader is None:  # here, so that an error is told
        _reader = Reader(*_begun, "here")
    return _reader.read(batch)
