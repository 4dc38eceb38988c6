"""Arrays that take seconds to compute, kept in the cache folder under a name that says of what."""

import os
from collections.abc import Callable
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from filelock import FileLock

Arrays = dict[str, np.ndarray]


def kept_arrays(path: Path, compute: Callable[[], Arrays]) -> Arrays:
    """The arrays of ``path`` (``.npz``), computed and kept when they are not there yet.

    Whatever ``compute`` depends on belongs into the file's name: nothing else makes it stale.
    An exception in ``compute`` passes through, and nothing is kept.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_suffix(".lock")):
        if (found := load_arrays(path)) is not None:
            return found
        arrays = compute()
        save_arrays(path, arrays)
        return arrays


def load_arrays(path: Path) -> Arrays | None:
    """What ``path`` holds; None when it is missing or torn."""
    try:
        with np.load(path) as found:
            return {name: found[name] for name in found.files}
    except (OSError, ValueError, EOFError, BadZipFile):
        return None


def save_arrays(path: Path, arrays: Arrays) -> None:
    """Write ``path`` whole or not at all."""
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.npz")
    try:
        np.savez(temporary, **arrays)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
