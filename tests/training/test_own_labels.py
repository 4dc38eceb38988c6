"""A dataset with classes nobody thought of goes the whole way: import, train, score, read,
export, and every page and file names its classes."""

import json
from dataclasses import replace

import numpy as np
import pytest

from emotion_ai.datasets import import_dataset
from emotion_ai.datasets.marks import Mark, set_marks
from emotion_ai.datasets.store import Dataset
from emotion_ai.errors import ConfigError
from emotion_ai.evaluation.assessment import Question, assess, left_out_text
from emotion_ai.labels import COURSE5, FER7, FER8, FERPLUS_EXPRESSIONS, VOTE_COLUMNS
from emotion_ai.models.store import open_model
from emotion_ai.networks.architectures import build
from emotion_ai.reading.group import GroupTimeline
from emotion_ai.reading.predictor import Predictor
from emotion_ai.reading.table import readings_table
from emotion_ai.report.group import group_report
from emotion_ai.report.page import report_command, write_report
from emotion_ai.results import FaceBox
from emotion_ai.serving.export import export
from emotion_ai.settings import Settings
from emotion_ai.training import loop, runs
from emotion_ai.training.checks import check
from emotion_ai.training.config import TrainingConfig
from emotion_ai.training.conversion import store_checkpoint
from emotion_ai.training.examples import Examples, labelled_by
from emotion_ai.training.head import fit_head
from emotion_ai.ui.markup import probability_bars
from tests.support.dataset_files import png

#: What the folders are called, by the drawn expression in them.
FOLDERS = {"happy": "<img src=x onerror=alert(1)>", "sad": "考える", "surprise": "Happiness",
           "neutral": "sad"}  # fmt: skip
NAMES = ("happy", "sad", "‹img src=x onerror=alert(1)›", "考える")


@pytest.fixture(scope="module")
def faces(drawn):
    return drawn("expression", 210, seed=6)


@pytest.fixture(scope="module")
def own(faces, tmp_path_factory) -> Dataset:
    folder = tmp_path_factory.mktemp("own")
    for i, expression in enumerate(faces.samples["expression"]):
        if expression in FOLDERS:
            file = folder / "moods" / FOLDERS[expression] / f"{i}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(png(faces.images[i]))
    return import_dataset(folder / "moods", folder / "data").dataset


@pytest.fixture(scope="module")
def model(own, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    usual = TrainingConfig.for_task("expression", (own.name,), preset="demo", epochs=1,
                                    precision="float32")  # fmt: skip
    run = runs.create_run(folder, labelled_by(usual, [own]).as_dict())
    loop.train(run, [own])
    assert TrainingConfig.from_dict(runs.read_config(run).as_dict()).expressions == own.labels
    return store_checkpoint(run, [own], folder / "moods", quantise=False)


@pytest.fixture(scope="module")
def where(tmp_path_factory):
    return Settings(cache_dir=tmp_path_factory.mktemp("cache"))


def test_the_card_says_the_classes(own, model):
    assert own.labels.expressions == model.labels.expressions == NAMES
    assert json.loads((model.folder / "card.json").read_text())["classes"] == list(NAMES)
    assert model.card["scores"][0]["labels"] == list(NAMES)


def test_it_is_scored_on_the_classes_that_both_know(faces, model, where):
    found = assess(model, faces, Question("test"), where)
    assert found.labels.expressions == ("happy", "sad")
    assert set(found.dataset.samples["expression"].iloc[found.rows]) == {"happy", "sad"}
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1, rtol=1e-5)
    counts = faces.description["expressions"]["test"]
    assert found.scores["left_out"] == {
        "model": list(NAMES[2:]),
        "dataset": {name: n for name, n in counts.items() if name not in ("happy", "sad")},
    }
    assert f"fear ({counts['fear']} faces)" in left_out_text(found.scores)
    with pytest.raises(ConfigError, match="no output for angry"):
        assess(model, faces, Question("test", labels=COURSE5), where)


def test_a_set_without_common_classes_is_refused(own, model, where, faces):
    other = Dataset(own.folder, {**own.description, "label_set": "x", "classes": ["up", "down"]})
    with pytest.raises(ConfigError, match="two classes or more in common, got 0"):
        assess(model, other, Question("test"), where)


def test_photos_and_groups_name_the_classes(own, model):
    class OneFace:
        note = ""

        def detect(self, frame, max_side_px=0):
            return [FaceBox((8.0, 8.0, 40.0, 40.0), 0.9)]

    predictor = Predictor(OneFace(), expression=model)
    readings = predictor.read(np.repeat(own.images[0][..., None], 3, axis=2))
    table = readings_table([("a.jpg", readings)])
    said = table[[f"p_{name}" for name in NAMES]].to_numpy(float)
    assert said.sum() == pytest.approx(1, abs=1e-3)
    assert table["p_angry"].isna().all()
    assert "<img" not in probability_bars(readings[0].expression)
    group = GroupTimeline(NAMES, fewest=1)
    group.add(1.0, [readings[0].expression])
    page = group_report(group.summary())
    assert "考える" in page
    assert "<img src=x" not in page


def test_its_report_and_its_export_name_the_classes(own, model, where, tmp_path):
    found = assess(model, own, Question("test"), where)
    page = write_report(found)
    assert "考える" in page
    assert "<img src=x" not in page
    assert "--label-set" not in report_command(found)
    made = export(model, ["litert"], tmp_path, own.images[:4], "own faces")
    assert made.record["labels"] == list(NAMES)


def test_damaged_classes_are_named(model, own, tmp_path):
    card = {**model.card, "classes": ["a", "<b>"]}
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "card.json").write_text(json.dumps(card))
    with pytest.raises(Exception, match="expected a plain name"):
        open_model(tmp_path, "bad")


def test_a_crowd_of_eight_teaches_contempt(faces, tmp_path):
    votes = np.zeros((len(faces), 10), np.uint8)
    votes[:, FERPLUS_EXPRESSIONS.index("contempt")] = 9
    votes[np.arange(len(faces)), np.arange(len(faces)) % 7] = 1
    voted = Dataset(faces.folder, faces.description)
    voted.__dict__["samples"] = faces.samples.assign(
        **dict(zip(VOTE_COLUMNS, votes.T, strict=True))
    )
    asked = TrainingConfig.for_task("expression", (faces.name,), preset="demo", epochs=2,
                                    labels="crowd", label_set="fer8")  # fmt: skip
    run = runs.create_run(tmp_path / "runs", asked.as_dict())
    loop.train(run, [voted])
    model = store_checkpoint(run, [voted], tmp_path / "eight", quantise=False)
    assert model.labels == FER8
    said = model.network()(np.asarray(faces.images[:50]))["probabilities"].argmax(axis=1)
    assert {FER8.expressions[i] for i in said} == {"contempt"}
    given = assess(model, voted, Question("test"), Settings(cache_dir=tmp_path))
    assert given.labels == FER7  # the given labels know no contempt
    assert given.scores["left_out"]["model"] == ["contempt"]


def test_folders_of_some_of_fer2013s_expressions_are_learned_as_they_are(faces, tmp_path):
    for i, expression in enumerate(faces.samples["expression"]):
        if expression in ("happy", "sad"):
            file = tmp_path / "two" / expression / f"{i}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(png(faces.images[i]))
    two = import_dataset(tmp_path / "two", tmp_path / "data").dataset
    assert two.labels == FER7
    usual = TrainingConfig.for_task("expression", (two.name,), preset="demo", epochs=1)
    asked = labelled_by(usual, [two])
    assert asked.expressions.expressions == ("happy", "sad")
    check(asked, [two], tmp_path)
    loop.train(runs.create_run(tmp_path / "runs", asked.as_dict()), [two])
    set_marks(two, [0], Mark("relabel", "angry"))
    marked = labelled_by(replace(usual, honour_marks=True), [two])
    assert marked.expressions.expressions == ("angry", "happy", "sad")
    with pytest.raises(ConfigError, match="expected two classes or more"):
        check(replace(asked, classes=("happy",)), [two], tmp_path)


def test_a_head_whose_truth_lacks_a_class_is_fitted_all_the_same(faces):
    model = build("expression", 8, "demo", heads=2)
    rng = np.random.default_rng(0)
    crowd, given = (np.eye(8, dtype=np.float32)[rng.integers(0, n, 60)] for n in (8, 7))
    images = np.asarray(faces.images[:60])
    fit_head(model, Examples(images, np.stack([crowd, given], axis=1), np.ones(60, np.float32)))
    said = model.predict(images[..., None], verbose=0)
    assert said.shape == (60, 2, 8)
    assert said[:, 1, 7].max() < said[:, 1, :7].max(axis=1).min()


def test_data_of_the_other_task_is_refused_in_a_line(faces, drawn, tmp_path):
    points = drawn("keypoints", 35, seed=1)
    usual = TrainingConfig.for_task("expression", (faces.name, points.name), preset="demo")
    with pytest.raises(ConfigError, match="has keypoints"):
        check(labelled_by(usual, [faces, points]), [faces, points], tmp_path)
