"""The table of an archive: a folder of Parquet files that grows, whole at every moment.

``archive.json`` says what was asked for and what reads; ``faces/part-*.parquet`` hold a row a face;
``files/part-*.parquet`` a row a file, read or not; ``failures.parquet`` the latter.
A part of ``faces`` counts once the part of ``files`` of that number is there, which comes last.
"""

import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryFile
from typing import TypedDict

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from emotion_ai.distributed.identity import difference
from emotion_ai.distributed.reader import FILES, Batch, Read, batches
from emotion_ai.distributed.sources import key, list_files
from emotion_ai.errors import ArchiveError, RecordError
from emotion_ai.progress import Progress
from emotion_ai.storage.files import write_bytes, write_json
from emotion_ai.storage.records import read_record

ARCHIVE, FAILURES = "archive.json", "failures.parquet"
#: Of the table's columns; 2: ``named_as`` is among them.
FORMAT = 2
#: A part is written when it holds so much, or is so old: that much an interrupted run reads again.
PART_FILES, PART_FACES, PART_S = 5_000, 200_000, 30.0


class Asked(TypedDict):
    """``archive.json``."""

    format: int
    sources: list[str]
    reads_with: dict[str, str]


class ArchiveTable:
    """The table in ``folder``, to be added to by one process at a time: use it as a context."""

    def __init__(self, folder: Path, sources: Iterable[str], reads_with: dict[str, str]):
        self.folder = Path(folder)
        self._asked = Asked(format=FORMAT, sources=[*sources], reads_with=reads_with)
        self._lock = FileLock(self.folder / ".lock")
        self._faces: list[pa.Table] = []
        self._files: list[pa.Table] = []
        self._written = time.monotonic()

    def __enter__(self) -> "ArchiveTable":
        _check_folder(self.folder, self._asked)
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise ArchiveError(f"{self.folder}: another process is writing this table") from None
        for name in ("faces", "files"):
            (self.folder / name).mkdir(exist_ok=True)
        write_json(self.folder / ARCHIVE, self._asked)
        for part in (self.folder / "faces").glob("part-*.parquet"):
            if not (self.folder / "files" / part.name).exists():
                part.unlink()  # its run was killed between the two
        self._write_failures()
        return self

    def __exit__(self, *_) -> None:
        try:
            self.flush()
        finally:
            self._lock.release()

    def done(self) -> set[bytes]:
        """The keys of the files that need not be read again."""
        parts = sorted((self.folder / "files").glob("part-*.parquet"))
        return {
            key(address)
            for part in parts
            for address in pq.read_table(part, columns=["file"])["file"].to_pylist()
        }

    def forget_failures(self) -> None:
        """Let the files that could not be read be read again."""
        for part in (self.folder / "files").glob("part-*.parquet"):
            table = pq.read_table(part)
            write_table(part, table.filter(pc.is_null(table["error"])))
        self._write_failures()

    def add(self, read: Read) -> None:
        self._faces.append(read.faces)
        self._files.append(read.files)
        old = time.monotonic() - self._written > PART_S
        many = sum(map(len, self._files)) >= PART_FILES
        if old or many or sum(map(len, self._faces)) >= PART_FACES:
            self.flush()

    def flush(self) -> None:
        """Write what was added."""
        if self._files:
            taken = [int(part.stem[5:]) for part in (self.folder / "files").glob("part-*.parquet")]
            name = f"part-{max(taken, default=0) + 1:06d}.parquet"
            files = pa.concat_tables(self._files)
            write_table(self.folder / "faces" / name, pa.concat_tables(self._faces))
            write_table(self.folder / "files" / name, files)
            self._faces, self._files = [], []
            if files["error"].null_count < len(files):
                self._write_failures()
        self._written = time.monotonic()

    def _write_failures(self) -> None:
        columns = ["file", "error"]
        parts = sorted((self.folder / "files").glob("part-*.parquet"))
        failed = [FILES.empty_table().select(columns)]
        for part in parts:
            failed.append(
                pq.read_table(part, columns=columns, filters=~pc.field("error").is_null())
            )
        write_table(self.folder / FAILURES, pa.concat_tables(failed))


def _check_folder(folder: Path, asked: Asked) -> None:
    """ArchiveError unless ``folder`` is new, empty, or holds the table of the same question."""
    if folder.exists() and not folder.is_dir():
        raise ArchiveError(f"{folder}: expected a folder for the table, got a file")
    if not folder.exists() or not [path for path in folder.iterdir() if path.name != ".lock"]:
        return
    earlier = read_asked(folder)
    other = f"{folder} holds the table of another job"
    if earlier["sources"] != asked["sources"]:
        came, now = (" ".join(each["sources"])[:100] for each in (earlier, asked))
        raise ArchiveError(f"{other}, of {came}: expected {now}; choose another folder")
    if earlier["format"] != FORMAT:
        raise ArchiveError(
            f"{other}, in form {earlier['format']}: expected {FORMAT}, of this version; "
            "choose another folder"
        )
    if differing := difference(earlier["reads_with"], asked["reads_with"]):
        raise ArchiveError(f"{other}: {differing}; choose another folder")


def read_asked(folder: Path) -> Asked:
    """What a table is of; ArchiveError where there is none."""
    try:
        return read_record(folder / ARCHIVE, Asked)
    except FileNotFoundError:
        raise ArchiveError(f"{folder}: expected an archive's table, found no {ARCHIVE}") from None
    except RecordError as error:
        raise ArchiveError(f"{folder} is damaged: {error}") from None


def write_table(path: Path, table: pa.Table) -> None:
    """Replace a Parquet file, whole or not at all."""
    data = BytesIO()
    pq.write_table(table, data, compression="zstd")
    write_bytes(path, data.getvalue())


@dataclass
class Outcome:
    """What a run did: files ``read``, of them ``failed``, ``faces`` found; ``before``: files that
    were there already."""

    before: int = 0
    read: int = 0
    failed: int = 0
    faces: int = 0
    began: float = field(default_factory=time.monotonic)

    @property
    def files_per_s(self) -> float:
        return self.read / max(time.monotonic() - self.began, 1e-9)


#: Reads batches, in any order, each once.
Engine = Callable[[Iterator[Batch]], Iterator[Read]]


def read_archive(
    sources: list[str],
    folder: Path,
    reads_with: dict[str, str],
    engine: Engine,
    progress: Progress = lambda done, total, unit: None,
    retry_failures: bool = False,
) -> Outcome:
    """Read what ``folder`` lacks of ``sources`` and add it; interrupted, go on the next time.

    Addresses are kept in a file and a few bytes each, and results only until they are written:
    memory hardly grows with the archive.
    """
    with TemporaryFile("w+", encoding="utf-8", errors="surrogateescape") as listing:
        listed = _list(sources, listing)  # before anything is written: a source may be wrong
        with ArchiveTable(folder, sources, reads_with) as table:
            if retry_failures:
                table.forget_failures()
            done = table.done()
            outcome = Outcome(before=sum(key(address) in done for address in _lines(listing)))
            left = (address for address in _lines(listing) if key(address) not in done)
            for read in engine(batches(left)):
                table.add(read)
                outcome.read += len(read.files)
                outcome.failed += len(read.files) - read.files["error"].null_count
                outcome.faces += len(read.faces)
                progress(outcome.before + outcome.read, listed, _pace(outcome, listed))
    return outcome


def _list(sources: list[str], listing) -> int:
    """Write the addresses to a file, each once: how many there are."""
    seen: set[bytes] = set()
    for address in list_files(sources):
        if (digest := key(address)) not in seen:
            seen.add(digest)
            listing.write(json.dumps(address) + "\n")
    return len(seen)


def _lines(listing) -> Iterator[str]:
    listing.seek(0)
    for line in listing:
        yield json.loads(line)


def _pace(outcome: Outcome, listed: int) -> str:
    """Files a second, and the time that is left."""
    pace = outcome.files_per_s
    left_s = (listed - outcome.before - outcome.read) / pace
    left = f"{left_s / 60:.0f} min" if left_s >= 90 else f"{left_s:.0f} s"
    return f"files, {pace:.1f}/s, {left} left"
