"""The Datasets page through AppTest: every control, and a machine without data or models."""

import io
import json
import shutil
import zipfile
from functools import partial

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from emotion_ai.datasets import list_datasets, open_dataset
from emotion_ai.datasets.marks import Mark, load_marks, set_marks
from emotion_ai.evaluation.predictions import cached_path
from emotion_ai.labels import FER7
from emotion_ai.settings import settings
from emotion_ai.ui.datasets import TABS, face, setup
from emotion_ai.ui.datasets import view as views
from tests.support import app_pages
from tests.support.app_pages import html, text
from tests.support.dataset_files import fer_csv

open_page = partial(app_pages.open_page, "datasets")
SYNTHETIC = ("synthetic_expression", "synthetic_keypoints")
#: Rows of ``flawed``.
COPY, BLANKS = 70, (71, 72)


@pytest.fixture(autouse=True)
def on_the_shelf(flawed_shelf, use_places, tmp_path):
    data = shutil.copytree(flawed_shelf / "data", tmp_path / "data")
    use_places(data=data, cache=flawed_shelf / "cache")
    return data


def grid(app: AppTest, place: int = 0) -> dict:
    """What the picture of faces was given: its rows, the chosen one."""
    proto = app.get("bidi_component")[place].proto
    return json.loads(proto.json) if proto.json else json.loads(proto.mixed.json)


@pytest.mark.parametrize(
    ("data", "tab"),
    [("flawed", tab) for tab in TABS["expression"]]
    + [("synthetic_keypoints", tab) for tab in TABS["keypoints"]],
)
def test_every_tab_opens(data, tab):
    app = open_page(data=data, tab=tab)
    assert app.session_state["tab"] == tab
    assert app.selectbox(key="data").value == data


def test_first_view_shows_faces_splits_and_one_face_closely():
    app = open_page(data="flawed")
    shown = text(app)
    assert "73 faces" in shown
    assert "**train**" in shown
    assert "row 0" in shown
    assert "no face" not in html(app)
    assert 'alt="The chosen face"' in html(app)
    assert grid(app)["rows"] == list(range(73))
    assert grid(app)["chosen"] == 0


def test_guess_first_hides_what_is_known_of_a_face_until_it_is_revealed():
    app = open_page(data="flawed", face="3", guess="true")
    label = open_dataset(settings().data_dir / "flawed").samples["expression"].iloc[3]
    assert grid(app)["captions"] == []
    assert "Ten people" not in text(app)
    assert f"**{label}**" not in text(app)
    assert 'alt="The chosen face"' in html(app)
    app.button(key="reveal_face").click().run()
    assert "Ten people" in text(app)
    assert f"**{label}**" in text(app)
    app.button(key="face_after").click().run()
    assert "Ten people" not in text(app)  # the next is guessed again
    app.toggle(key="guess").set_value(False).run()
    assert "Ten people" in text(app)
    assert grid(app)["captions"]


def test_filters_narrow_the_grid_and_live_in_the_address():
    app = open_page(data="flawed")
    app.multiselect(key="expressions").set_value(["sad"]).run()
    sad = grid(app)["rows"]
    samples = open_dataset(settings().data_dir / "flawed").samples
    assert set(samples["expression"].iloc[sad]) == {"sad"}
    app.multiselect(key="only").set_value(["blank"]).run()
    assert grid(app)["rows"] == list(BLANKS)
    assert not app.exception
    again = open_page(data="flawed", only="blank")
    assert grid(again)["rows"] == list(BLANKS)


def test_filters_that_leave_nothing_say_so_and_can_be_taken_away():
    app = open_page(data="flawed")
    app.multiselect(key="expressions").set_value(["happy"]).run()
    app.multiselect(key="only").set_value(["blank"]).run()
    assert "No face matches" in text(app)
    next(b for b in app.button if b.label == "Remove all filters").click().run()
    assert len(grid(app)["rows"]) == 73


def test_sorting_and_right_or_wrong_follow_the_model():
    app = open_page(data="flawed", sort="how sure the model is", down="true")
    assert "copies disagree" in app.multiselect(key="only").options
    surest = grid(app)["rows"][:5]
    app.toggle(key="down").set_value(False).run()
    assert set(grid(app)["rows"][-20:]) >= set(surest)  # several are as sure as can be
    assert not set(grid(app)["rows"][:20]) & set(surest)
    app.multiselect(key="only").set_value(["named wrongly"]).run()
    wrong = len(grid(app)["rows"])
    app.multiselect(key="only").set_value(["named rightly"]).run()
    assert wrong + len(grid(app)["rows"]) == 73


def test_pages_turn_and_a_new_filter_begins_at_the_first(monkeypatch):
    from emotion_ai.ui.datasets import browse

    monkeypatch.setattr(browse, "_DOWN", 2)
    app = open_page(data="flawed", page="2")
    assert grid(app)["rows"][0] == 18
    app.button_group(key="across").set_value(6).run()
    assert grid(app)["rows"] == list(range(12))
    assert not app.exception


def test_face_in_the_address_is_shown_with_what_people_said():
    app = open_page(data="flawed", face="3")
    assert "row 3" in text(app)
    assert "Ten people" in text(app)
    assert "neutral" in html(app)
    assert "row 0" in text(open_page(data="flawed", face="<b>99999999"))


def test_keypoints_are_drawn_named_and_hidden_by_choice():
    app = open_page(data="synthetic_keypoints")
    assert html(app).count('class="ea-point') == 15
    assert "left eye center" in html(app)
    assert "All 15 points are labelled" in text(app)
    app.button_group(key="points").set_value("model's").run()
    assert html(app).count('class="ea-point') == 15
    app.button_group(key="points").set_value("none").run()
    assert 'class="ea-point' not in html(app)


def test_next_and_back_walk_through_the_filtered_faces():
    app = open_page(data="flawed", only="blank")
    app.button(key="face_after").click().run()
    assert f"row {BLANKS[1]}" in text(app)
    app.button(key="face_before").click().run()
    assert f"row {BLANKS[0]}" in text(app)


def test_marks_are_set_taken_back_and_filtered():
    app = open_page(data="flawed", face="5")
    app.button(key="mark_drop").click().run()
    dataset = open_dataset(settings().data_dir / "flawed")
    assert load_marks(dataset) == {5: Mark("drop")}
    assert "Marked: **drop**" in text(app)
    app.button(key="mark_fear").click().run()
    assert load_marks(dataset) == {5: Mark("relabel", "fear")}
    app.multiselect(key="only").set_value(["marked"]).run()
    assert grid(app)["rows"] == [5]
    app.button(key="mark_none").click().run()
    assert load_marks(dataset) == {}


def choose_together(app: AppTest, key: str, rows: list[int]) -> AppTest:
    """As the picture of faces tells it after Shift and a click; AppTest cannot click in it."""
    app.session_state["picked_faces"] = (key, rows)
    return app.run()


def test_faces_chosen_together_are_marked_at_once_and_relabelled_by_one_click():
    dataset = open_dataset(settings().data_dir / "flawed")
    app = choose_together(open_page(data="flawed"), "browse_grid", [3, 4, 9])
    assert "3 faces chosen" in text(app)
    assert grid(app)["picked"] == [3, 4, 9]
    assert app.button(key="mark_none").disabled  # it keeps its place, and U its meaning
    app.button(key="mark_drop").click().run()
    assert load_marks(dataset) == dict.fromkeys([3, 4, 9], Mark("drop"))
    assert "3 of 3 marked" in text(app)
    app.button(key="mark_happy").click().run()
    assert set(load_marks(dataset).values()) == {Mark("relabel", "happy")}
    app.button(key="mark_none").click().run()
    assert load_marks(dataset) == {}
    app.button(key="one_alone").click().run()
    assert "row 0" in text(app)
    assert grid(app)["picked"] == []


def test_several_in_the_queue_lead_on_to_the_face_after_the_last_of_them():
    app = open_page(data="flawed", tab="Problems", kind="Unusual")
    queue = grid(app)["rows"]
    choose_together(app, "queue_grid", queue[1:4])
    app.button(key="mark_keep").click().run()
    assert sorted(load_marks(open_dataset(settings().data_dir / "flawed"))) == sorted(queue[1:4])
    assert grid(app)["chosen"] == queue[4]
    assert "faces chosen" not in text(app)


@pytest.mark.parametrize(
    ("kind", "key", "marked"),
    [("Near copies", "near_surplus", {"drop": 1}), ("Unusual", "unusual", {"drop": 20}),
     ("Unusual", "unusual_rest", {"keep": 20})],
)  # fmt: skip
def test_near_copies_and_unusual_faces_are_decided_in_bulk(kind, key, marked, monkeypatch):
    pairs = np.full(73, -1)
    pairs[[5, 9]] = 5
    monkeypatch.setattr(views.duplicates, "near_groups", lambda *a: pairs)
    monkeypatch.setattr(views.duplicates, "near_path", lambda *a: settings().data_dir)
    app = open_page(data="flawed", tab="Problems", kind=kind)
    app.button(key=f"bulk_{key}").click().run()
    marks = load_marks(open_dataset(settings().data_dir / "flawed"))
    assert pd.Series([mark.kind for mark in marks.values()]).value_counts().to_dict() == marked


@pytest.mark.parametrize(
    ("address", "name", "rows"),
    [({"only": "blank"}, "faces", list(BLANKS)),
     ({"tab": "Problems", "kind": "Blank"}, "blank", list(BLANKS)),
     ({"tab": "Problems"}, "exact_copies", [0, COPY])],
)  # fmt: skip
def test_every_filter_and_list_of_findings_is_taken_away_as_csv(address, name, rows):
    set_marks(open_dataset(settings().data_dir / "flawed"), [0, 71], Mark("drop"))
    app = open_page(data="flawed", **address)
    (download,) = [d for d in app.get("download_button") if d.proto.label.endswith("faces (CSV)")]
    assert download.proto.label == f"{len(rows)} faces (CSV)"
    assert name in download.proto.id


def test_problems_name_copies_conflicts_and_leaks():
    app = open_page(data="flawed", tab="Problems")
    shown = text(app)
    assert "**1 group** of exact copies with **1 surplus image**" in shown
    assert "in **1** of them the labels disagree" in shown
    assert set(grid(app)["rows"]) == {0, COPY}
    app.button(key="bulk_surplus").click().run()
    assert len(load_marks(open_dataset(settings().data_dir / "flawed"))) == 1
    assert "1 of 2 decided" in " ".join(e.proto.text for e in app.get("progress"))


@pytest.mark.parametrize(
    ("data", "kind", "words"),
    [
        ("flawed", "Suspect labels", "may be wrong"),
        ("flawed", "Near copies", "look alike"),
        ("flawed", "Blank", "2 blank images"),
        ("flawed", "Unusual", "most unusual"),
        ("synthetic_keypoints", "Suspect points", "farthest from the"),
        ("synthetic_keypoints", "Exact copies", "No image occurs twice"),
        ("synthetic_keypoints", "Blank", "Every image shows something"),
    ],
)
def test_every_kind_of_problem_is_looked_for(data, kind, words):
    assert words in text(open_page(data=data, tab="Problems", kind=kind))


def test_suspicions_are_measured_against_the_crowd():
    shown = text(open_page(data="flawed", tab="Problems", kind="Suspect labels"))
    assert "Ten people disagree with the label in" in shown
    assert "(95 %:" in shown


def test_a_decision_leads_on_and_shows_in_the_list_of_marks():
    app = open_page(data="flawed", tab="Problems", kind="Blank")
    app.button(key="mark_drop").click().run()
    assert f"row {BLANKS[1]}" in text(app)
    assert "All marks: drop 1" in " ".join(e.label for e in app.expander)
    table = next(d.value for d in app.dataframe if "new_expression" in d.value)
    assert table["row"].tolist() == [BLANKS[0]]
    assert "--honour-marks" in app.code[0].value


def test_damaged_marks_are_one_line(on_the_shelf):
    (on_the_shelf / "flawed" / "marks.json").write_text("{")
    assert "damaged" in open_page(error=True).error[0].value


def test_mirror_without_exchange_is_called_a_mistake():
    app = open_page(data="synthetic_keypoints", tab="Augment")
    assert "names exchanged" in text(app)
    next(t for t in app.toggle if "exchange" in t.label).set_value(False).run()
    assert "now *left eye* names" in app.error[0].value
    for slider in app.slider:
        slider.set_value(slider.max if slider.label != "Zoom" else 0.8)
    app.run()
    assert not app.exception


def test_map_shows_every_face_and_is_coloured_by_choice():
    app = open_page(data="flawed", tab="Map")
    traces = json.loads(app.get("plotly_chart")[0].proto.spec)["data"]
    assert {trace["name"].split(" (")[0] for trace in traces} == set(FER7.expressions)
    for colour in app.selectbox(key="colour").options:
        app.selectbox(key="colour").set_value(colour).run()
        assert not app.exception
    assert app.button_group(key="map").value == "t-SNE"
    assert "not computed yet" in text(app)  # what is seen is the map by PCA
    app.button_group(key="map").set_value("PCA").run()
    assert "not computed yet" not in text(app)
    ranges = json.loads(app.get("plotly_chart")[0].proto.spec)["layout"]["xaxis"]["range"]
    assert -1 < ranges[0] < 0 < ranges[1] < 1  # directions alone: every feature has length 1


def test_dataset_is_deleted_only_on_confirmation(on_the_shelf):
    app = open_page(data="flawed")
    app.button(key="delete_dataset").click().run()
    assert not (on_the_shelf / "flawed").exists()
    assert "is deleted" in text(app)
    assert not app.exception
    assert app.selectbox(key="data").value != "flawed"


def test_import_by_path_makes_the_new_dataset_the_chosen_one(tmp_path):
    table = fer_csv(tmp_path / "six.csv", [0, 1, 2, 3, 4, 5, 6], ["Training"] * 7)
    app = open_page()
    field = next(t for t in app.text_input if "on the server" in t.label)
    field.set_value(str(table))
    next(b for b in app.button if "import_path" in str(b.form_id)).click().run()
    assert not app.exception
    assert app.selectbox(key="data").value == "six"
    assert "7 images imported" in text(app)


def test_a_dataset_is_replaced_by_an_import_only_when_ticked(on_the_shelf, tmp_path):
    table = fer_csv(tmp_path / "flawed.csv", [0, 3], ["Training"] * 2)
    app = open_page(data="flawed")

    def import_it():
        app.text_input[1].set_value(str(table))
        [button for button in app.button if button.label == "Import"][1].click().run()

    import_it()
    assert "flawed' already" in app.error[0].value.replace("\\", "")
    app.checkbox(key="replace_by_path").set_value(True)
    import_it()
    assert len(open_dataset(on_the_shelf / "flawed")) == 2


def test_bad_import_is_one_line_and_changes_nothing(tmp_path):
    app = open_page()
    bad = tmp_path / "bad.csv"
    bad.write_text("a,b\n1,2\n")
    before = [d.digest for d in list_datasets(settings().data_dir)]
    for path, words in ((bad, "expected a CSV"), (tmp_path / "none.zip", "no file or folder")):
        next(t for t in app.text_input if "on the server" in t.label).set_value(str(path))
        next(b for b in app.button if "import_path" in str(b.form_id)).click().run()
        assert words in app.error[0].value.replace("\\", "")
    assert [d.digest for d in list_datasets(settings().data_dir)] == before


def test_an_import_says_what_was_left_out_and_keeps_the_name_of_its_file(on_the_shelf, tmp_path):
    broken = fer_csv(tmp_path / "x.csv", [0, 1, 2, 3], ["Training"] * 4).read_text()
    broken += "5,1 2 3,Training\n"
    app = open_page()
    app.file_uploader[0].set_value([("few faces.csv", broken.encode(), "text/csv")])
    next(b for b in app.button if "upload_dataset" in str(b.form_id)).click().run()
    assert not app.exception
    shown = text(app)
    assert "4 images imported; 1 row left out." in shown
    assert "row 5: expected 2,304 pixels" in shown
    assert open_dataset(on_the_shelf / "few_faces").description["source"]["name"] == "few_faces.csv"
    assert "from few_faces.csv" in shown


def test_what_is_expected_of_an_upload_stays_a_list_and_no_bar_stays(tmp_path):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as made:
        made.writestr("a.txt", "nothing")
    app = open_page()
    app.file_uploader[0].set_value([("notes.zip", content.getvalue(), "application/zip")])
    next(b for b in app.button if "upload_dataset" in str(b.form_id)).click().run()
    said = app.error[0].value
    assert said.replace("\\", "").startswith("notes.zip: got a.txt: expected one of")
    assert said.count("  \n") > 5
    assert "Stop" not in [b.label for b in app.button]


def test_upload_with_a_path_in_its_name_stays_in_its_folder(on_the_shelf, tmp_path):
    data = fer_csv(tmp_path / "x.csv", [0, 1, 2, 3, 4, 5, 6], ["Training"] * 7).read_bytes()
    app = open_page()
    app.file_uploader[0].set_value([("../../<b>evil.csv", data, "text/csv")])
    next(b for b in app.button if "upload_dataset" in str(b.form_id)).click().run()
    assert not app.exception
    (added,) = {p.name for p in on_the_shelf.iterdir()} - {"flawed", *SYNTHETIC}
    assert added == "b_evil"
    assert "<b>" not in html(app)


def test_without_data_the_page_offers_every_way_to_some(use_places, tmp_path):
    use_places(data=tmp_path / "nothing")
    app = open_page()
    assert "There is no dataset here yet" in text(app)
    assert [tab.label for tab in app.tabs] == ["Upload", "Path", "Download", "Draw"]
    assert {b.key for b in app.button} >= {"fetch_fer2013", "fetch_keypoints"}
    app.number_input[0].set_value(35)
    next(b for b in app.button if "draw_faces" in str(b.form_id)).click().run()
    assert not app.exception
    assert app.selectbox(key="data").value == "synthetic_expression"
    assert "35 faces drawn" in text(app)


def test_download_without_a_way_out_is_one_plain_line(monkeypatch):
    failed = setup.background.Job("failed", error="no download: is there an internet connection?")
    monkeypatch.setattr(setup.background, "read_job", lambda status: failed)
    assert "internet connection" in open_page(error=True).error[0].value


def test_without_models_faces_can_still_be_browsed(use_places, tmp_path):
    use_places(models=tmp_path / "models")
    app = open_page(data="flawed")
    assert len(grid(app)["rows"]) == 73
    assert "named wrongly" not in app.multiselect(key="only").options
    for tab in ("Problems", "Map"):
        open_page(data="flawed", tab=tab)


def test_large_datasets_are_read_only_when_asked(monkeypatch, use_places, tmp_path):
    monkeypatch.setattr(views, "SMALL", 10)
    use_places(cache=tmp_path / "cache")
    app = open_page(data="synthetic_expression")
    assert "No model has read these 70 faces yet" in text(app)
    app.button(key="read_browse").click().run()
    assert not app.exception
    dataset = open_dataset(settings().data_dir / "synthetic_expression")
    model = views.resources.reader().predictor.models["expression"]
    assert cached_path(model, dataset, settings(), "train").exists()
    assert "named wrongly" in app.multiselect(key="only").options


def test_only_the_open_tab_is_computed(monkeypatch):
    from emotion_ai.ui.datasets import balance

    monkeypatch.setattr(balance.describe, "balance", lambda *a: pytest.fail("computed unseen"))
    open_page(data="flawed", tab="Augment")


def test_labels_of_the_page_agree_with_the_package():
    app = open_page(data="flawed")
    assert app.multiselect(key="expressions").options == list(FER7.expressions)


def test_marks_of_another_session_show_on_the_next_run():
    app = open_page(data="flawed")
    set_marks(open_dataset(settings().data_dir / "flawed"), [4], Mark("keep"))
    app.multiselect(key="only").set_value(["marked"]).run()
    assert grid(app)["rows"] == [4]


def test_after_stop_the_next_click_begins_the_work_anew():
    """An import or a drawing was begun by a click, so only the next one begins it again."""

    def page():
        import streamlit as st

        from emotion_ai.ui.progress import only_interrupt, with_progress

        def work(step):
            st.session_state["runs"] = st.session_state.get("runs", 0) + 1
            if st.session_state["runs"] == 1:
                st.stop()  # the page ends here, as when a click interrupts it

        if st.button("Import", key="begin"):
            with_progress("Importing", "work", work, only_interrupt)

    app = AppTest.from_function(page, default_timeout=120).run()
    app.button(key="begin").click().run()
    app.button(key="stop_work").click().run()
    assert app.session_state["runs"] == 1
    app.button(key="begin").click().run()
    assert app.session_state["runs"] == 2
    assert not app.info


def test_what_the_page_would_begin_again_waits_for_go_on():
    def page():
        import streamlit as st

        from emotion_ai.ui.progress import with_progress

        if with_progress("Reading", "work", lambda step: st.session_state.setdefault("runs", [])):
            st.session_state["runs"].append(1)

    app = AppTest.from_function(page, default_timeout=120).run()
    assert app.session_state["runs"] == [1]
    app.session_state["stopped_work"] = {"work"}
    app.run()
    assert app.session_state["runs"] == [1]
    app.button(key="go_on_work").click().run()
    assert app.session_state["runs"] == [1, 1]


def test_labels_and_found_points_lie_over_each_other_joined_by_lines():
    labelled = np.full((15, 2), 20.0, np.float32)
    labelled[3] = np.nan
    found = labelled + np.array([3, 4], np.float32)
    found[3] = 50
    drawn = face.face_picture(np.zeros((96, 96), np.uint8), labelled, found)
    assert drawn.count("<line") == 14  # no label, no line
    assert drawn.count("ea-found") == 15
    assert drawn.count("found: 5.0 px off") == 14
    assert '<line x1="20.50" y1="20.50" x2="23.50" y2="24.50"/>' in drawn
    assert "ea-found" not in face.face_picture(np.zeros((96, 96), np.uint8), labelled)
