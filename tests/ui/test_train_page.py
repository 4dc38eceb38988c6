"""The Train page through AppTest: what is started, what is refused, and what run folders show."""

import json
import time
from dataclasses import replace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from emotion_ai.access import permissions
from emotion_ai.access.permissions import NOBODY, OWNER
from emotion_ai.datasets import import_dataset
from emotion_ai.datasets.marks import Mark, set_marks
from emotion_ai.datasets.store import open_dataset
from emotion_ai.errors import EmotionAIError
from emotion_ai.models.store import open_model
from emotion_ai.networks.presets import PRESETS
from emotion_ai.settings import ROOT, settings
from emotion_ai.storage import records
from emotion_ai.storage.arrays import save_arrays
from emotion_ai.training import queue, runs
from emotion_ai.training.checks import check
from emotion_ai.training.config import TrainingConfig
from emotion_ai.ui.train import cards
from tests.support import app_pages
from tests.support.app_pages import button, html, open_page
from tests.support.dataset_files import fer_csv
from tests.support.second_model import noisy_copy
from tests.support.shipped_models import best_epoch, trained


@pytest.fixture(scope="module")
def data(tmp_path_factory, drawn):
    folder = tmp_path_factory.mktemp("train_page") / "data"
    drawn("expression", 70, into=folder)
    drawn("keypoints", 70, into=folder)
    usages = ["Training"] * 8 + ["PublicTest"] * 4
    four = fer_csv(folder.parent / "four.csv", [0, 1, 2, 3] * 3, usages)
    import_dataset(four, folder, name="with_four")
    return folder


@pytest.fixture
def runs_dir(tmp_path, data, monkeypatch, use_places):
    """An empty folder for runs; nothing is trained: who would, is noted."""
    use_places(data=data, runs=tmp_path / "runs", cache=tmp_path / "cache")
    monkeypatch.setattr(queue, "start_worker", lambda runs_dir: started.append(runs_dir))
    started.clear()
    (tmp_path / "runs").mkdir()
    return tmp_path / "runs"


started = []


def text(app: AppTest) -> str:
    return app_pages.text(app) + html(app)


def make_run(runs_dir, name, state="finished", epochs=3, **changes):
    task = changes.pop("task", "expression")
    config = TrainingConfig.for_task(task, (f"synthetic_{task}",), **changes)
    folder = runs.create_run(runs_dir, config.as_dict(), name)
    key, values = (
        ("validation_accuracy", [0.3, 0.62, 0.5, 0.4])
        if task == "expression"
        else ("validation_rmse_px", [9.0, 3.25, 4.0, 5.0])
    )
    lines = [
        {"epoch": i + 1, "loss": 2.0 - i / 10, "validation_loss": abs(i - 1) + 0.5,
         "learning_rate": 1e-3, "seconds": 60, key: values[i]}
        for i in range(epochs)
    ]  # fmt: skip
    (folder / runs.METRICS).write_text("".join(json.dumps(line) + "\n" for line in lines))
    runs.write_status(folder, state)
    return folder


def test_start_queues_the_run_that_was_asked_for_and_opens_it(runs_dir):
    app = open_page("train")
    assert "No run yet" in text(app)
    assert "Learns from **42** faces, checks itself on **14** others." in text(app)
    app.number_input(key="train_epochs_expression_demo").set_value(5).run()
    app.number_input(key="batch_size_expression_demo").set_value(24).run()
    app.pills(key="switches_expression_demo").set_value(["Mirror", "Erase"]).run()
    app.text_input(key="train_name").set_value("lesson").run()
    button(app, "START").click().run()
    assert not app.exception
    (folder,) = queue.queued(runs_dir)
    config = TrainingConfig.from_dict(runs.read_run(folder).config)
    assert (folder.name, config.preset, config.epochs, config.batch_size) == (
        "lesson",
        "demo",
        5,
        24,
    )
    amounts = config.augmentation
    assert (amounts.flip, amounts.erase, amounts.rotation_deg, amounts.noise) == (0.5, 0.25, 0, 0)
    assert runs_dir in started
    assert app.query_params["run"] in ("lesson", ["lesson"])
    assert "next in line" in text(app)


def test_a_run_may_grow_from_a_model_and_learn_from_others(runs_dir, tmp_path, use_places):
    ours = open_model(ROOT / "models", "expression")
    one_head = replace(ours, card={**ours.card, "heads": ["given"], "truth": "given"})
    noisy_copy(one_head, tmp_path / "models", "other")
    use_places(models=tmp_path / "models")
    app = open_page("train")
    app.selectbox(key="train_preset_expression_True").set_value("deep").run()
    app.selectbox(key="init_expression_deep").set_value("other").run()
    app.multiselect(key="teachers_expression_deep").set_value(["other"]).run()
    button(app, "START").click().run()
    assert not app.exception
    (folder,) = queue.queued(runs_dir)
    config = TrainingConfig.from_dict(runs.read_run(folder).config)
    told = (config.preset, config.init, config.teachers)
    assert told == ("deep", "other", ("other",))


def test_a_network_that_is_one_entry_is_offered_and_queued(runs_dir, monkeypatch):
    monkeypatch.setitem(PRESETS, "tiny", replace(PRESETS["demo"], purpose="the least there is"))
    app = open_page("train")
    network = app.selectbox(key="train_preset_expression_True")
    assert "tiny: the least there is" in network.options
    network.set_value("tiny").run()
    button(app, "START").click().run()
    (folder,) = queue.queued(runs_dir)
    assert runs.read_run(folder).config["preset"] == "tiny"


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        ({"train_data_expression": ["synthetic_keypoints"]}, "another dataset or the other task"),
        ({"init_expression_demo": "expression"}, "its weights do not fit demo"),
        ({"teachers_expression_demo": ["keypoints"]}, "expected a model for angry, disgust"),
        ({"train_task": "keypoints", "train_data_keypoints": ["synthetic_expression"]},
         "a network for keypoints cannot learn from it"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_explained_and_not_started(runs_dir, choices, said):
    app = open_page("train")
    for key, value in choices.items():
        app.session_state[key] = value
        app.run()
    assert not app.exception
    assert said in app.error[0].value.replace("\\", "")
    assert button(app, "START").disabled
    assert queue.queued(runs_dir) == []


def test_data_of_four_expressions_is_learned_as_four(runs_dir):
    app = open_page("train")
    app.session_state["train_data_expression"] = ["with_four"]
    app.run()
    assert not app.error
    button(app, "START").click().run()
    (folder,) = queue.queued(runs_dir)
    assert len(runs.read_config(folder).expressions) == 4


def test_a_split_that_is_empty_is_explained(runs_dir, data):
    dataset = open_dataset(data / "with_four")
    dataset.__dict__["samples"] = dataset.samples.assign(split="test")
    with pytest.raises(EmotionAIError, match="no split 'train'"):
        check(
            TrainingConfig.for_task("expression", ("with_four",)), [dataset], settings().models_dir
        )


def test_a_class_that_one_mark_made_can_be_left_out(runs_dir, data):
    dataset = open_dataset(data / "with_four")
    there = sorted(set(dataset.samples["expression"]), key=dataset.labels.index)
    made = next(name for name in dataset.labels.expressions if name not in there)
    set_marks(dataset, [0], Mark("relabel", made))
    try:
        app = open_page("train")
        app.session_state["train_data_expression"] = ["with_four"]
        app.run()
        assert f"has no {made} faces for validation" in text(app)
        assert button(app, "START").disabled
        classes = next(box for box in app.selectbox if box.label == "Expressions")
        assert classes.options == ["angry, disgust, fear, happy and 1 more", ", ".join(there)]
        classes.set_value(classes.options[1]).run()
        assert not app.error
        button(app, "START").click().run()
    finally:
        set_marks(dataset, [0], None)
    (folder,) = queue.queued(runs_dir)
    assert sorted(runs.read_config(folder).expressions.expressions) == sorted(there)


def test_cards_say_how_far_how_fast_and_how_long(runs_dir):
    folder = make_run(runs_dir, "going", "running", epochs=2)
    (folder / runs.PROGRESS).write_text(
        json.dumps(
            {
                "epoch": 3,
                "batch": 5,
                "batches": 10,
                "images_per_s": 214.4,
                "left_s": 1860.0,
                "memory_mb": 812.0,
                "phase": "training",
                "time": time.time(),
            }
        )
    )
    waiting = queue.enqueue(
        TrainingConfig.for_task("expression", ("a",)), name="later", runs_dir=runs_dir
    )
    app = open_page("train")
    assert "epoch 3/30 · 214 images/s · 31 min left · 812 MB" in text(app)
    assert "best 62.0 % in epoch 2" in text(app)
    assert "next in line" in text(app)
    assert "START (behind 1 other)" in [b.label for b in app.button]
    next(b for b in app.button if b.key == "stop_card_later").click().run()
    assert runs.read_run(waiting).state == "cancelled"
    next(b for b in app.button if b.key == "resume_card_later").click().run()
    assert runs.read_run(waiting).state == "queued"
    assert not app.exception


def test_the_recipe_of_the_shipped_models_can_be_chosen(runs_dir):
    app = open_page("train")
    app.selectbox(key="train_preset_expression_True").set_value("best").run()
    assert app.number_input(key="learning_rate_expression_best").value == 1.5e-3
    assert "less than half of the 42 training faces" in app.error[0].value
    assert button(app, "START").disabled
    app.number_input(key="calibration_faces_expression_best").set_value(30).run()
    assert button(app, "START").disabled
    app.number_input(key="calibration_faces_expression_best").set_value(10).run()
    assert not button(app, "START").disabled
    assert "Learns from **32** faces" in text(app)
    app.number_input(key="calibration_faces_expression_best").set_value(25).run()
    assert button(app, "START").disabled
    app.number_input(key="calibration_faces_expression_best").set_value(10).run()
    button(app, "START").click().run()
    assert not app.exception
    (folder,) = queue.queued(runs_dir)
    config = TrainingConfig.from_dict(runs.read_run(folder).config)
    shipped = TrainingConfig.for_task("expression", ("synthetic_expression",), preset="best")
    assert config == replace(shipped, calibration_faces=10, labels="given")  # nobody voted


def test_one_run_closely_shows_curves_mistakes_and_its_log(runs_dir):
    folder = make_run(runs_dir, "shaky", "failed")
    (folder / runs.LOG).write_text("line\nOut of luck\n")
    save_arrays(
        folder / runs.MISTAKES,
        {"images": np.zeros((2, 48, 48), np.uint8), "truth": np.array([3, 4]),
         "said": np.array([4, 3]), "p": np.array([0.5, 0.6]), "counts": np.array([3, 2, 14])},
    )  # fmt: skip
    app = open_page("train", run="shaky")
    assert "failed after epoch 3/30" in text(app)
    assert "After epoch 3, 2 of 14 validation faces are named wrongly" in text(app)
    assert "Out of luck" in app.code[0].value
    charts = app.get("plotly_chart")
    assert len(charts) == 3
    stars = [trace for trace in json.loads(charts[0].proto.spec)["data"] if "best" in trace["name"]]
    assert stars[0]["x"] == [2]
    assert stars[0]["y"] == [0.62]


def test_the_page_begins_anew_as_soon_as_there_is_something_to_save(runs_dir):
    """*Save* stands where nothing refreshes by itself: the head, which does, has to see to it."""

    def page(folder):
        from pathlib import Path

        import streamlit as st

        from emotion_ai.ui.train import watch

        st.session_state["runs"] = st.session_state.get("runs", 0) + 1
        if st.session_state["runs"] == 1:
            watch._head(Path(folder), ("finished", False))

    folder = make_run(runs_dir, "new")
    app = AppTest.from_function(page, args=(str(folder),), default_timeout=120).run()
    assert app.session_state["runs"] == 1
    (folder / runs.BEST).touch()
    app = AppTest.from_function(page, args=(str(folder),), default_timeout=120).run()
    assert app.session_state["runs"] == 2


@pytest.mark.parametrize("harm", ["no config", "torn config", "wrong config", "torn status",
                                  "strange status", "torn metrics", "torn mistakes", "torn scores",
                                  "folder for a file", "nonsense progress"])  # fmt: skip
def test_a_harmed_folder_is_shown_as_such_and_breaks_nothing_else(runs_dir, harm):
    make_run(runs_dir, "sound")
    folder = make_run(runs_dir, "harmed")
    write = {
        "torn config": (runs.CONFIG, '{"task": "expr'),
        "wrong config": (runs.CONFIG, '{"task": "expression", "data": 5, "wings": 2}'),
        "torn status": (runs.STATUS, '{"state'),
        "strange status": (runs.STATUS, '{"state": "flying"}'),
        "torn metrics": (runs.METRICS, '{"epoch": 1, "loss": 2.0, "validation_loss": 1.0}\n{"epo'),
        "torn mistakes": (runs.MISTAKES, "PK half of it"),
        "torn scores": (runs.SCORES, '{"scores": [{"acc'),
        "nonsense progress": (runs.PROGRESS, '{"batches": "x", "epoch": [], "left_s": "soon"}'),
    }
    if harm == "no config":
        (folder / runs.CONFIG).unlink()
    elif harm == "folder for a file":
        (folder / runs.METRICS).unlink()
        (folder / runs.METRICS).mkdir()
    else:
        name, content = write[harm]
        (folder / name).write_text(content)
    unknown = "config" in harm or "status" in harm
    assert runs.read_run(folder).state == ("damaged" if unknown else "finished")
    app = open_page("train")
    assert {"open_sound", "open_harmed"} <= {b.key for b in app.button}
    damaged = unknown or harm in ("folder for a file", "nonsense progress")
    assert ("damaged: " in text(app)) is damaged
    app = open_page("train", run="harmed")
    assert not app.error
    app = open_page("train", tab="Compare")
    assert set(app.dataframe[0].value["run"]) >= {"sound"}


def test_200_runs_cost_one_reading_each_and_a_handful_of_cards(runs_dir, monkeypatch):
    for i in range(200):
        make_run(runs_dir, f"run-{i:03}")
    reads = []
    read_text = records.read_text
    monkeypatch.setattr(records, "read_text", lambda path: reads.append(path) or read_text(path))
    runs._kept.clear()
    app = open_page("train")
    assert len([path for path in reads if path.name == runs.CONFIG]) == 200
    assert len([b for b in app.button if (b.key or "").startswith("open_run")]) == cards.SHOWN
    assert "Show more: 194 earlier runs" in [b.label for b in app.button]
    reads.clear()
    app.run()
    assert [path for path in reads if runs_dir in path.parents] == []
    button(app, "Show more").click().run()
    assert len([b for b in app.button if (b.key or "").startswith("open_run")]) == 5 * cards.SHOWN


def own_rows(app: AppTest):
    """The table without the trainings of the shipped models."""
    table = app.dataframe[0].value
    return table[~table["run"].isin(["expression", "keypoints"])]


def test_compare_tells_what_differs_and_scores_only_on_the_same_faces(runs_dir):
    score = {"task": "expression", "data": "faces", "digest": "d", "split": "validation", "n": 14,
             "labels_from": "given", "label_set": "fer7", "accuracy": 0.5,
             "accuracy_ci": [0.27, 0.73]}  # fmt: skip
    for name, digest, rate in (("one", "d", 1e-3), ("two", "d", 2e-3), ("three", "e", 2e-3)):
        folder = make_run(runs_dir, name, learning_rate=rate)
        content = {"scores": [{**score, "digest": digest}]}
        (folder / runs.SCORES).write_text(json.dumps(content))
    make_run(runs_dir, "points", task="keypoints")
    app = open_page("train", tab="Compare")
    app.session_state["compare_task"] = "expression"
    app.run()
    table = own_rows(app)
    assert set(table["run"]) == {"one", "two", "three"}
    assert set(table["95 %"]) == {"27.0 to 73.0"}
    assert set(table["score"]) == {50.0}  # the one that the interval is of
    assert "their scores do not compare" in text(app)
    app.text_input(key="compare_text").set_value("two").run()
    assert set(app.dataframe[0].value["run"]) == {"two"}
    app.text_input(key="compare_text").set_value("").run()
    app.session_state["compare_task"] = "keypoints"
    app.run()
    assert list(own_rows(app)["score"]) == [3.25]


def test_differing_settings_are_the_only_ones_named(runs_dir):
    make_run(runs_dir, "one", learning_rate=1e-3)
    make_run(runs_dir, "two", learning_rate=2e-3, flip=0.0)
    app = open_page("train", tab="Compare")
    shown = app.dataframe[1].value
    assert sorted(shown["setting"]) == ["flip", "learning_rate"]


def test_strangers_look_but_start_stop_and_delete_nothing(runs_dir, monkeypatch):
    make_run(runs_dir, "kept")
    folder = queue.enqueue(
        TrainingConfig.for_task("expression", ("a",)), name="w", runs_dir=runs_dir
    )
    monkeypatch.setattr(permissions, "_identify", lambda: NOBODY)
    app = open_page("train")
    assert button(app, "START").disabled
    assert button(app, "Stop").disabled
    for attempt in (
        lambda: queue.enqueue(TrainingConfig.for_task("expression", ("a",)), runs_dir=runs_dir),
        lambda: queue.cancel(folder),
        lambda: runs.delete_run(runs_dir / "kept"),
    ):
        with pytest.raises(permissions.AccessError, match="Only editors"):
            attempt()
    monkeypatch.setattr(permissions, "_identify", lambda: OWNER)
    assert len(runs.list_runs(runs_dir)) == 2


def test_the_trainings_of_the_shipped_models_are_runs_to_look_at(runs_dir):
    app = open_page("train")
    assert "No run yet" in text(app)
    assert f"best {best_epoch('keypoints')}" in text(app)
    app = open_page("train", run="keypoints")
    assert f"finished after {trained('keypoints')}" in text(app)
    assert len(app.get("plotly_chart")) == 3
    labels = [found.label for found in app.button]
    assert "Delete it for good" not in labels
    assert "Save" not in labels
    make_run(runs_dir, "keypoints")  # one's own of that name goes first
    assert "finished after epoch 3/" in text(open_page("train", run="keypoints"))
    assert {"expression", "keypoints"} <= set(
        open_page("train", tab="Compare").dataframe[0].value["run"]
    )
