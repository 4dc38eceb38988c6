"""Files and folders that appear whole or not at all."""

import json
import os
import shutil
import tempfile
from pathlib import Path


def write_bytes(path: Path, data: bytes) -> None:
    """Replace ``path`` by ``data``."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_bytes(data)
    os.replace(temporary, path)


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
    if folder.exists():
        retired = temporary.with_name(temporary.name + ".old")
        folder.rename(retired)
        temporary.rename(folder)
        shutil.rmtree(retired)
    else:
        temporary.rename(folder)
