"""Which files are photos and which are films, told by their names."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from emotion_ai.errors import ImageError
from emotion_ai.media import images, videos


def is_film(path: Path) -> bool:
    return path.suffix.lower()[1:] in videos.EXTENSIONS


def photo_paths(paths: Iterable[Path]) -> Iterator[Path]:
    """The files meant by files and folders; of a folder, the pictures in it."""
    for path in paths:
        if path.is_dir():
            inside = sorted(p for p in path.iterdir() if p.suffix.lower()[1:] in images.EXTENSIONS)
            if not inside:
                raise ImageError(f"{path}: expected pictures in this folder, found none")
            yield from inside
        else:
            yield path
