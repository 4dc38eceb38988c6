"""A folder and a zip seen alike, and neither trusted.

Nothing is ever extracted: members are read into memory below a limit. A zip is refused as a whole
when its names leave it or its contents are out of proportion.
"""

import io
import os
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from emotion_ai.errors import DatasetError, in_a_line

MAX_MEMBERS = 500_000
MAX_TOTAL_BYTES = 4 << 30
#: Digits compress about 4 times and JPEG not at all; a bomb reaches 1000.
MAX_RATIO = 100
#: Below this a ratio says nothing: a black PNG compresses a hundred times too.
RATIO_FREE_BYTES = 100 << 20
#: One image or one .pts file.
MAX_FILE_BYTES = 64 << 20

_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError)


class Folder:
    """Files below a folder, by their path relative to it."""

    def __init__(self, path: Path):
        self.path = path
        self.names = []
        for name in _files_below(path):
            self.names.append(name)
            if len(self.names) > MAX_MEMBERS:
                raise DatasetError(
                    f"{path.name}: over {MAX_MEMBERS:,} files, too many for one dataset"
                )
        self.names.sort()

    def open(self, name: str) -> BinaryIO:
        return (self.path / name).open("rb")

    def size(self, name: str) -> int:
        return (self.path / name).stat().st_size

    def close(self) -> None:
        pass


class Files(Folder):
    """Some files of a folder alone."""

    def __init__(self, path: Path, names: list[str]):
        self.path, self.names = path, sorted(names)


class Zip:
    """Members of a zip; DatasetError when it is damaged, hostile or encrypted."""

    def __init__(self, file: Path | BinaryIO, name: str, size: int):
        try:
            self._zip = zipfile.ZipFile(file)
        except (*_DAMAGE, ValueError):
            raise DatasetError(f"{name}: the zip is truncated or damaged") from None
        try:
            _check_members(name, size, self._zip.infolist())
        except DatasetError:
            self._zip.close()
            raise
        self.names = sorted(
            info.filename
            for info in self._zip.infolist()
            if not info.is_dir() and not _is_hidden(info.filename)
        )

    def open(self, name: str) -> BinaryIO:
        # ZipExtFile stops at the declared size, so a lying header cannot make it read on;
        # its own readline is slow for long lines, the buffer's is not.
        return io.BufferedReader(self._zip.open(name), 1 << 20)

    def size(self, name: str) -> int:
        return self._zip.getinfo(name).file_size

    def close(self) -> None:
        self._zip.close()


Tree = Folder | Zip


@contextmanager
def open_tree(path: Path) -> Iterator[Tree]:
    """The folder or zip at ``path``; DatasetError when a zip cannot be trusted."""
    tree = Folder(path) if path.is_dir() else Zip(path, path.name, path.stat().st_size)
    try:
        yield tree
    finally:
        tree.close()


@contextmanager
def damage_named(name: str) -> Iterator[None]:
    """Turn what a damaged file raises while it is read into a DatasetError that names it."""
    try:
        yield
    except _DAMAGE as error:
        raise DatasetError(f"{name}: cannot be read ({in_a_line(error)})") from None


def read_file(tree: Tree, name: str, limit: int = MAX_FILE_BYTES) -> bytes:
    """The bytes of one file; DatasetError when it is damaged or larger than ``limit``."""
    with damage_named(name), tree.open(name) as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise DatasetError(f"{name}: larger than {limit >> 20} MB")
    return content


_HIDDEN = (".", "__MACOSX")


def _is_hidden(name: str) -> bool:
    return any(part.startswith(_HIDDEN) for part in name.split("/"))


def _files_below(folder: Path) -> Iterator[str]:
    """The path of each file that is not hidden, relative to ``folder``. Links to folders are not
    followed, they may lead round; a folder that may not be read is passed over."""
    inside = [""]
    while inside:
        above = inside.pop()
        try:
            entries = os.scandir(folder / above)
        except PermissionError:
            continue
        with entries:
            for entry in entries:
                if entry.name.startswith(_HIDDEN):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    inside.append(f"{above}{entry.name}/")
                elif entry.is_file():
                    yield above + entry.name


def _check_members(zip_name: str, size: int, members: list[zipfile.ZipInfo]) -> None:
    if len(members) > MAX_MEMBERS:
        raise DatasetError(
            f"{zip_name}: {len(members):,} files in the zip, at most {MAX_MEMBERS:,} are accepted"
        )
    for member in members:
        name = member.filename
        if not name:
            raise DatasetError(f"{zip_name}: a member of the zip has no name")
        if re.search(r"[\x00-\x1f\x7f]", name):
            raise DatasetError(f"{zip_name}: member {name[:80]!r} has control characters")
        if (
            name.startswith("/")
            or "\\" in name
            or re.match(r"[A-Za-z]:", name)
            or ".." in PurePosixPath(name).parts
        ):
            raise DatasetError(f"{zip_name}: member {name[:80]!r} points outside the zip")
        if member.flag_bits & 1:
            raise DatasetError(f"{zip_name}: member {name[:80]!r} is encrypted")
    total = sum(member.file_size for member in members)
    if total > MAX_TOTAL_BYTES or total > max(RATIO_FREE_BYTES, MAX_RATIO * size):
        raise DatasetError(
            f"{zip_name}: unpacks to {total / 1e6:,.0f} MB from {size / 1e6:,.1f} "
            "MB, out of proportion for images (a zip bomb?)"
        )
