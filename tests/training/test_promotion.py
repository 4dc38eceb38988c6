"""A run becomes a saved model in a process of its own, as the page starts it."""

import json
import shutil
import time
from pathlib import Path

import numpy as np
import pytest

from emotion_ai.errors import RunError
from emotion_ai.jobs import background
from emotion_ai.models.store import open_model
from emotion_ai.models.versions import is_default, versions
from emotion_ai.settings import ROOT
from emotion_ai.training import promotion, promotion_job, runs
from emotion_ai.training.config import TrainingConfig


@pytest.fixture(scope="module")
def place(tmp_path_factory, drawn) -> Path:
    """The shipped models, few drawn faces, and a run with an untrained network."""
    place = tmp_path_factory.mktemp("promotion")
    shutil.copytree(ROOT / "models" / "expression", place / "models" / "expression")
    drawn("expression", 140, seed=5, into=place / "data")
    data = ("synthetic_expression",)
    config = TrainingConfig.for_task("expression", data, preset="demo", epochs=1)
    folder = runs.create_run(place / "runs", config.as_dict(), "first", state="finished")
    from emotion_ai.networks.architectures import build
    from emotion_ai.training.recorder import save_model

    save_model(build("expression", 7, "demo"), folder / runs.BEST)
    record = {"epoch": 1, "loss": 2.0, "validation_loss": 2.0, "validation_accuracy": 0.1}
    (folder / runs.METRICS).write_text(json.dumps(record) + "\n")
    return place


@pytest.fixture(autouse=True)
def there(place, use_places):
    use_places(place, "data", "models", "runs", "cache")


def promote(place: Path, name: str, **options) -> background.Job:
    folder = place / "runs" / "first"
    promotion_job.start(folder, name, **options)
    while (job := background.read_job(promotion_job.job_status(folder))).state == "running":
        time.sleep(0.1)
    return job


def test_a_promoted_run_is_scored_described_and_used_while_the_old_default_is_kept(place):
    shipped = open_model(place / "models", "expression")
    job = promote(place, "mine", default=True)
    assert (job.state, job.error) == ("finished", "")
    model = open_model(place / "models", "mine")
    assert model.card["run"] == "first"
    assert {score["split"] for score in model.card["scores"]} == {"validation", "test"}
    answer = model.network()(np.zeros((2, 48, 48), np.uint8))
    np.testing.assert_allclose(answer["probabilities"].sum(axis=1), 1, atol=0.02)
    assert is_default(place / "models", model)
    (kept,) = versions(place / "models", "expression")
    assert kept.model.digest == shipped.digest


def test_what_goes_wrong_is_one_line(place):
    job = promote(place, "keypoints")
    assert job.state == "failed"
    assert job.error == (
        "keypoints is a model for keypoints, this one is for expression: choose another name"
    )


def test_a_run_is_not_scored_on_other_data_than_it_was_kept_from(place):
    folder = place / "runs" / "elsewhere"
    shutil.copytree(place / "runs" / "first", folder)
    (folder / runs.LAST).touch()
    data = {"data": [{"name": "synthetic_expression", "n": 140, "digest": "of before"}]}
    (folder / runs.DATA).write_text(json.dumps(data))
    with pytest.raises(RunError, match=r"images or labels of synthetic_expression changed"):
        promotion.promote_run(folder, "elsewhere")
    assert not (place / "models" / "elsewhere").exists()
