"""Hyperparameter searches, with a stand-in for the trainer: what is tried, told, continued."""

import json
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import optuna
import pytest

from emotion_ai.errors import ConfigError, RunError, SearchError
from emotion_ai.training import queue, runs
from emotion_ai.training.config import TrainingConfig
from emotion_ai.training.examples import split_rows
from emotion_ai.training.search import searches, worker
from emotion_ai.training.search.plan import Plan, should_hold_out
from emotion_ai.training.search.searches import (
    create_search,
    importances,
    in_full,
    open_study,
    read_search,
)
from emotion_ai.training.search.worker import alone, is_worked_on, work
from tests.support.fake_trainer import FakeTrainer, accuracy

ROOT = Path(__file__).resolve().parents[2]
#: A worker in a process of its own, with its own stand-in.
WORKER = """
import sys, time
from pathlib import Path
from tests.support import fake_trainer
from emotion_ai.training import queue
from emotion_ai.training.search import worker
worker.POLL_S = {poll_s}
queue.start_worker = fake_trainer.FakeTrainer({before}).start_worker
worker.work(Path(sys.argv[1]), Path(sys.argv[2]), say=lambda text: print(text, flush=True))
"""


@pytest.fixture(scope="module")
def faces(drawn):
    return drawn("expression", 140, seed=5)


@pytest.fixture
def plan(faces):
    config = TrainingConfig.for_task("expression", (faces.name,), preset="demo", epochs=3)
    return Plan(config, ("learning_rate", "erase"), 8)


@pytest.fixture
def trainer(monkeypatch):
    """Trains in no time, in this process."""
    trainer = FakeTrainer()
    monkeypatch.setattr(queue, "start_worker", trainer.start_worker)
    monkeypatch.setattr(worker, "POLL_S", 0)
    return trainer


def create(tmp_path, plan, faces, name="first") -> Path:
    return create_search(tmp_path / "searches", name, plan, [faces], tmp_path / "models")


def start_process(folder: Path, runs_dir: Path, poll_s: float = 0.01, before: str = ""):
    code = WORKER.format(poll_s=poll_s, before=before)
    words = [sys.executable, "-c", code, str(folder), str(runs_dir)]
    return subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def test_every_trial_is_a_run_and_the_first_one_changes_nothing(tmp_path, plan, faces, trainer):
    folder = create(tmp_path, plan, faces)
    assert work(folder, tmp_path / "runs") == plan.trials
    found = read_search(folder)
    assert [trial.number for trial in found.trials] == list(range(plan.trials))
    assert found.complete
    assert found.baseline.settings == pytest.approx(plan.unchanged())
    for trial in found.trials:
        run = runs.read_run(Path(trial.run))
        assert run.folder.parent == tmp_path / "runs"
        assert run.config["learning_rate"] == trial.settings["learning_rate"]
        assert run.config["augmentation"]["erase"] == trial.settings["erase"]
        assert run.config["preset"] == "demo"
        assert trial.score == pytest.approx(accuracy(run.config, len(run.metrics)))
    assert found.best.score == max(t.score for t in found.trials if t.state == "finished")
    assert work(folder, tmp_path / "runs") == 0


def test_what_mattered_is_found(tmp_path, plan, faces):
    folder = create(tmp_path, plan, faces)
    study = open_study(folder)
    assert importances(read_search(folder), study) == {}
    for rate in (0.0005, 0.001, 0.002, 0.004, 0.008):
        for erase in (0.0, 0.2, 0.4, 0.6, 0.8):
            study.add_trial(
                optuna.trial.create_trial(
                    params={"learning_rate": rate, "erase": erase},
                    distributions=searches.distributions(plan),
                    value=accuracy({"learning_rate": rate, "epochs": 1}, 1) + 0.02 * erase,
                )
            )
    mattered = importances(read_search(folder, study), study)
    assert list(mattered) == ["learning_rate", "erase"]
    assert mattered["learning_rate"] > 0.9
    assert sum(mattered.values()) == pytest.approx(1)


def test_hopeless_trials_are_stopped_early(tmp_path, plan, faces, trainer):
    config = TrainingConfig.from_dict({**plan.config.as_dict(), "epochs": 9})
    folder = create(tmp_path, Plan(config, plan.vary, 16), faces)
    work(folder, tmp_path / "runs")
    stopped = [t for t in read_search(folder).trials if t.state == "stopped early"]
    assert stopped
    for trial in stopped:
        run = runs.read_run(Path(trial.run))
        assert run.state == "cancelled"
        assert 3 <= len(run.metrics) < 9  # the first third is never judged
        assert trial.score == pytest.approx(run.metrics[-1]["validation_accuracy"])
        assert trial.message == ""


def test_the_best_settings_become_a_full_run(tmp_path, plan, faces, trainer):
    folder = create(tmp_path, Plan(plan.config, plan.vary, 3), faces)
    with pytest.raises(SearchError, match="no finished trial yet"):
        in_full(read_search(folder), 40)
    work(folder, tmp_path / "runs")
    best = read_search(folder).best
    held_out = replace(plan.config, hold_out=True)
    full = in_full(replace(read_search(folder), plan=replace(plan, config=held_out)), 40)
    assert (full.epochs, full.hold_out) == (40, False)
    assert full.learning_rate == best.settings["learning_rate"]
    assert full.augmentation.erase == best.settings["erase"]
    assert full.augmentation.zoom == plan.config.augmentation.zoom


def test_a_search_that_somebody_works_on_is_left_to_them(tmp_path, plan, faces, trainer):
    folder = create(tmp_path, plan, faces)
    assert not is_worked_on(folder)
    with alone(folder):
        assert is_worked_on(folder)
        with pytest.raises(SearchError, match="another process works on search first already"):
            work(folder, tmp_path / "runs")
    assert not is_worked_on(folder)
    assert read_search(folder).over == 0


def test_a_killed_worker_loses_nothing(tmp_path, plan, faces, trainer):
    folder = create(tmp_path, plan, faces)
    never_ends = "lambda folder, epoch: time.sleep(600) if epoch == 2 else None"
    worker = start_process(folder, tmp_path / "runs", before=never_ends)
    while not read_search(folder).trials[0].epochs:
        time.sleep(0.02)
        assert worker.poll() is None
    assert is_worked_on(folder)
    worker.send_signal(signal.SIGKILL)
    worker.communicate()
    (left,) = read_search(folder).trials
    assert not is_worked_on(folder)
    assert left.state == "running"
    work(folder, tmp_path / "runs")
    found = read_search(folder)
    assert found.trials[0].state == "finished"
    assert found.trials[0].run == left.run
    assert len(found.trials) == len(runs.run_folders(tmp_path / "runs")) == plan.trials
    assert [r["epoch"] for r in runs.read_metrics(Path(left.run))] == [1, 2, 3]


def test_a_line_torn_when_a_machine_went_down_is_cut_off(tmp_path, plan, faces, trainer):
    folder = create(tmp_path, Plan(plan.config, plan.vary, 3), faces)
    trainer.before_epoch = lambda folder, epoch: queue.cancel(folder) if epoch == 2 else None
    with (folder / searches.JOURNAL).open("a") as journal:
        journal.write('{"op_code":4,"worker_id":"torn')
    assert len(read_search(folder).trials) == 1
    assert work(folder, tmp_path / "runs") == 3
    assert read_search(folder).complete


def test_a_stopped_worker_stops_its_run_and_the_next_one_goes_on_with_it(
    tmp_path, plan, faces, trainer
):
    def stop(folder, epoch):
        if epoch == 2:
            raise KeyboardInterrupt

    folder = create(tmp_path, plan, faces)
    trainer.before_epoch = stop
    with pytest.raises(KeyboardInterrupt):
        work(folder, tmp_path / "runs")
    (trial,) = read_search(folder).trials
    assert trial.state == "running"
    assert runs.read_run(Path(trial.run)).stopping
    trainer.before_epoch = lambda *_: None
    assert work(folder, tmp_path / "runs") == plan.trials
    assert read_search(folder).trials[0].run == trial.run
    assert runs.read_run(Path(trial.run)).state == "finished"


def test_a_run_cancelled_by_hand_counts_with_what_it_reached(tmp_path, plan, faces, trainer):
    def cancel_first(folder, epoch):
        if epoch == 2 and folder.name.endswith("-000"):
            queue.cancel(folder)

    folder = create(tmp_path, plan, faces)
    trainer.before_epoch = cancel_first
    work(folder, tmp_path / "runs")
    first = read_search(folder).trials[0]
    assert (first.state, first.message) == ("stopped early", "cancelled by hand")
    assert first.epochs[2] == first.score


def test_failures_are_told_and_end_a_search_that_has_nothing_else(tmp_path, plan, faces, trainer):
    folder = create(tmp_path, plan, faces)
    trainer.before_epoch = lambda folder, epoch: "the loss was not a number"
    with pytest.raises(SearchError, match="last 3 trials failed: the loss was not a number"):
        work(folder, tmp_path / "runs")
    found = read_search(folder)
    assert [trial.state for trial in found.trials] == ["failed"] * 3
    assert found.best is None
    assert found.over == 0


def test_one_failure_is_made_up_for(tmp_path, plan, faces, trainer):
    folder = create(tmp_path, plan, faces)
    trainer.before_epoch = lambda folder, _: "no memory" if folder.name.endswith("-001") else None
    work(folder, tmp_path / "runs")
    states = [trial.state for trial in read_search(folder).trials]
    assert states[1] == "failed"
    assert len(states) == plan.trials + 1
    assert read_search(folder).complete


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"vary": ("dropout",)}, "cannot vary dropout: expected some of learning_rate"),
        ({"vary": ()}, "nothing to vary"),
        ({"trials": 1}, "trials: expected 2 to 1000, got 1"),
    ],
)
def test_a_wrong_plan_is_explained(plan, change, words):
    with pytest.raises(ConfigError, match=words):
        Plan(**{**vars(plan), **change})


def test_data_that_do_not_fit_and_names_that_are_taken_are_explained(tmp_path, plan, faces):
    config = TrainingConfig.for_task("keypoints", (faces.name,), preset="demo")
    with pytest.raises(ConfigError, match="cannot learn from it"):
        create(tmp_path, Plan(config, plan.vary, 4), faces)
    assert not list((tmp_path / "searches").glob("*"))
    create(tmp_path, plan, faces)
    with pytest.raises(SearchError, match="a search first already"):
        create(tmp_path, plan, faces)
    with pytest.raises(RunError, match="expected 1 to 64"):  # its runs would be refused later
        create(tmp_path, plan, faces, "a" * 61)


def test_damaged_and_missing_searches_are_one_line(tmp_path, plan, faces):
    folder = create(tmp_path, plan, faces)
    with pytest.raises(SearchError, match="no search 'second': expected one of: first"):
        read_search(folder.with_name("second"))
    record = json.loads((folder / searches.PLAN).read_text())
    (folder / searches.PLAN).write_text(json.dumps({**record, "vary": ["x"]}))
    with pytest.raises(SearchError, match=r"is damaged: plan\.json: cannot vary x"):
        read_search(folder)
    (folder / searches.PLAN).write_text(json.dumps(record))
    (folder / searches.JOURNAL).write_text("{")
    with pytest.raises(SearchError, match=r"is damaged: journal\.log: "):
        read_search(folder)
    (folder / searches.JOURNAL).unlink()
    with pytest.raises(SearchError, match=r"journal\.log is missing"):
        read_search(folder)


def test_without_optuna_the_way_to_get_it_is_said(tmp_path, plan, faces, monkeypatch):
    folder = create(tmp_path, plan, faces)
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(SearchError, match='pip install "optuna'):
        read_search(folder)


def test_held_out_faces_come_from_train_and_the_validation_split_stays_unseen(plan, faces):
    config = TrainingConfig.from_dict({**plan.config.as_dict(), "hold_out": True})
    train, validation = split_rows(faces, config)[:2]
    assert set(faces.samples["split"].iloc[np.concatenate([train, validation])]) == {"train"}
    assert len(validation)
    assert not set(train) & set(validation)


def test_where_validation_is_the_last_split_a_search_holds_faces_out(faces, monkeypatch):
    assert not should_hold_out([faces])
    monkeypatch.setitem(faces.description, "splits", {"train": 100, "validation": 40})
    assert should_hold_out([faces])
