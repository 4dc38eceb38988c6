"""The Search tab and saving a run as a model, through AppTest. No Keras."""

import json
import shutil
import sys
from pathlib import Path

import optuna
import pytest

from emotion_ai.models.store import open_model
from emotion_ai.settings import ROOT, settings
from emotion_ai.training import promotion_job, queue, runs
from emotion_ai.training.checks import Fit
from emotion_ai.training.config import TrainingConfig
from emotion_ai.training.search import searches
from emotion_ai.training.search.plan import USUAL, Plan
from emotion_ai.ui import resources
from emotion_ai.ui.train import search_form
from tests.support.app_pages import button, open_page, text
from tests.support.second_model import noisy_copy


@pytest.fixture(scope="module")
def shelf(tmp_path_factory, drawn) -> Path:
    """The shipped models, drawn faces, and the model that the run ``first`` was saved as."""
    folder = tmp_path_factory.mktemp("search")
    for task in ("expression", "keypoints"):
        shutil.copytree(ROOT / "models" / task, folder / "models" / task)
    copy = noisy_copy(open_model(folder / "models", "expression"), folder / "models", "mine")
    (copy.folder / "card.json").write_text(json.dumps({**copy.card, "run": "first"}))
    drawn("expression", 140, seed=5, into=folder / "data")
    return folder


@pytest.fixture
def place(shelf, tmp_path, monkeypatch, use_places) -> Path:
    """A copy of the shelf, and nothing that starts processes."""
    shutil.copytree(shelf, tmp_path, dirs_exist_ok=True)
    use_places(tmp_path, "data", "models", "cache")
    monkeypatch.setattr(queue, "start_worker", lambda runs_dir: None)
    return tmp_path


def config(**changes) -> TrainingConfig:
    data = ("synthetic_expression",)
    return TrainingConfig.for_task("expression", data, preset="demo", epochs=4, **changes)


def make_search(place: Path, trials: int = 12, done: int = 9) -> Path:
    plan = Plan(config(), ("learning_rate", "batch_size", "erase"), trials)
    (faces,) = resources.datasets()
    folder = searches.create_search(
        place / "models" / "searches", "shown", plan, [faces], place / "models"
    )
    study = searches.open_study(folder)
    for i in range(done):
        score = 0.4 + 0.05 * i
        study.add_trial(
            optuna.trial.create_trial(
                params={"learning_rate": 0.001 * (i + 1), "batch_size": 64, "erase": 0.05 * i},
                distributions=searches.distributions(plan),
                value=score,
                intermediate_values={1: 0.2, 2: score},
            )
        )
    return folder


def test_a_search_shows_how_far_it_is_what_mattered_and_its_best(place):
    make_search(place)
    app = open_page("train", tab="Search")
    shown = text(app)
    for words in ("**9 of 12 trials**", "Best so far: trial 9 with **80.0 %**", "batch **64**",
                  "Nobody is working on it", "functional ANOVA"):  # fmt: skip
        assert words in shown
    assert len(app.get("plotly_chart")) == 3
    assert not app.error
    assert button(app, "Go on")


def test_a_search_that_has_just_begun_says_what_comes(place):
    make_search(place, done=0)
    app = open_page("train", tab="Search")
    assert "The first trial leaves everything as it is" in text(app)
    assert not app.get("plotly_chart")


def test_the_best_becomes_a_queued_run(place):
    make_search(place)
    app = open_page("train", tab="Search")
    app.number_input(key="search_full").set_value(30).run()
    app.button(key="search_full_start").click().run()
    assert not app.exception
    (folder,) = queue.queued(place / "models" / "runs")
    run = runs.read_run(folder)
    assert (run.name, run.config["epochs"], run.config["learning_rate"]) == (
        "shown-best", 30, pytest.approx(0.009),
    )  # fmt: skip
    assert app.query_params["run"] == "shown-best"
    assert app.session_state["tab"] == "Runs"


def test_the_form_starts_a_search_and_says_what_it_chooses_by(place, monkeypatch):
    begun = []
    monkeypatch.setattr(search_form, "start_work", begun.append)
    app = open_page("train", tab="Search")
    shown = text(app)
    assert "No search yet" in shown
    assert "on the validation split. Test faces take no part" in shown
    app.number_input(key="search_trials").set_value(5).run()
    app.button(key="search_start").click().run()
    assert not app.exception
    assert not app.error
    (folder,) = begun
    plan = searches.read_plan(folder)
    assert (folder.name, plan.trials, plan.vary) == ("expression-demo", 5, USUAL)
    assert (plan.config.epochs, plan.config.hold_out) == (8, False)
    assert "**0 of 5 trials**" in text(app)


@pytest.mark.parametrize(
    ("splits", "words"),
    [
        (("train", "validation"), "the search must not choose by it. Test faces"),
        (("train", "test"), "held out from every trial. Test faces"),
    ],
)
def test_what_the_search_chooses_by_follows_the_splits(place, monkeypatch, splits, words):
    (faces,) = resources.datasets()
    there = {name: n for name, n in faces.description["splits"].items() if name in splits}
    monkeypatch.setitem(faces.description, "splits", there)
    monkeypatch.setattr(search_form, "check", lambda *_: Fit(100, 30, {}, 100.0))
    assert words in text(open_page("train", tab="Search"))


def test_nothing_to_vary_is_explained_and_not_started(place):
    app = open_page("train", tab="Search")
    app.button_group(key="search_vary").set_value([]).run()
    assert "nothing to vary" in app.error[0].value
    assert "search_start" not in [found.key for found in app.button]


def test_without_optuna_the_tab_says_how_to_get_it(place, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    app = open_page("train", tab="Search")
    assert "pip install" in app.info[0].value
    assert not app.error


def test_a_damaged_search_is_one_line(place):
    (make_search(place) / searches.JOURNAL).write_text("{")
    app = open_page("train", tab="Search", error=True)
    assert "is damaged" in app.error[0].value


def saved_run(place: Path) -> Path:
    folder = runs.create_run(place / "models" / "runs", config().as_dict(), "first")
    runs.write_status(folder, "finished")
    record = {"epoch": 1, "loss": 2.0, "validation_loss": 2.0, "validation_accuracy": 0.1}
    (folder / runs.METRICS).write_text(json.dumps(record) + "\n")
    (folder / runs.BEST).write_bytes(b"weights")
    return folder


def test_a_saved_run_becomes_the_default_and_goes_back(place):
    saved_run(place)
    shipped, mine = (open_model(place / "models", name).digest for name in ("expression", "mine"))
    app = open_page("train", run="first")
    assert "Saved as **mine**" in text(app)
    assert "| measured on | from | to |" in text(app)
    app.button(key="default_mine").click().run()
    assert not app.exception
    assert open_model(place / "models", "expression").digest == mine
    assert "default_mine" not in [found.key for found in app.button]
    app.button(key="back_expression").click().run()
    assert not app.exception
    assert open_model(place / "models", "expression").digest == shipped
    assert app.button(key="default_mine")


def test_saving_says_what_is_wrong_with_a_name_and_starts_a_job(place, monkeypatch):
    folder, begun = saved_run(place), []
    monkeypatch.setattr(promotion_job, "start", lambda *words, **options: begun.append(words))
    app = open_page("train", run="first")
    app.text_input(key="promote_name_first").set_value("keypoints").run()
    assert "is a model for keypoints" in text(app)
    assert app.button(key="promote_first").disabled
    settings().models_dir.joinpath("runs").mkdir(parents=True, exist_ok=True)
    app.text_input(key="promote_name_first").set_value("runs").run()
    assert "is no model" in text(app)
    assert app.button(key="promote_first").disabled
    app.text_input(key="promote_name_first").set_value("other").run()
    app.button(key="promote_first").click().run()
    assert not app.exception
    assert begun == [(folder, "other")]


def test_a_run_without_an_epoch_cannot_be_saved_yet(place):
    (saved_run(place) / runs.BEST).unlink()
    app = open_page("train", run="first")
    assert "as soon as its first epoch is done" in text(app)
    assert "promote_first" not in [found.key for found in app.button]
