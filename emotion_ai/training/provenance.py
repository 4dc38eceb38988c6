"""What data and teachers a run learns from: noted when it begins, compared when it goes on."""

import hashlib
from pathlib import Path

from emotion_ai.datasets.store import Dataset
from emotion_ai.errors import RecordError, RunError
from emotion_ai.models.store import open_model
from emotion_ai.settings import settings
from emotion_ai.storage.files import write_json
from emotion_ai.storage.records import read_record
from emotion_ai.training import runs
from emotion_ai.training.config import TrainingConfig
from emotion_ai.training.records import Data


def data_record(datasets: list[Dataset], config: TrainingConfig, steps: int | None = None) -> dict:
    """Name and digest of every dataset, of its marks where they count, and batches an epoch."""
    data = [{"name": d.name, "n": len(d), "digest": d.digest} for d in datasets]
    if config.honour_marks:
        for record, dataset in zip(data, datasets, strict=True):
            marks = dataset.marks_path
            content = marks.read_bytes() if marks.exists() else b""
            record["marks"] = hashlib.sha256(content).hexdigest()
    return {"data": data, **({"steps": steps} if steps else {})}


def keep_data(folder: Path, datasets: list[Dataset], config: TrainingConfig, steps: int) -> None:
    """Note what a run learns from; RunError when it began with something else."""
    now = data_record(datasets, config, steps)
    if config.teachers:
        models = [open_model(settings().models_dir, name) for name in config.teachers]
        now["teachers"] = {model.name: model.digest for model in models}
    refuse_changed_data(folder, now)
    write_json(folder / runs.DATA, now)


def refuse_changed_data(folder: Path, now: dict) -> None:
    """RunError when the run in ``folder`` has learned from other data than ``data_record`` says."""
    if not (folder / runs.LAST).exists():
        return
    try:
        before = read_record(folder / runs.DATA, Data)
    except FileNotFoundError:
        return  # begun before this was noted
    except RecordError as error:
        raise RunError(f"run {folder.name} is damaged: {error}: start a new run") from None
    earlier = {record["name"]: record for record in before["data"]}
    for record in now["data"]:
        old = earlier.get(record["name"], {})
        for key, what in (("digest", "images or labels"), ("marks", "marks")):
            if key in record and old.get(key) != record[key]:
                raise RunError(
                    f"the {what} of {record['name']} changed since run {folder.name} began "
                    f"({old.get('n', 0):,} faces then, {record['n']:,} now): start a new run"
                )
    for name, digest in now.get("teachers", {}).items():
        if before.get("teachers", {}).get(name, digest) != digest:
            raise RunError(
                f"the teacher {name} is another model since run {folder.name} began: bring that "
                "one back (emotion-ai models back) or start a new run"
            )
    if now.get("steps", before.get("steps")) != before.get("steps"):
        raise RunError(
            f"run {folder.name} began with {before.get('steps')} batches an epoch, its data make "
            f"{now['steps']} now: start a new run"
        )
