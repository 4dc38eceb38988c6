"""Public copies of the known datasets, downloaded through kagglehub (no account is needed).

``python -m emotion_ai.datasets.fetch NAME DATA_DIR STATUS.json`` is what the dashboard starts.
"""

import dataclasses
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from emotion_ai.access.permissions import require_editor
from emotion_ai.datasets.importing import ImportReport, import_dataset, refuse_existing
from emotion_ai.datasets.store import MARKS, check_name, open_dataset
from emotion_ai.errors import DatasetError, EmotionAIError
from emotion_ai.jobs import background
from emotion_ai.progress import Progress
from emotion_ai.storage.files import replace_folder, staging_folder

#: From a handle to the folder with its files.
Download = Callable[[str], str]


@dataclass(frozen=True)
class Source:
    """A public copy: where it is, and how many images make it whole."""

    handle: str
    images: int
    title: str

    @property
    def address(self) -> str:
        return f"https://www.kaggle.com/datasets/{self.handle}"


SOURCES = {
    "fer2013": Source("msambare/fer2013", 35_887, "FER2013: 35,887 faces with seven expressions"),
    "keypoints": Source(
        "drgilermo/face-images-with-marked-landmark-points",
        7_049,
        "Facial Keypoints Detection: 7,049 faces with up to 15 points",
    ),
}


def fetch(
    name: str,
    data_dir: Path,
    progress: Progress | None = None,
    download: Download | None = None,
    save_as: str | None = None,
    replace: bool = False,
) -> ImportReport:
    """Download one of ``SOURCES``, import it as ``data_dir/<save_as or name>``, check its count.

    A dataset of that name makes way with ``replace`` only; its marks stay.

    ``download`` stands in for kagglehub's in tests. DatasetError says in one line when there is no
    way to the internet, or when the copy is not what it should be; what was there stays.
    """
    require_editor("download a dataset")
    if name not in SOURCES:
        raise DatasetError(f"unknown dataset {name!r}: expected one of {', '.join(SOURCES)}")
    source = SOURCES[name]
    target = check_name(save_as or name)
    refuse_existing(Path(data_dir) / target, replace)
    with _growing(progress) as watched:
        folder = Path((download or watched)(source.handle))
    data_dir = Path(data_dir)
    with staging_folder(data_dir / target) as aside:
        # Imported aside: an incomplete copy must not take the place of a whole one.
        done = import_dataset(folder, aside, name=target, progress=progress)
        if (n := len(done.dataset) + len(done.skipped)) != source.images:
            raise DatasetError(
                f"{source.handle}: expected {source.images:,} images, got {n:,}; import a copy of "
                "your own instead"
            )
        if (marks := data_dir / target / MARKS).exists():
            shutil.copy(marks, done.dataset.folder)
        replace_folder(done.dataset.folder, data_dir / target)
    return dataclasses.replace(done, dataset=open_dataset(data_dir / target))


@contextmanager
def _growing(progress: Progress | None) -> Iterator[Download]:
    """kagglehub's download, while ``progress`` is told how many megabytes have come; how many
    there will be is not known beforehand, so the total is given as 0."""
    over = threading.Event()

    def download(handle: str) -> str:
        import kagglehub
        from kagglehub.config import get_cache_folder
        from kagglehub.exceptions import DataCorruptionError

        folder = Path(get_cache_folder()) / "datasets" / handle
        if progress:
            threading.Thread(target=watch, args=(folder,), daemon=True).start()
        try:
            return kagglehub.dataset_download(handle)
        except (OSError, DataCorruptionError) as error:  # requests' errors are OSErrors
            raise DatasetError(
                f"{handle} could not be downloaded: is there an internet connection? "
                f"({type(error).__name__})"
            ) from error

    def watch(folder: Path) -> None:
        while not over.wait(0.5):
            files = (path for path in folder.rglob("*") if path.is_file())
            progress(sum(_size(path) for path in files) // 1_000_000, 0, "MB")

    try:
        yield download
    finally:
        over.set()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def start(name: str, data_dir: Path, status: Path, replace: bool = False) -> None:
    """``fetch`` in a process of its own, whose job is ``status``."""
    require_editor("download a dataset")
    refuse_existing(Path(data_dir) / name, replace)
    words = [name, str(data_dir), str(status), *(["replace"] if replace else [])]
    background.start(status, "emotion_ai.datasets.fetch", words)


def main(name: str, data_dir: str, status_path: str, replace: str = "") -> None:
    status = Path(status_path)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that a stop cleans up
    try:
        fetch(
            name,
            Path(data_dir),
            lambda *step: background.report(status, *step),
            replace=bool(replace),
        )
    except EmotionAIError as error:
        sys.exit(str(error))
    background.finish(status)


if __name__ == "__main__":
    main(*sys.argv[1:])
