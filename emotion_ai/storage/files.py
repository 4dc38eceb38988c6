"""Files and folders that appear whole or not at all."""

import ctypes
import errno
import json
import os
import re
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

#: Of an OSError: no room is left, or none for this user.
FULL_DISK = (errno.ENOSPC, errno.EDQUOT)


def write_bytes(path: Path, data: bytes) -> None:
    """Replace ``path`` by ``data``; an OSError names ``path``. A pipe or a device is written to."""
    if path.exists() and not path.is_file():
        path.write_bytes(data)
        return
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        temporary.write_bytes(data)
        os.replace(temporary, path)
    except OSError as error:
        if error.errno is not None:
            error.filename, error.filename2 = str(path), None
        raise
    finally:
        temporary.unlink(missing_ok=True)  # half of it, where the disk is full


def write_json(path: Path, record: dict, reserved_bytes: int = 0) -> None:
    """Replace ``path`` by ``record``, indented.

    A file with ``reserved_bytes`` is at least that long. So a later record finds room in it where
    the disk is full: there it is written over the earlier one, in one step but not a safe one.
    """
    data = (json.dumps(record, indent=1) + "\n").encode().ljust(reserved_bytes)
    try:
        write_bytes(path, data)
    except OSError as error:
        if not reserved_bytes or error.errno not in FULL_DISK or _size(path) < len(data):
            raise
        with path.open("r+b", buffering=0) as file:
            file.write(data.ljust(_size(path)))


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def printable(name: str) -> str:
    """A file's name or address as text: bytes of it that are no UTF-8 are written out."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def may_name_a_folder(name: str) -> bool:
    """1 to 64 letters, digits, ``_``, ``-`` and ``.``, the first a letter or a digit."""
    return bool(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", name))


#: ``.<name>.staged-<pid>-<start>-<where>-<random>``: whose folder it is, for ``left_behind``.
_STAGED = re.compile(r"\.(?P<name>.+)\.staged-(?P<pid>\d+)-(?P<start>\d+)-(?P<where>.+)-\w{8}")
#: Processes elsewhere cannot be asked: their folders count as left when so long untouched.
_FORGOTTEN_S = 3600


def sibling_folder(folder: Path) -> Path:
    """A new hidden folder beside ``folder``, to be filled and handed to ``replace_folder``.

    What processes that are no more left beside it (``left_behind``) is removed first.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    for path in left_behind(folder.parent):
        shutil.rmtree(path, ignore_errors=True)
    start = int(psutil.Process().create_time())
    prefix = f".{folder.name}.staged-{os.getpid()}-{start}-{_where()}-"
    return Path(tempfile.mkdtemp(prefix=prefix, dir=folder.parent))


@contextmanager
def staging_folder(folder: Path) -> Iterator[Path]:
    """``sibling_folder`` for the time of the context."""
    staged = sibling_folder(folder)
    try:
        yield staged
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def staged_folders(parent: Path) -> dict[Path, str]:
    """The folders in ``parent`` that ``sibling_folder`` made and that are still there, in use or
    not, and the name each was meant for."""
    try:
        named = [(path, _STAGED.fullmatch(path.name)) for path in sorted(parent.iterdir())]
    except (FileNotFoundError, NotADirectoryError):
        return {}
    return {path: match["name"] for path, match in named if match}


def left_behind(parent: Path) -> list[Path]:
    """Those of ``staged_folders`` whose process is no more."""
    return [path for path in staged_folders(parent) if not _in_use(path)]


def _in_use(path: Path) -> bool:
    owner = _STAGED.fullmatch(path.name)
    try:
        if owner["where"] != _where():
            newest = max(item.stat().st_mtime for item in (path, *path.iterdir()))
            return time.time() - newest < _FORGOTTEN_S
        started = psutil.Process(int(owner["pid"])).create_time()
        return abs(started - int(owner["start"])) < 2  # numbers of processes are given anew
    except (OSError, OverflowError, psutil.Error):
        return False


def _where() -> str:
    """Where a process number means this process: the machine, and on it the container."""
    try:
        container = os.stat("/proc/self/ns/pid").st_ino
    except OSError:  # no Linux
        container = 0
    return f"{socket.gethostname()}-{container}"


def replace_folder(temporary: Path, folder: Path) -> None:
    """Move a finished folder to its place; one of the same name makes way at the last moment."""
    temporary.chmod(0o755)  # mkdtemp made it private
    if folder.exists() and exchange(temporary, folder):
        shutil.rmtree(temporary)
    elif folder.exists():
        retired = temporary.with_name(temporary.name + ".old")
        folder.rename(retired)
        temporary.rename(folder)
        shutil.rmtree(retired)
    else:
        temporary.rename(folder)


#: From Linux's ``fcntl.h`` and ``fs.h``.
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2


def exchange(first: Path, second: Path) -> bool:
    """Let two paths change places in one step: nobody ever finds either of them missing.

    False, with nothing done, where the system or its file system cannot (renameat2, Linux 3.15).
    """
    try:
        renameat2 = ctypes.CDLL(None).renameat2
    except (AttributeError, OSError, TypeError):
        return False
    paths = os.fsencode(first), os.fsencode(second)
    return renameat2(_AT_FDCWD, paths[0], _AT_FDCWD, paths[1], _RENAME_EXCHANGE) == 0
