"""The files of an archive: photos and films in folders, globs and object stores, and their bytes.

What has no ``scheme://`` is a path. Everything else goes through fsspec, which knows ``s3://``, ``gs://``
and so on where their packages are installed.
"""

import glob
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from emotion_ai.errors import ArchiveError
from emotion_ai.media import images, videos
from emotion_ai.media.files import is_film
from emotion_ai.storage.files import printable


def list_files(sources: Iterable[str]) -> Iterator[str]:
    """The addresses of all photos and films that ``sources`` mean; folders with what is below them.

    A source that is a file is taken whatever its name. ArchiveError for one that means nothing.
    """
    for source in sources:
        empty = True
        for address in _remote(source) if "://" in source else _local(source):
            empty = False
            yield address
        if empty:
            raise ArchiveError(f"{source}: expected photos or films, found none")


def _local(source: str) -> Iterator[str]:
    path = os.path.abspath(source)
    if os.path.isdir(path):
        yield from _below(path)
    elif os.path.exists(path):
        yield path
    else:
        for found in glob.iglob(path, recursive=True):
            if os.path.isdir(found):
                yield from _below(found)
            elif _is_meant(found):
                yield found


def _below(folder: str) -> Iterator[str]:
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (os.path.join(place, name) for name in sorted(files) if _is_meant(name))


def _remote(source: str) -> Iterator[str]:
    with _told(source):
        files = _filesystem(source)
        if glob.has_magic(source):
            found = files.glob(source)
        elif files.isdir(source):
            found = files.find(source)
        else:
            found = [source] if files.exists(source) else []
        alone = len(found) == 1 and found[0] == source
        for path in found:
            if alone or _is_meant(path):
                yield files.unstrip_protocol(path)


def _is_meant(name: str) -> bool:
    own = os.path.basename(name)
    extension = own.rpartition(".")[2].lower()
    return not own.startswith(".") and extension in (*images.EXTENSIONS, *videos.EXTENSIONS)


def key(address: str) -> bytes:
    """Stands for an address, as it is or ``printable``, where a million are kept in mind."""
    return hashlib.blake2b(printable(address).encode(), digest_size=16).digest()


def is_film_address(address: str) -> bool:
    return is_film(Path(address))


def read_bytes(address: str) -> bytes:
    """The content of a file; ArchiveError when it cannot be read."""
    with _told(address):
        if "://" not in address:
            return Path(address).read_bytes()
        with _filesystem(address).open(address, "rb") as file:
            return file.read()


@contextmanager
def as_local_file(address: str) -> Iterator[Path]:
    """A file of this machine with the content of ``address``, for the time of the context."""
    if "://" not in address:
        with _told(address):
            yield Path(address)
        return
    with tempfile.NamedTemporaryFile(suffix=Path(address).suffix) as copy:
        with _told(address), _filesystem(address).open(address, "rb") as file:
            shutil.copyfileobj(file, copy)
            copy.flush()
        yield Path(copy.name)


def _filesystem(address: str):
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise ArchiveError(f"{address}: needs fsspec: pip install fsspec") from None
    return url_to_fs(address)[0]


@contextmanager
def _told(address: str) -> Iterator[None]:
    """What goes wrong with a file or a store becomes one line that names it."""
    try:
        yield
    except (ImportError, OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or " ".join(str(error).split()) or "cannot be read"
        raise ArchiveError(f"{address}: {why}") from None
