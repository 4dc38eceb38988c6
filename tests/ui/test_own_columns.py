"""A dataset's own columns on the page, whatever they are called, and two datasets side by side."""

import json
from functools import partial

import numpy as np
import pandas as pd
import pytest

from emotion_ai.datasets import open_dataset
from emotion_ai.datasets.store import DatasetWriter
from emotion_ai.settings import settings
from tests.support import app_pages
from tests.support.app_pages import html, text

open_page = partial(app_pages.open_page, "datasets")
N = 70
MARKUP = "<img src=x onerror=alert(1)> **b** $x$ [l](javascript:a)"


def columns() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"valence": rng.uniform(-1, 1, N), "arousal": rng.uniform(-1, 1, N)})
    table.loc[:4, "valence"] = np.nan
    table["age group"] = [["0-3", "4-19", "20-39", None][i % 4] for i in range(N)]
    table["occlusion"] = [i % 3 == 0 for i in range(N)]
    table["yaw"] = [str(i - 35) if i else "n/a" for i in range(N)]
    table["subject"] = [f"S{i:04}" for i in range(N)]
    table["always"], table["never"] = "the same", None
    table[MARKUP] = [[MARKUP, "😀", "`code`"][i % 3] for i in range(N)]
    table["年齢 😀"] = [i % 5 for i in range(N)]
    table["brightness"] = np.arange(N) / 7
    return table


@pytest.fixture(scope="module")
def shelf(tmp_path_factory, drawn):
    folder = tmp_path_factory.mktemp("own")
    faces = drawn("expression", N)
    drawn("expression", N, into=folder / "data")
    rows = faces.samples[["split", "source", "group", "expression"]].to_dict("records")
    with DatasetWriter(folder / "data" / "own", "expression", 48) as writer:
        own = columns().astype(object).to_dict("records")
        for image, row, more in zip(faces.images, rows, own, strict=True):
            writer.add(np.asarray(image), {**row, **more})
        table = writer.table()
        writer.commit(table.assign(valence=table["valence"].astype(float)))
    return folder


@pytest.fixture(autouse=True)
def on_the_shelf(shelf, use_places):
    use_places(data=shelf / "data", cache=shelf / "cache")


def grid(app) -> dict:
    proto = app.get("bidi_component")[0].proto
    return json.loads(proto.json) if proto.json else json.loads(proto.mixed.json)


def plot(app, place: int = 0) -> dict:
    return json.loads(app.get("plotly_chart")[place].proto.spec)


def test_every_column_that_tells_faces_apart_is_offered_and_no_other():
    app = open_page(data="own")
    offered = app.multiselect(key="by").options
    assert offered == ["valence", "arousal", "age group", "occlusion", "yaw", "subject",
                       MARKUP, "年齢 😀", "brightness"]  # fmt: skip
    assert "valence (column)" in app.selectbox(key="sort").options


def test_a_column_of_few_kinds_is_chosen_from_and_lives_in_the_address():
    app = open_page(data="own")
    app.multiselect(key="by").set_value(["age group"]).run()
    control = app.multiselect(key="by age group")
    assert control.options == ["0-3", "4-19", "20-39", "no value"]
    control.set_value(["4-19", "no value"]).run()
    assert grid(app)["rows"] == [i for i in range(N) if i % 4 in (1, 3)]
    again = open_page(data="own", **{"by": "age group", "by age group": "4-19"})
    assert grid(again)["rows"] == [i for i in range(N) if i % 4 == 1]


def test_a_column_of_numbers_is_narrowed_by_its_ends_and_text_can_be_numbers():
    app = open_page(data="own", by="yaw")
    slider = app.slider(key="by yaw")
    assert (slider.min, slider.max) == (-34, 34)
    slider.set_value((0.0, 10.0)).run()
    assert grid(app)["rows"] == list(range(35, 46))
    # Whoever has no number is there until the range is narrowed.
    app = open_page(data="own", by="valence")
    assert len(grid(app)["rows"]) == N
    app.slider(key="by valence").set_value((-1.0, 0.0)).run()
    own = open_dataset(settings().data_dir / "own").samples["valence"]
    assert grid(app)["rows"] == np.flatnonzero(own.to_numpy() <= 0).tolist()


def test_a_column_of_many_kinds_is_searched(monkeypatch):
    monkeypatch.setattr("emotion_ai.datasets.columns.FEW_WORDS", 20)
    app = open_page(data="own", by="subject")
    app.text_input(key="by subject").set_value("s000").run()
    assert grid(app)["rows"] == list(range(10))
    app.text_input(key="by subject").set_value("nobody").run()
    assert "No face matches" in text(app)
    next(b for b in app.button if b.label == "Remove all filters").click().run()
    assert len(grid(app)["rows"]) == N


def test_sorting_by_a_column_says_its_value_under_each_face():
    app = open_page(data="own", sort="yaw (column)", down="true")
    assert grid(app)["rows"][:2] == [69, 68]
    assert grid(app)["rows"][-1] == 0
    assert grid(app)["captions"][0].endswith(" 34")
    app.selectbox(key="sort").set_value("brightness (column)").run()  # not the app's own
    assert grid(app)["rows"][:2] == [69, 68]


def test_hostile_names_and_values_are_shown_and_never_interpreted():
    app = open_page(data="own", **{"by": MARKUP, "face": "0"})
    app.multiselect(key=f"by {MARKUP}").set_value([MARKUP]).run()
    assert grid(app)["rows"] == [i for i in range(N) if i % 3 == 0]
    assert "onerror" not in html(app)
    facts = next(c.value for c in app.caption if "onerror" in c.value)
    assert "\\<img" in facts
    assert "\\*\\*b\\*\\*" in facts
    assert "\\$x\\$" in facts
    app.selectbox(key="sort").set_value(f"{MARKUP} (column)").run()
    assert not app.exception
    app = open_page(data="own", tab="Map", colour=f"{MARKUP} (column)")
    assert all("<" not in trace["name"] for trace in plot(app)["data"])


def test_an_address_with_columns_that_are_not_there_shows_all_faces():
    app = open_page(data="own", **{"by": "nonsense", "sort": "nonsense (column)"}, error=None)
    assert len(grid(app)["rows"]) == N
    app = open_page(data="own", **{"by": "age group", "by age group": "none such"}, error=None)
    assert len(grid(app)["rows"]) == N
    app = open_page(data="own", **{"by": "yaw", "by yaw": "x"}, error=None)
    assert len(grid(app)["rows"]) == N


def test_another_dataset_forgets_the_filters_of_the_last():
    app = open_page(data="own", by="age group")
    app.multiselect(key="by age group").set_value(["0-3"]).run()
    app.selectbox(key="data").set_value("synthetic_expression").run()
    assert not app.exception
    assert len(grid(app)["rows"]) == N
    app.selectbox(key="data").set_value("own").run()
    assert app.multiselect(key="by").value == []


@pytest.mark.parametrize("tab", ["Map", "Scatter"])
def test_points_are_coloured_by_every_column(tab):
    app = open_page(data="own", tab=tab)
    options = app.selectbox(key="colour").options
    assert {"valence (column)", "subject (column)", "brightness", "brightness (column)"} <= set(
        options
    )
    for colour in options:
        app.selectbox(key="colour").set_value(colour).run()
        assert not app.exception, colour
    app.selectbox(key="colour").set_value("subject (column)").run()
    assert "others" in plot(app)["data"][-1]["name"]
    app.selectbox(key="colour").set_value("valence (column)").run()
    assert plot(app)["data"][-1]["name"] == "no value (5)" or tab == "Scatter"


def test_valence_and_arousal_come_first_as_their_own_picture():
    app = open_page(data="own", tab="Scatter")
    assert app.button_group(key="picture").value == "valence and arousal"
    layout = plot(app)["layout"]
    assert layout["xaxis"]["range"] == layout["yaxis"]["range"] == [-1.12, 1.12]
    assert "5 faces without a number in one of the two: not shown." in text(app)


def test_any_two_columns_stand_against_each_other():
    app = open_page(data="own", tab="Scatter", picture="two columns")
    app.selectbox(key="x").set_value("yaw (column)").run()
    app.selectbox(key="y").set_value("brightness").run()
    layout = plot(app)["layout"]
    assert (layout["xaxis"]["title"]["text"], layout["yaxis"]["title"]["text"]) == (
        "yaw", "brightness"
    )  # fmt: skip
    assert "occlusion (column)" not in app.selectbox(key="x").options
    plain = open_page(data="synthetic_expression", tab="Scatter")
    assert "picture" not in {group.key for group in plain.button_group}
    assert plain.selectbox(key="x").value == "how sure the model is"


def test_faces_are_taken_away_with_their_own_columns():
    from emotion_ai.audit.catalogue import catalogue, listing
    from emotion_ai.datasets.columns import own_columns

    dataset = open_dataset(settings().data_dir / "own")
    found = listing(catalogue(dataset, settings()), np.array([4, 0]), {},
                    own_columns(dataset.samples))  # fmt: skip
    assert found["yaw"].tolist()[0] == -31
    assert np.isnan(found["yaw"].iloc[1])
    assert found["brightness (column)"].iloc[0] == pytest.approx(4 / 7)
    assert found[MARKUP].tolist() == ["😀", MARKUP]


def test_two_datasets_stand_side_by_side():
    app = open_page(data="own", tab="Compare")
    assert app.selectbox(key="beside").value == "synthetic_expression"
    shown = text(app)
    assert f"{N} images of own stand in synthetic_expression, too: {N} exactly, 0 nearly" in shown
    facts = app.dataframe[0].value
    assert facts["faces"].tolist() == [N, N]
    assert len(plot(app)["data"]) == 2
    next(b for b in app.button if b.label.startswith("Those of own")).click().run()
    assert app.session_state["tab"] == "Browse"
    assert len(grid(app)["rows"]) == N


def test_how_models_do_on_each_stands_in_one_table():
    app = open_page(data="own", tab="Compare")
    app.multiselect(key="models").set_value(["expression@given"]).run()
    table = next(d.value for d in app.dataframe if "accuracy %" in d.value)
    assert table["data"].tolist() == ["own", "synthetic_expression"]
    assert (table["from"] < table["accuracy %"]).all()
    assert "Intervals over" in text(app)  # own names people


def test_without_a_second_dataset_the_page_says_so(use_places, tmp_path, drawn):
    drawn("expression", N, into=tmp_path / "data")
    use_places(data=tmp_path / "data")
    app = open_page(data="synthetic_expression", tab="Compare")
    assert "no second dataset" in text(app)


def test_a_counterpart_that_is_now_the_dataset_itself_gives_way():
    app = open_page(data="own", tab="Compare", beside="synthetic_expression")
    app.selectbox(key="data").set_value("synthetic_expression").run()
    assert not app.exception
    assert app.selectbox(key="beside").value == "own"


def test_keypoint_sets_are_compared_too(shelf, drawn, use_places, tmp_path):
    drawn("keypoints", 35, into=tmp_path / "data")
    drawn("keypoints", 35, seed=4, into=tmp_path / "more").folder.rename(tmp_path / "data" / "b")
    use_places(data=tmp_path / "data", cache=tmp_path / "cache")
    app = open_page(data="b", tab="Compare", models="keypoints")
    assert "all 15 points" in app.dataframe[0].value
    table = next(d.value for d in app.dataframe if "RMSE px" in d.value)
    assert len(table) == 2
