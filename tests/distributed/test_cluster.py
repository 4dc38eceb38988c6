"""Work on a Ray cluster, as far as it can be seen without one; a whole one is started by
``benchmarks/archive.py``."""

import sys

import cv2
import pandas as pd
import pytest

from emotion_ai.cli import program
from emotion_ai.datasets.drawn.synthetic import draw_photo
from emotion_ai.distributed.identity import package
from emotion_ai.distributed.reader import Reader
from emotion_ai.distributed.runs_home import RunsHome
from emotion_ai.settings import settings
from emotion_ai.training import runs
from emotion_ai.training.config import TrainingConfig
from emotion_ai.training.search.plan import Plan
from emotion_ai.training.search.searches import create_search, read_search
from emotion_ai.training.search.worker import alone, new_run
from tests.support.fake_trainer import FakeTrainer


@pytest.fixture
def ray():
    return pytest.importorskip(
        "ray", reason="Ray is not installed: pip install emotion-ai[cluster]"
    )


@pytest.fixture
def config():
    return TrainingConfig.for_task("expression", ("faces",), preset="demo", epochs=3)


@pytest.fixture
def home(tmp_path, config):
    """Where the run ``away`` is at home."""
    runs.create_run(tmp_path / "home", config.as_dict(), "away", state="running")
    return RunsHome(str(tmp_path / "home"))


def test_without_ray_the_way_to_get_it_is_said(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "ray", None)
    assert program.main(["predict", "x", "--on", "ray", "--out", str(tmp_path / "table")]) == 1
    (said,) = [line for line in capsys.readouterr().err.splitlines() if "error" in line]
    assert said.startswith("error: --on ray needs Ray: pip install ")
    assert not (tmp_path / "table").exists()


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("127.0.0.1:1", "no Ray cluster answers at 127.0.0.1:1: Connection refused"),
        ("nonsense", "--address: expected auto or HOST:PORT, got nonsense"),
    ],
)
def test_an_address_that_does_not_answer_is_one_line(ray, tmp_path, capsys, address, words):
    command = [
        "predict",
        "x",
        "--on",
        "ray",
        "--address",
        address,
        "--out",
        str(tmp_path / "table"),
    ]
    assert program.main(command) == 1
    assert f"error: {words}" in capsys.readouterr().err.splitlines()
    assert not (tmp_path / "table").exists()


@pytest.mark.slow
def test_ray_gives_the_rows_that_are_read_here(ray, tmp_path):
    folder, out = tmp_path / "photos", tmp_path / "table"
    folder.mkdir()
    photo = folder / "0.png"
    cv2.imwrite(str(photo), draw_photo(0, 2, (320, 240))[0])
    (folder / "broken.jpg").write_text("no picture")
    words = ["predict", str(folder), "--on", "ray", "--workers", "1", "--out", str(out)]
    assert program.main(words) == 0
    here = Reader(settings(), package(), "test").read((str(photo),)).faces.to_pandas()
    pd.testing.assert_frame_equal(pd.read_parquet(out / "faces"), here)
    assert len(pd.read_parquet(out / "failures.parquet")) == 1
    assert not ray.is_initialized()


def test_what_is_new_of_a_run_comes_home_and_goes_on_from_there(home, tmp_path):
    assert set(home.fetch("away")) == {runs.CONFIG, runs.STATUS}
    assert not home.store("away", {runs.METRICS: b"{}\n", runs.LAST: b"weights"})
    assert (tmp_path / "home" / "away" / runs.LAST).read_bytes() == b"weights"
    assert home.fetch("away")[runs.LAST] == b"weights"
    (tmp_path / "home" / "away" / runs.CANCEL).touch()
    assert home.store("away", {})


def test_scores_of_an_earlier_best_epoch_do_not_stay_at_home(home, tmp_path):
    scores = tmp_path / "home" / "away" / runs.SCORES
    home.store("away", {runs.BEST: b"weights", runs.SCORES: b"{}"})
    assert scores.exists()
    home.store("away", {runs.BEST: b"better weights"})
    assert not scores.exists()


def test_a_run_that_was_stopped_or_deleted_at_home_takes_nothing_more(home, tmp_path):
    folder = tmp_path / "home" / "away"
    runs.write_status(folder, "cancelled")
    assert home.store("away", {runs.LAST: b"weights"})
    assert not (folder / runs.LAST).exists()
    runs.delete_run(folder)
    assert home.store("away", {runs.LAST: b"weights"})
    assert not folder.exists()


@pytest.mark.parametrize(
    ("epochs", "state", "told", "score"),
    [(3, "finished", "finished", True), (2, "cancelled", "stopped early", True),
     (0, "failed", "failed", False)],
)  # fmt: skip
def test_the_journal_is_told_how_a_trial_on_a_cluster_ended(
    tmp_path, drawn, epochs, state, told, score
):
    from emotion_ai.distributed.ray_search import _tell

    faces = drawn("expression", 140, seed=5)
    config = TrainingConfig.for_task("expression", (faces.name,), preset="demo", epochs=3)
    plan = Plan(config, ("learning_rate",), 2)
    folder = create_search(tmp_path / "searches", "first", plan, [faces], tmp_path / "models")
    with alone(folder) as (plan, study):
        trial = study.ask({})
        run = new_run(trial, plan, "first", tmp_path / "runs", state="running")
        trainer = FakeTrainer()
        for _ in range(epochs):
            trainer.start_worker(tmp_path / "runs")
        _tell(study, trial, plan, failed=state == "failed")
    (found,) = read_search(folder).trials
    assert (found.state, found.score is not None) == (told, score)
    assert len(found.epochs) == epochs
    assert runs.read_run(run).state == state


def test_a_run_that_failed_on_one_machine_is_taken_up_by_another(home, tmp_path):
    folder = tmp_path / "home" / "away"
    for state in ("failed", "interrupted"):
        runs.write_status(folder, state)
        assert home.store("away", {})
        home.fetch("away")
        assert not home.store("away", {})
    runs.write_status(folder, "failed")
    (folder / runs.CANCEL).touch()
    home.fetch("away")
    assert runs.read_status(folder)["state"] == "failed"
