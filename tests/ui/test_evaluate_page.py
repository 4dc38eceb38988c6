"""The Evaluate page through AppTest: every tab, one and two models, and a machine without data."""

import json
import secrets
import shutil
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from emotion_ai.datasets import import_dataset
from emotion_ai.datasets.store import open_dataset
from emotion_ai.evaluation.assessment import Question, assess
from emotion_ai.evaluation.keypoint_errors import UNMEASURED
from emotion_ai.labels import COORDINATE_COLUMNS, set_of
from emotion_ai.models.store import open_model
from emotion_ai.settings import ROOT, settings
from emotion_ai.ui import components
from emotion_ai.ui.evaluate import TABS, confusion
from tests.support import app_pages
from tests.support.app_pages import text
from tests.support.dataset_files import VOTES_HEADER, fer_csv, write_csv
from tests.support.second_model import noisy_copy

open_page = partial(app_pages.open_page, "evaluate")
FACES = 105


@pytest.fixture(scope="module")
def shelf(tmp_path_factory, drawn):
    """Both shipped models with a noisy copy each, and synthetic faces for both tasks."""
    folder = tmp_path_factory.mktemp("evaluate")
    for task in ("expression", "keypoints"):
        shutil.copytree(ROOT / "models" / task, folder / "models" / task)
        noisy_copy(open_model(ROOT / "models", task), folder / "models", f"{task}_noisy")
        drawn(task, FACES, into=folder / "data")
    return folder


@pytest.fixture(autouse=True)
def on_the_shelf(use_places, shelf):
    use_places(shelf, "data", "models", "cache")


@pytest.mark.parametrize(("task", "tab"), [(task, tab) for task in TABS for tab in TABS[task]])
def test_every_tab_opens(task, tab):
    app = open_page(model=task, tab=tab)
    assert app.session_state["tab"] == tab
    assert f"on synthetic_{task} **test**" in text(app)


@pytest.mark.parametrize(
    ("task", "tab", "said"),
    [
        ("expression", "Two models", "McNemar's test"),
        ("keypoints", "Two models", "it is closer on"),
        ("keypoints", "Points", "Left against right"),
    ],
)
def test_two_models_stand_side_by_side(task, tab, said):
    app = open_page(model=task, tab=tab, **{"with": f"{task}_noisy"})
    assert f"**{task}_noisy** on" in text(app)
    assert said in text(app)


def without_eye_corners(shelf, folder, rows) -> None:
    """The drawn faces with points, without a labelled outer eye corner in ``rows``."""
    copied = folder / "data" / "synthetic_keypoints"
    dataset = open_dataset(shutil.copytree(shelf / "data" / copied.name, copied))
    samples = dataset.samples.copy()
    corners = [name for name in COORDINATE_COLUMNS if "eye_outer_corner" in name]
    samples.loc[samples.index[rows], corners] = np.nan
    samples.to_parquet(copied / "samples.parquet", index=False)
    own = {"digest": secrets.token_hex(32)}  # what is kept of the others is not of these
    (copied / "dataset.json").write_text(json.dumps({**dataset.description, **own}))


@pytest.mark.parametrize("tab", ["Points", "Worst faces"])
def test_without_eye_corners_the_page_says_that_no_error_is_known(shelf, use_places, tmp_path, tab):
    without_eye_corners(shelf, tmp_path, slice(None))
    use_places(data=tmp_path / "data", cache=tmp_path / "cache")
    app = open_page(model="keypoints", tab=tab)
    assert UNMEASURED in text(app)
    assert "nan %" not in text(app)
    charts = " ".join(chart.proto.spec for chart in app.get("plotly_chart"))
    assert "of the faces are within" not in charts


def test_worst_faces_are_those_whose_error_is_known(shelf, use_places, tmp_path):
    test = open_dataset(shelf / "data" / "synthetic_keypoints").rows("test")
    without_eye_corners(shelf, tmp_path, test[3:])
    use_places(data=tmp_path / "data", cache=tmp_path / "cache")
    shown = text(open_page(model="keypoints", tab="Worst faces"))
    assert "The 3 faces with the largest error" in shown
    assert "nan %" not in shown


def test_scores_stand_with_faces_split_and_interval():
    app = open_page(model="expression")
    model = open_model(settings().models_dir, "expression")
    dataset = open_dataset(settings().data_dir / "synthetic_expression")
    expected = assess(model, dataset, Question("test"), settings()).scores
    low, high = expected["accuracy_ci"]
    assert app.metric[0].value == f"{100 * expected['accuracy']:.1f} %"
    assert f"95 %: {100 * low:.1f} to {100 * high:.1f} %" in text(app)
    assert "21 faces" in text(app)


def test_a_model_is_first_measured_by_what_it_was_trained_to_say(tmp_path, use_places):
    table = fer_csv(tmp_path / "fer.csv", [3, 4, 5, 6] * 2, ["PublicTest"] * 8)
    rows = ["PublicTest,,0,10,0,0,0,0,0,0,0,0", "PublicTest,,0,0,10,0,0,0,0,0,0,0"] * 4
    votes = write_csv(tmp_path / "votes.csv", f"Usage,Image name,{VOTES_HEADER}", rows)
    import_dataset(table, tmp_path / "data", name="voted", votes=votes)
    shutil.copytree(ROOT / "models" / "expression", tmp_path / "models" / "expression")
    use_places(data=tmp_path / "data", models=tmp_path / "models")
    app = open_page(model="expression")
    assert "crowd labels" in text(app)
    app.selectbox(key="model").set_value("expression@given").run()
    assert "given labels" in text(app)
    assert not [line for line in app.warning if "learnt" in line.value]
    app.segmented_control(key="truth").set_value("crowd").run()
    assert "crowd labels" in text(app)
    assert "learnt the given labels and is measured by the crowd ones" in text(app)
    assert "Crowd **" in text(app)  # one word for each truth
    assert "crowd **" in text(app)
    assert "iven **" not in text(app)
    assert "given labels" in text(open_page(model="expression", truth="given"))
    unknown = open_page(model="expression", truth="zzz")  # then by the truth that it learnt
    assert "crowd labels" in text(unknown)
    two = {"model": "expression", "with": "expression@given", "tab": "Two models"}
    assert "**expression@given** learnt the **given** labels" in text(open_page(**two))


def test_training_split_is_warned_about(shelf, monkeypatch):
    dataset = open_dataset(shelf / "data" / "synthetic_expression")
    model = open_model(shelf / "models", "expression")
    data = [
        {"name": dataset.name, "digest": dataset.digest, "splits": dataset.description["splits"]}
    ]
    monkeypatch.setitem(model.card, "data", data)
    from emotion_ai.ui import resources

    monkeypatch.setattr(resources, "models", lambda: [model])
    assert "trained on this split" in open_page(split="train").warning[0].value
    assert not [line for line in open_page(split="test").warning if "trained" in line.value]


def test_cell_in_the_address_shows_its_faces():
    app = open_page(model="expression", cell="happy-sad")
    assert "Given **happy**, named **sad**" in text(app)
    app = open_page(model="expression", cell="<b>-nonsense")
    assert "Given **" in text(app)


def test_cell_of_classes_with_hyphens_comes_back_from_the_address(monkeypatch):
    monkeypatch.setattr(confusion.st, "query_params", {})
    names = ["half-smile", "smile-wide", "wide open", "half"]
    assessment = SimpleNamespace(labels=set_of(names), confusion=np.zeros((4, 4), int))
    for row, column in np.ndindex(4, 4):
        confusion._put(names[row], names[column])
        assert confusion._cell(assessment) == (row, column)


def test_only_the_open_tab_is_computed(monkeypatch):
    from emotion_ai.ui.evaluate import conditions

    monkeypatch.setattr(conditions, "light_tables", lambda *a: pytest.fail("computed unseen"))
    open_page(model="expression", tab="Table")


def test_predictions_are_computed_once(monkeypatch, forget_caches):
    open_page(model="expression")
    forget_caches()
    from emotion_ai.evaluation import predictions

    monkeypatch.setattr(predictions, "predict_images", lambda *a: pytest.fail("computed again"))
    open_page(model="expression", tab="Table")


def test_fewer_expressions_and_the_threshold():
    app = open_page(model="expression", labels="course5", tab="Table")
    assert app.dataframe[0].value["expression"].tolist() == [
        "angry", "disgust", "sad", "happy", "surprise", "macro average", "weighted average",
    ]  # fmt: skip
    app = open_page(model="expression", tab="Curves", curve="Uncertain")
    before = answered(app)
    app.slider(key="threshold").set_value(0.95).run()
    assert answered(app) < before


def answered(app: AppTest) -> float:
    """The share of the faces that get an answer, in percent."""
    (shown,) = (metric.value for metric in app.metric if metric.label == "answered")
    return float(shown.split()[0])


def test_why_explains_the_face_in_the_address(shelf, use_places, tmp_path):
    use_places(cache=tmp_path)
    dataset = open_dataset(shelf / "data" / "synthetic_expression")
    row = int(dataset.rows("test")[3])
    app = open_page(model="expression", tab="Why?", face=str(row))
    assert app.number_input(key="why_face").value == row
    next(b for b in app.button if "Let the model read" in b.label).click().run()
    assert not app.exception
    assert "synthetic_expression train, which this model did not learn from" in text(app)


def test_both_together_is_one_row_a_face():
    app = open_page(model="expression", tab="Both together")
    table = app.dataframe[0].value
    assert len(table) == 21
    assert sum(column.endswith(("_x", "_y")) for column in table) == 30
    assert {"given", "expression", "p_happy"} <= set(table)
    app = open_page(model="keypoints", tab="Both together")
    assert {"expression", "nose_tip_x"} <= set(app.dataframe[0].value)


def test_without_data_the_page_offers_to_draw_some(monkeypatch, use_places, tmp_path):
    use_places(data=tmp_path / "none")
    monkeypatch.setattr(components, "SYNTHETIC_FACES", 35)
    app = open_page()
    app.button[0].click().run()
    assert not app.exception
    assert "synthetic_expression" in text(app)


def test_without_models_the_page_says_how_to_get_one(use_places, tmp_path):
    use_places(models=tmp_path / "none")
    app = open_page()
    assert "no expression model" in app.warning[0].value


def test_changing_the_task_leaves_no_tab_behind():
    app = open_page(model="expression", tab="Why?")
    app.selectbox(key="model").set_value("keypoints").run()
    assert not app.exception
    assert not app.error
    assert app.session_state["tab"] == "Points"
    assert "on synthetic_keypoints **test**" in text(app)


def test_nonsense_in_the_address_is_ignored():
    app = open_page(
        model="<b>", data="../x", split="9", tab="Nonsense", face="9" * 30, cell="a", curve="x"
    )
    assert "**expression** on synthetic_expression **test**" in text(app)
    assert not open_page(tab="Why?", face="-1").error
