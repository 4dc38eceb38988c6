import json
import os
import subprocess
import sys

import psutil
import pytest

from emotion_ai.errors import ConfigError, RunError
from emotion_ai.training import runs
from emotion_ai.training.augmentation import Augmentation
from emotion_ai.training.config import TrainingConfig

CONFIG = TrainingConfig.for_task("expression", ("faces",)).as_dict()


@pytest.fixture
def folder(tmp_path):
    return runs.create_run(tmp_path, CONFIG, "first")


def test_two_runs_of_one_name_get_two_folders(tmp_path, folder):
    other = runs.create_run(tmp_path, CONFIG, "first")
    assert {folder.name, other.name} == {"first", "first-2"}


def test_a_run_that_wrote_no_status_yet_counts_as_interrupted(folder):
    assert runs.read_run(folder).state == "interrupted"


def test_a_run_is_running_while_its_process_lives(folder):
    runs.write_status(folder, "running", epoch=1)
    assert runs.read_run(folder).state == "running"


def test_a_run_whose_process_was_killed_is_interrupted(folder):
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    started = psutil.Process(process.pid).create_time()
    status = {"state": "running", "pid": process.pid, "pid_started": started}
    (folder / runs.STATUS).write_text(json.dumps(status))
    assert runs.read_run(folder).state == "running"
    process.kill()
    process.wait()
    assert runs.read_run(folder).state == "interrupted"


def test_a_reused_pid_does_not_pass_for_the_trainer(folder):
    status = {"state": "running", "pid": os.getpid(), "pid_started": 12345.0}
    (folder / runs.STATUS).write_text(json.dumps(status))
    assert runs.read_run(folder).state == "interrupted"


@pytest.mark.parametrize("file", [runs.CONFIG, runs.STATUS])
@pytest.mark.parametrize("content", ["", "{", "[1]", "\0\0"])
def test_a_corrupt_file_shows_as_damaged_and_breaks_nothing_else(tmp_path, folder, file, content):
    runs.write_status(folder, "finished")
    (folder / file).write_text(content)
    healthy = runs.create_run(tmp_path, CONFIG, "healthy")
    runs.write_status(healthy, "finished")
    states = {run.name: run.state for run in runs.list_runs(tmp_path)}
    assert states == {"first": "damaged", "healthy": "finished"}


def test_a_torn_last_line_of_the_metrics_is_dropped(folder):
    whole = '{"epoch": 1, "loss": 2.0, "validation_loss": 1.5}'
    (folder / runs.METRICS).write_text(whole + "\n" + whole[:20])
    assert [record["epoch"] for record in runs.read_metrics(folder)] == [1]


def test_an_unknown_run_lists_the_known_ones(tmp_path, folder):
    with pytest.raises(RunError, match="first"):
        runs.read_run(tmp_path / "second")


def test_a_config_survives_its_json_form():
    config = TrainingConfig.for_task(
        "keypoints", ("a", "b"), epochs=3, rotation_deg=5.0, subset_weights={"ytf": 0.5}
    )
    again = TrainingConfig.from_dict(json.loads(json.dumps(config.as_dict())))
    assert again == config
    assert isinstance(again.augmentation, Augmentation)
    assert again.augmentation.rotation_deg == 5.0


def test_a_config_from_before_there_was_a_seed_of_the_split_holds_out_the_same_faces():
    record = {**CONFIG, "seed": 7}
    assert TrainingConfig.from_dict(record).split_seed == 0
    for name in ("split_seed", "clip_norm"):
        del record[name]
    before = TrainingConfig.from_dict(record)
    assert (before.seed, before.split_seed, before.clip_norm) == (7, 7, 0.0)


@pytest.mark.parametrize(
    "change",
    [
        {"epochs": 0},
        {"labels": "mine"},
        {"label_set": "fer9"},
        {"learning_rate": -1.0},
        {"clip_norm": -0.5},
        {"wings": 2},
    ],
)
def test_a_wrong_option_is_named(change):
    with pytest.raises(ConfigError, match=next(iter(change)).replace("label_set", "label set")):
        TrainingConfig.for_task("expression", ("faces",), **change)
