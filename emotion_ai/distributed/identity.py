"""What reads: the package, the models and the detector, each with its digest.

Rows of one table must all come from the same; machines that differ are refused with both digests.
"""

import hashlib
from functools import cache
from pathlib import Path

import emotion_ai
from emotion_ai.errors import ClusterError
from emotion_ai.faces.detection import YUNET_SHA256
from emotion_ai.reading.predictor import Predictor, load_predictor
from emotion_ai.settings import settings

_SHOWN = 12


@cache
def package_digest() -> str:
    """SHA-256 over the package's modules, in order of their paths."""
    root = Path(emotion_ai.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def package() -> dict[str, str]:
    """The version and the digest of the package."""
    return {"version": emotion_ai.__version__, "package": package_digest()}


def reads_with(predictor: Predictor) -> dict[str, str]:
    """The digests of the models and of the detector; "none" for a model that is not there."""
    models = {
        task: predictor.models[task].digest if task in predictor.models else "none"
        for task in ("expression", "keypoints")
    }
    return models | {"detector": YUNET_SHA256 if predictor.detector.name == "YuNet" else "Haar"}


def of_this_machine() -> dict[str, str]:
    """All of it, as this machine would read an archive."""
    return package() | reads_with(load_predictor(settings()))


def difference(expected: dict[str, str], found: dict[str, str]) -> str:
    """The first thing that differs, with both digests; "" where nothing does."""
    for name, value in expected.items():
        if found.get(name) != value:
            return f"{name} {value[:_SHOWN]} expected, got {found.get(name, 'none')[:_SHOWN]}"
    return ""


def check_worker(expected: dict[str, str], found: dict[str, str], machine: str) -> None:
    """ClusterError unless a machine has the very package, models and data that were expected."""
    if differing := difference(expected, found):
        raise ClusterError(f"worker {machine} differs from this machine: {differing}")
