"""The promotion of a run in a process of its own, as pages start and follow it. No Keras."""

import hashlib
from pathlib import Path

from emotion_ai.access.permissions import require_editor
from emotion_ai.jobs import background
from emotion_ai.labels import HEADS
from emotion_ai.models import store
from emotion_ai.optional import require
from emotion_ai.settings import settings


def check_model_name(name: str) -> str:
    """``name`` when it may name a model's folder, a new one or one that a model has."""
    return store.check_model_name(settings().models_dir, name)


def job_status(folder: Path) -> Path:
    """The status file of the background job that promotes the run in ``folder``."""
    where = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:8]
    return settings().cache_dir / "promotions" / f"{folder.name}-{where}.json"


def start(
    folder: Path,
    name: str,
    *,
    quantise: bool = True,
    default: bool = False,
    head: str = HEADS[0],
) -> None:
    """Promote in a process of its own; ``background.read_job(job_status(folder))`` follows it."""
    require_editor("save a model")
    require("Making a model of a run", "keras", "tensorflow")
    words = [str(job_status(folder)), str(folder), name]
    words += ["--float"] * (not quantise) + ["--default"] * default + [f"--head={head}"]
    background.start(job_status(folder), "emotion_ai.training.promotion", words)
