"""Reads a handful of an archive's files in one process: a warm predictor, rows out.

The same on one machine and on a cluster. What is wrong with a file becomes its row's ``error``; a
file that takes its process down twice is given up by the third.
"""

import hashlib
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import cv2
import pandas as pd
import pyarrow as pa

from emotion_ai.distributed.identity import check_worker, package, reads_with
from emotion_ai.distributed.sources import (
    as_local_file,
    is_film_address,
    key,
    read_bytes,
)
from emotion_ai.errors import ArchiveError, ImageError, VideoError
from emotion_ai.media.images import decode_image
from emotion_ai.reading.films import read_faces_of_video
from emotion_ai.reading.predictor import load_predictor
from emotion_ai.reading.table import columns_of, readings_table
from emotion_ai.settings import Settings
from emotion_ai.storage.files import printable

#: Photos that a process is given at a time; films are given one by one.
PHOTOS_AT_A_TIME = 32
#: Photos fetched while one is read: a store far away answers slowly.
_AHEAD = 4
#: So often a file may take its process down.
_DEATHS = 2

_TEXT = {"file", "expression", "named_as"}
_WHOLE = {"face": pa.int32(), "track": pa.int64()}
#: One row a file; ``error`` says why one could not be read.
FILES = pa.schema(
    [
        *(("file", pa.string()), ("sha256", pa.string()), ("bytes", pa.int64())),
        *(("kind", pa.string()), ("width", pa.int32()), ("height", pa.int32())),
        *(("duration_s", pa.float64()), ("frames", pa.int32()), ("faces", pa.int32())),
        ("error", pa.string()),
    ]
)


def faces_schema(classes: Iterable[str] = ()) -> pa.Schema:
    """The columns of ``predict --csv`` with models that name ``classes``, and the SHA-256 of the
    file each face is from."""
    columns = columns_of(f"p_{name}" for name in classes)
    types = [pa.string() if c in _TEXT else _WHOLE.get(c, pa.float64()) for c in columns]
    return pa.schema([*zip(columns, types, strict=True), ("sha256", pa.string())])


#: Addresses that are read together.
Batch = tuple[str, ...]


@dataclass(frozen=True)
class Read:
    """What came of a batch: ``faces`` (``faces_schema``), ``files`` (``FILES``)."""

    faces: pa.Table
    files: pa.Table


def batches(addresses: Iterable[str]) -> Iterator[Batch]:
    """Photos in handfuls, each film by itself."""
    photos: list[str] = []
    for address in addresses:
        if is_film_address(address):
            yield (address,)
            continue
        photos.append(address)
        if len(photos) == PHOTOS_AT_A_TIME:
            yield tuple(photos)
            photos = []
    if photos:
        yield tuple(photos)


class Reader:
    """One to a process. ``expected`` is what ``identity`` says of the machine that asks: a
    ClusterError where this one differs. ``run`` names the run whose dead processes are counted."""

    def __init__(self, settings: Settings, expected: dict[str, str], run: str, machine: str = ""):
        cv2.setNumThreads(1)
        self._predictor = load_predictor(replace(settings, threads=1))
        check_worker(expected, package() | reads_with(self._predictor), machine)
        model = self._predictor.models.get("expression")
        self._schema = faces_schema(model.labels.expressions if model else ())
        self._deaths = Path(tempfile.gettempdir()) / f"emotion-ai-{run}"
        self._deaths.mkdir(mode=0o700, exist_ok=True)
        self._fetching = ThreadPoolExecutor(_AHEAD, "fetching")
        self._predictor.warm_up()

    def read(self, batch: Batch) -> Read:
        faces, files = [], []
        fetched = self._fetched([address for address in batch if not is_film_address(address)])
        for address in batch:
            film = is_film_address(address)
            about = {"file": printable(address), "kind": "film" if film else "photo"}
            content = None if film else next(fetched)
            try:
                with self._surviving(address):
                    found, table = self._film(address) if film else self._photo(address, content)
            except (ArchiveError, ImageError, VideoError) as error:
                about["error"] = printable(str(error))
            else:
                about |= found | {"faces": len(table)}
                # Classes beyond FER2013's have columns only where a face has them.
                table = table.assign(sha256=found["sha256"]).reindex(columns=self._schema.names)
                faces.append(pa.Table.from_pandas(table, self._schema, preserve_index=False))
            files.append(about)
        return Read(pa.concat_tables([self._schema.empty_table(), *faces]),
                    pa.Table.from_pylist(files, schema=FILES))  # fmt: skip

    def _fetched(self, addresses: list[str]) -> Iterator[Future]:
        """The contents of photos, in order, a few of them ahead."""
        rest, ahead = iter(addresses), deque()
        while True:
            for address in islice(rest, _AHEAD - len(ahead)):
                ahead.append(self._fetching.submit(read_bytes, address))
            if not ahead:
                return
            yield ahead.popleft()

    @contextmanager
    def _surviving(self, address: str) -> Iterator[None]:
        """Notes that a file is being read, for the process that comes after this one's death."""
        note = self._deaths / key(address).hex()
        deaths = len(note.read_bytes()) if note.exists() else 0
        if deaths >= _DEATHS:
            raise ArchiveError(f"{address}: the process that read it ended without a word, twice")
        with note.open("ab") as file:
            file.write(b".")
        try:
            yield
        finally:
            note.unlink(missing_ok=True)

    def _photo(self, address: str, content: Future) -> tuple[dict, pd.DataFrame]:
        data = content.result()
        frame = decode_image(data, address)
        height, width = frame.shape[:2]
        found = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
        readings = self._predictor.read(frame)
        table = readings_table(photos=[(printable(address), readings)])
        return found | {"width": width, "height": height}, table

    def _film(self, address: str) -> tuple[dict, pd.DataFrame]:
        with as_local_file(address) as path:
            try:
                with path.open("rb") as file:
                    digest = hashlib.file_digest(file, "sha256").hexdigest()
            except OSError as error:
                raise ArchiveError(f"{address}: {error.strerror or error}") from None
            film = read_faces_of_video(path, self._predictor, name=printable(address))
            width, height = film.size_wh
            found = {"sha256": digest, "bytes": path.stat().st_size, "width": width}
            found |= {"height": height, "duration_s": film.duration_s, "frames": film.frames}
            return found, film.timeline


def to_bytes(table: pa.Table) -> bytes:
    """A table as it travels between processes."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def from_bytes(data: bytes) -> pa.Table:
    return pa.ipc.open_stream(data).read_all()
