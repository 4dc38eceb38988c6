"""Files and folders that appear whole or not at all."""

import ctypes
import json
import os
import shutil
import tempfile
import threading
from pathlib import Path


def write_bytes(path: Path, data: bytes) -> None:
    """Replace ``path`` by ``data``."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        temporary.write_bytes(data)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)  # half of it, where the disk is full


def write_json(path: Path, record: dict) -> None:
    """Replace ``path`` by ``record``, indented."""
    write_bytes(path, (json.dumps(record, indent=1) + "\n").encode())


def sibling_folder(folder: Path) -> Path:
    """A new hidden folder beside ``folder``, to be filled and handed to ``replace_folder``."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))


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
