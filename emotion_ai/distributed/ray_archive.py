"""The batches of an archive on a Ray cluster: Ray Data hands them to a pool of actors, one a core,
and brings their rows to the machine that asked, which alone writes.

Addresses travel, not photos: each worker reads what it is given, so all must reach the same files.
A batch whose machine was lost comes back with the next round.
"""

import logging
import socket
import time
import uuid
import warnings
from collections.abc import Iterator
from itertools import islice

import numpy as np

from emotion_ai.distributed.cluster import trouble_of
from emotion_ai.distributed.reader import Batch, Read, Reader, from_bytes, to_bytes
from emotion_ai.errors import ClusterError
from emotion_ai.settings import Settings, settings

#: Batches handed to Ray Data at a time; their addresses are in its memory.
_ROUND = 30_000
#: So many passes in which nothing is read end the work. A cluster that has just lost a machine
#: needs some seconds to notice.
_MOST_FAILED, _REST_S = 3, 5.0


class _Actor:
    """A warm reader in a process of the cluster. Its settings are those of its machine."""

    def __init__(self, expected: dict[str, str], run: str):
        self._reader = Reader(settings(), expected, run, socket.gethostname())

    def __call__(self, rows: dict[str, np.ndarray]) -> dict[str, list]:
        read = [self._reader.read(tuple(batch)) for batch in rows["batch"]]
        return {
            "number": rows["number"],
            "faces": [to_bytes(each.faces) for each in read],
            "files": [to_bytes(each.files) for each in read],
        }


def read_on_ray(
    batches: Iterator[Batch], settings: Settings, expected: dict[str, str], workers: int
) -> Iterator[Read]:
    """What comes of each batch, as it comes."""
    import ray

    run, failed = uuid.uuid4().hex, 0
    while round_ := list(islice(batches, _ROUND)):
        left = dict(enumerate(round_))
        while left:
            before, trouble = len(left), "it gave no rows"
            try:
                for number, read in _pass(left, expected, run, min(workers, len(left))):
                    if left.pop(number, None) is not None:
                        yield read
            except ray.exceptions.RayError as error:
                trouble = trouble_of(error)  # a machine is gone, say: the others go on
            failed = failed + 1 if len(left) == before else 0
            if failed == _MOST_FAILED:
                raise ClusterError(f"the cluster read nothing, {failed} times: {trouble}")
            if failed:
                time.sleep(_REST_S)


def _pass(
    left: dict[int, Batch], expected: dict[str, str], run: str, workers: int
) -> Iterator[tuple[int, Read]]:
    import ray

    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    # A batch that dies with its machine is not waited for: there may never be another place.
    context.max_errored_blocks = -1
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)
    rows = [{"number": number, "batch": list(batch)} for number, batch in left.items()]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of max_restarts: it has no other way in yet
        read = ray.data.from_items(rows, override_num_blocks=len(rows)).map_batches(
            _Actor,
            fn_constructor_args=(expected, run),
            batch_size=1,
            num_cpus=1,
            compute=ray.data.ActorPoolStrategy(min_size=1, max_size=workers),
            max_restarts=0,
            max_task_retries=0,
        )
        for row in read.iter_rows():
            yield int(row["number"]), Read(from_bytes(row["faces"]), from_bytes(row["files"]))
