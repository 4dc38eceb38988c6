"""One damaged file never hides its healthy neighbours from the pages."""

import json
import shutil

import pytest

from emotion_ai.models.store import CARD
from emotion_ai.settings import ROOT, settings
from emotion_ai.training import queue, runs
from tests.support import app_pages
from tests.support.app_pages import html, open_page
from tests.support.damaged_records import CARDS, DESCRIPTIONS, RUNS, harm, make_run
from tests.support.shipped_models import score_of

FACES = "synthetic_expression"


@pytest.fixture
def where(tmp_path, monkeypatch, use_places, drawn):
    """An app of its own: copies of the shipped models, one drawn dataset, two runs."""
    for task in ("expression", "keypoints"):
        shutil.copytree(ROOT / "models" / task, tmp_path / "models" / task)
    use_places(tmp_path, "data", "models", "runs", "cache")
    monkeypatch.setattr(queue, "start_worker", lambda runs_dir: None)
    drawn("expression", 70, into=tmp_path / "data")
    return settings()


def text(app) -> str:
    return app_pages.text(app) + html(app)


def test_models_with_damaged_cards_are_told_beside_the_others(where):
    for i, (change, _) in enumerate(CARDS.values()):
        folder = where.models_dir / f"harmed{i}"
        folder.mkdir()
        shutil.copy(ROOT / "models" / "expression" / CARD, folder)
        harm(folder / CARD, change)
    (where.models_dir / "folder" / CARD).mkdir(parents=True)
    stray = where.models_dir / ".versions" / "expression" / "1.bak"
    stray.mkdir(parents=True)
    for page in ("home", "models"):
        app = open_page(page)
        shown = text(app)
        for i, (_, words) in enumerate(CARDS.values()):
            assert f"model harmed{i} is damaged: card.json" in shown
            assert words in shown
        assert "model folder is damaged: card.json: expected a file" in shown
        assert all(score_of(name) in shown for name in ("expression", "keypoints"))
        assert not app.error


def test_a_default_model_with_a_damaged_card_leaves_a_page_that_says_so(where):
    harm(where.models_dir / "expression" / CARD, CARDS["no parameters"][0])
    for page in ("home", "models", "photo"):
        app = open_page(page)
        if page != "photo":
            assert "model expression is damaged: card.json: parameters is missing" in text(app)
            assert score_of("keypoints") in text(app)


def test_datasets_with_damaged_descriptions_are_told_beside_the_others(where):
    for i, (change, _) in enumerate(DESCRIPTIONS.values()):
        folder = where.data_dir / f"harmed{i}"
        folder.mkdir()
        shutil.copy(where.data_dir / "synthetic_expression" / "dataset.json", folder)
        harm(folder / "dataset.json", change)
    for page in ("home", "datasets"):
        app = open_page(page)
        shown = text(app)
        for i, (_, words) in enumerate(DESCRIPTIONS.values()):
            assert f"dataset harmed{i} is damaged: dataset.json" in shown
            assert words in shown
        assert "70 faces" in shown
        assert not app.error


def test_damaged_runs_are_told_beside_the_others_each_with_its_field(where):
    for i, (file, change, _) in enumerate(RUNS.values()):
        folder = make_run(where.runs_dir, f"harmed{i}", FACES)
        harm(folder / file, change, 1 if file == runs.METRICS else None)
    make_run(where.runs_dir, "healthy", FACES)
    waiting = make_run(where.runs_dir, "waiting", FACES)
    runs.write_status(waiting, "queued", ticket=1)
    app = open_page("train")
    app.session_state["train_shown"] = 100
    app.run()
    assert not app.exception
    assert not app.error
    shown = text(app)
    for file, _, words in RUNS.values():
        assert f"damaged: {file}" in shown
        assert words in shown
    assert "next in line" in shown
    assert {"open_healthy", "open_waiting"} <= {button.key for button in app.button}
    table = open_page("train", tab="Compare").dataframe[0].value
    assert {"healthy", "waiting"} <= set(table["run"])
    for i, (file, _, words) in enumerate(RUNS.values()):
        app = open_page("train", run=f"harmed{i}")
        assert words in text(app)
        assert not app.error, file


def test_damaged_scores_of_a_run_are_told_where_runs_are_compared(where):
    score = {"task": "expression", "data": "d", "split": "validation", "n": 14, "digest": "x",
             "labels_from": "given", "label_set": "fer7", "accuracy": 0.5,
             "accuracy_ci": [0.27, 0.73]}  # fmt: skip
    for name, content in {
        "good": {"scores": [score]},
        "bad": {"scores": [score, {**score, "accuracy": "high"}]},
    }.items():
        folder = make_run(where.runs_dir, name, FACES)
        (folder / runs.SCORES).write_text(json.dumps(content))
    app = open_page("train", tab="Compare")
    assert not app.error
    assert "bad is damaged: scores.json: scores[1]: accuracy: expected a number" in text(app)
    assert "d **validation**, 14 faces" in text(app)
