"""The Learn page through AppTest: every chapter, every picture, with and without data."""

import json
import re
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from emotion_ai.datasets.drawn.synthetic import draw_faces, draw_photo
from emotion_ai.datasets.splits import count_duplicates
from emotion_ai.datasets.store import DatasetWriter
from emotion_ai.labels import VOTE_COLUMNS, set_of
from emotion_ai.learn import depth, texts
from emotion_ai.learn.counting import HUNDRED_PATIENTS
from emotion_ai.learn.descent import RULES, descend, draw_line
from emotion_ai.learn.texts import CHAPTERS, DEFAULT, FOLDER, NUMBERS, SHELF, languages, words
from emotion_ai.media.images import encode_png
from emotion_ai.models.store import KERAS, TFLITE, open_model, write_model
from emotion_ai.settings import ROOT, settings
from emotion_ai.ui.learn import descent, splits, vote
from emotion_ai.ui.live import device
from tests.support.app_pages import html, open_page, text

#: Each chapter's pictures; the first is the one that a plain link opens.
VIEWS = {
    "neuron": ("line", "curves", "vanishing"),
    "layers": ("border", "weights"),
    "descent": ("map", "surface", "line", "start"),
    "splits": ("piles", "overfitting", "leaks"),
    "convolution": ("sliding", "filters"),
    "residual": ("gradients", "network"),
    "mirror": ("flip", "change"),
    "precision": ("counts", "rare", "expression"),
    "service": (),
    "limits": ("agreement", "missing"),  # and, where people voted, votes and vote
}
OTHER_VIEWS = [(chapter, view) for chapter, views in VIEWS.items() for view in views[1:]]


@pytest.fixture(scope="module")
def empty_data(tmp_path_factory):
    return tmp_path_factory.mktemp("data")


@pytest.fixture(autouse=True)
def no_data(use_places, empty_data):
    """No dataset is here. The same for all tests, so that the reader is loaded once."""
    use_places(data=empty_data, cache=empty_data / "cache")


@pytest.fixture
def fer2013(no_data, use_places, tmp_path):
    """A small drawn stand-in with FER2013's name, votes, and a duplicate across its splits."""
    use_places(data=tmp_path)
    return stand_in(42)


def stand_in(n: int, votes_a_face: int = 10):
    faces = draw_faces(n, 48, seed=0)
    with DatasetWriter(settings().data_dir / "fer2013", "expression", 48) as writer:
        for i, name in enumerate(faces.expressions):
            split = "train" if i < 21 else "validation"
            votes = dict.fromkeys(VOTE_COLUMNS, 0)
            votes |= {VOTE_COLUMNS[i % 8]: votes_a_face - 4, VOTE_COLUMNS[0]: 4}
            image = faces.images[0 if i == 30 else i]
            writer.add(image, {"split": split, "source": str(i), "expression": name, **votes})
        table = writer.table().astype(dict.fromkeys(VOTE_COLUMNS, np.uint8))
        return writer.commit(table, duplicates=count_duplicates(table))


def open_chapter(chapter: str | None, view: str | None = None, **query: str) -> AppTest:
    query |= {"chapter": chapter} if chapter else {}
    app = open_page("learn", **query)
    if view and view != VIEWS[chapter][0]:
        app.segmented_control(key=f"{chapter}_view").set_value(view).run()
    assert not app.exception
    assert not app.error
    return app


def reveal(app: AppTest) -> AppTest:
    """Ask for the answer."""
    (asked,) = (toggle for toggle in app.toggle if toggle.key.startswith("reveal_"))
    asked.set_value(True).run()
    assert not app.exception
    return app


def moves(app: AppTest) -> bool:
    """Whether the page's one chart has frames to play."""
    (chart,) = app.get("plotly_chart")
    return '"frames":[{' in chart.proto.spec.replace(" ", "")


def test_every_tile_of_the_shelf_opens_its_chapter_and_puts_its_link_in_the_address():
    app = open_chapter(None)
    assert app.title[0].value == "Learn"
    assert html(app).count("data:image/svg+xml") == len(SHELF) == 11
    assert [button.key for button in app.button] == [f"open_{name}" for name in SHELF]
    for chapter, way_back in (("neuron", -2), ("limits", -2), ("teach", -1)):
        app.button(key=f"open_{chapter}").click().run()
        assert app.query_params["chapter"] == chapter
        assert words(chapter)("title") in app.title[0].value
        app.button[way_back].click().run()
        assert "chapter" not in app.query_params


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_link_opens_a_chapter_with_three_sentences_something_to_try_and_a_teachers_note(chapter):
    app = open_chapter(chapter)
    own = words(chapter)
    assert app.title[0].value == f"{CHAPTERS.index(chapter) + 1} · {own('title')}"
    sentences = own.lines("sentences")
    assert len(sentences) == 3
    assert "\n\n".join(sentences) in [element.value for element in app.markdown]
    assert own("try") in app.info[0].value
    note = " ".join(element.value for element in app.expander[0].markdown)
    for part in ("show", "ask", "minutes"):
        assert own(f"teacher_{part}") in note
    assert moves(app)


@pytest.mark.parametrize(("chapter", "view"), OTHER_VIEWS)
def test_other_pictures_of_a_chapter_move_too(chapter, view):
    app = open_chapter(chapter, view)
    # Without data the model's card has no threshold to move.
    assert moves(app) == ((chapter, view) != ("precision", "expression"))
    assert app.get("download_button")


@pytest.mark.parametrize(
    ("chapter", "control", "sentence"),
    [
        ("descent", "descent_rate", "raise the learning rate from {} step"),
        ("service", "service_versions", "while the server keeps {}."),
    ],
)
def test_what_to_try_begins_where_the_control_does(chapter, control, sentence, monkeypatch):
    start = open_chapter(chapter)
    controls = [*start.slider, *start.select_slider]
    value = next(one.value for one in controls if one.key == control)
    assert sentence.format(value) in start.info[0].value
    name = "start_rate" if chapter == "descent" else "start_versions"
    monkeypatch.setitem(texts.NUMBERS[chapter], name, "something else")
    assert sentence.format("something else") in words(chapter)("try")


@pytest.mark.parametrize(("chapter", "view"), OTHER_VIEWS)
def test_other_pictures_have_sentences_and_something_to_try_of_their_own(chapter, view):
    own, app = words(chapter), open_chapter(chapter, view)
    sentences = own.lines(f"sentences_{view}")
    assert len(sentences) == 3
    assert "\n\n".join(sentences) in [element.value for element in app.markdown]
    assert own(f"try_{view}") in app.info[0].value


def test_formula_and_count_are_those_of_the_moment_in_the_address_until_a_slider_moves():
    app = open_chapter("neuron", moment="15")
    assert "After 30 steps of its own, 69 of 70" in text(app)
    assert "-2.2\\,x_1 +1.4\\,x_2 -3.2" in app.latex[0].value
    app.button(key="neuron_take").click().run()
    assert [app.slider(key=f"neuron_{name}").value for name in ("w1", "w2", "bias")] == [
        -2.2, 1.4, -3.2,
    ]  # fmt: skip
    assert "With your numbers, 69 of 70" in text(app)
    assert "moment" not in app.query_params
    assert "With your numbers" in text(open_chapter("neuron", moment="many"))


def test_own_kernel_is_in_the_address():
    app = open_chapter("convolution", convolution_own="0_0_0_0_2_0_0_0_-1.5")
    app.segmented_control(key="convolution_kernel").set_value("own").run()
    assert app.number_input(key="convolution_own_22").value == -1.5
    app.number_input(key="convolution_own_00").set_value(7).run()
    assert app.query_params["convolution_own"] in ("7_0_0_0_2_0_0_0_-1.5", ["7_0_0_0_2_0_0_0_-1.5"])
    for damaged in ("1_2", "a_b_c", "_".join(["1e9"] * 9), "_".join(["nan"] * 9)):
        app = open_chapter("convolution", convolution_own=damaged)
        app.segmented_control(key="convolution_kernel").set_value("own").run()
        assert app.number_input(key="convolution_own_00").value == -1


def test_numbers_in_sentences_are_those_of_the_code():
    shown = text(open_chapter("layers"))
    assert f"following the gradient for {NUMBERS['layers']['steps']} steps" in shown
    ill = HUNDRED_PATIENTS.true_positive + HUNDRED_PATIENTS.false_negative
    assert (ill, HUNDRED_PATIENTS.true_positive, HUNDRED_PATIENTS.false_positive) == (9, 1, 1)
    first = words("precision").lines("sentences")[0]
    assert "nine are ill; the test finds one of them, alarms one healthy person" in first
    first, second, third = depth.DEPTHS
    assert f"{first}, then {second}, then {third} layers" in words("residual")("teacher_show")
    rates = re.findall(r"0\.\d+", words("descent")("teacher_show"))
    assert {float(rate) for rate in rates} <= set(descent.RATES)


@pytest.mark.parametrize("missing", ["", "the runtime is missing"])
def test_the_chapter_to_teach_in_runs_in_the_browser_or_says_why_not(monkeypatch, missing):
    monkeypatch.setattr(device, "lacking", lambda settings: missing)
    app = open_chapter("teach")
    assert app.title[0].value == "11 · Teach it"
    inside = [frame.proto.src for frame in app.get("iframe")]
    assert len(inside) == (not missing)
    assert all(address.startswith("/device/teach.html") for address in inside)
    assert (missing in app.info[0].value) if missing else not app.info


def test_unknown_chapter_is_the_shelf():
    assert open_chapter("alchemy").title[0].value == "Learn"


def test_a_neuron_moved_by_its_four_sliders_finds_the_surprised():
    app = open_chapter("neuron")
    assert len(app.slider) == 4
    before = int(text(app).split("your numbers, ")[1].split(" of")[0])
    for name, value in (("w1", -1.5), ("w2", 1.5), ("bias", -2.5)):
        app.slider(key=f"neuron_{name}").set_value(value)
    app.run()
    after = int(text(app).split("your numbers, ")[1].split(" of")[0])
    assert after > before
    assert after >= 65


@pytest.mark.parametrize(
    ("weight", "heard"),
    [(1.0, "hear almost nothing"), (3.7, "hear a part of it"), (4.0, "hear it in full")],
)
def test_first_layers_hear_as_much_as_is_left_of_the_gradient(weight, heard):
    app = open_chapter("neuron", "vanishing")
    app.slider(key="neuron_z").set_value(0.0)
    app.slider(key="neuron_weight").set_value(weight).run()
    assert f"The first layers {heard}." in text(reveal(app))


def test_learning_rate_beyond_the_critical_one_is_seen_to_diverge():
    app = open_chapter("descent")
    assert "This walk" not in text(app)
    assert "0.577" not in text(app)  # the class guesses first
    assert "This walk is not there yet after 40 steps" in text(reveal(app))
    app.select_slider(key="descent_rate").set_value(0.4).run()
    assert "This walk arrives" in text(app)
    app.select_slider(key="descent_rate").set_value(0.6).run()
    assert "ends higher than it began" in text(app)
    assert "0.577" in text(app)


@pytest.mark.parametrize("rule", RULES)
def test_the_formula_is_the_step_that_is_walked_first(rule):
    app = open_chapter("descent")
    app.segmented_control(key="descent_rule").set_value(rule).run()
    numbers = re.findall(r"-?\d+\.\d+", app.latex[0].value)
    b, rate, slope_b, m, _, slope_m = map(float, numbers)
    first = descend(*draw_line(), rule, rate, steps=1)[1]
    assert (b - rate * slope_b, m - rate * slope_m) == pytest.approx(first, abs=1e-3)


def test_keeping_people_together_tears_none_apart():
    app = open_chapter("splits")
    assert "17 torn" not in app.get("plotly_chart")[0].proto.spec
    reveal(app)
    assert "**17 of 20 people**" in text(app)
    app.toggle[0].set_value(True).run()
    assert "**0 of 20 people**" in text(app)


def test_the_most_hidden_units_that_do_not_overfit_are_asked_for():
    def turns_up(units: int) -> bool:
        loss = splits._overfitted(0.6, units, 0.35)[0].held_back_loss
        return loss[-1] > 1.1 * loss.min()

    assert [turns_up(units) for units in (1, 2, 3, 8, 24)] == [False, False, True, True, True]
    assert "the largest number of hidden units" in words("splits")("try_overfitting")


def test_hundred_patients_can_be_edited_and_come_back():
    app = open_chapter("precision")
    assert not app.metric
    reveal(app)
    assert [metric.value for metric in app.metric] == ["91\xa0%", "50\xa0%", "11\xa0%"]
    app.number_input(key="precision_true_positive").set_value(9)
    app.number_input(key="precision_false_negative").set_value(0).run()
    assert [metric.value for metric in app.metric][2] == "100\xa0%"
    app.button(key="precision_preset").click().run()
    assert [metric.value for metric in app.metric] == ["91\xa0%", "50\xa0%", "11\xa0%"]
    for name in ("true_positive", "false_positive", "false_negative", "true_negative"):
        app.number_input(key=f"precision_{name}").set_value(0)
    app.run()
    assert "at least one person" in text(app)


def test_own_kernel_and_own_photo_are_convolved():
    app = open_chapter("convolution")
    app.segmented_control(key="convolution_kernel").set_value("own")
    app.segmented_control(key="convolution_stride").set_value("2")
    app.segmented_control(key="convolution_pooling").set_value("2")
    app.segmented_control(key="convolution_source").set_value("own").run()
    assert "24 × 24 pixels in, 5 × 5 out." in text(reveal(app))
    photo = encode_png(draw_photo(1, 1, (320, 240))[0])
    app.file_uploader[0].set_value([("me.png", photo, "image/png")])
    app.run()
    assert not app.exception
    assert "Until you choose one" not in text(app)


def test_every_saved_network_shows_its_filters_and_blocks():
    for view in ("filters", "network"):
        chapter = "convolution" if view == "filters" else "residual"
        app = open_chapter(chapter, view)
        for name in app.selectbox(key=f"{chapter}_model").options:
            app.selectbox(key=f"{chapter}_model").set_value(name).run()
            assert not app.exception
            assert not app.error


def test_forgotten_exchange_is_measured():
    app = open_chapter("mirror")
    app.toggle[0].set_value(False).run()
    assert "pixels** off" not in text(app)
    assert "Without the exchange" in text(reveal(app))


def test_request_grows_with_its_faces_and_the_asked_version_is_in_the_address():
    app = open_chapter("service")
    assert "POST /v1/models/expression:predict" in app.code[0].value
    app.slider(key="service_faces").set_value(25)
    app.segmented_control(key="service_asked").set_value("1").run()
    assert "/versions/1:predict" in app.code[0].value
    assert "57,600 bytes of pixels" in text(app)
    app.slider(key="service_versions").set_value(1).run()
    assert not app.exception


def test_agreement_and_the_law_stand_where_no_data_is():
    shown = text(reveal(open_chapter("limits")))
    assert "65.7 %" in shown
    assert "2024/1689" in shown


def test_without_data_the_card_speaks_and_leaks_say_what_to_do():
    assert "from its card" in text(open_chapter("precision", "expression"))
    assert "Import FER2013" in text(reveal(open_chapter("splits", "leaks")))


def test_the_shipped_model_is_asked_by_the_head_that_learnt_the_labels_it_is_measured_by():
    shown = text(open_chapter("precision", "expression", precision_expression="fear"))
    assert "Model expression@given, from its card" in shown
    assert "is measured by the given ones" not in shown
    given = open_model(ROOT / "models", "expression").with_head("given")
    score = next(one for one in given.scores if one["labels_from"] == "given")
    assert f"recall **{100 * score['per_class']['fear']['recall']:.0f} %**" in shown


def test_a_model_of_other_labels_says_so_where_it_is_measured(use_places, tmp_path):
    ours = open_model(ROOT / "models", "expression")
    card = {key: value for key, value in ours.card.items() if key != "heads"}
    files = {file: ours.verified(file) for file in (KERAS, TFLITE)}
    write_model(tmp_path / "expression", card, files)
    use_places(models=tmp_path)
    shown = text(open_chapter("precision", "expression"))
    assert "learnt the crowd labels and is measured by the given ones" in shown


def test_fear_is_found_no_more_often_than_disgust_although_it_is_nine_times_as_frequent():
    ours = open_model(ROOT / "models", "expression").with_head("given")
    score = next(one for one in ours.scores if one["labels_from"] == "given")
    fear, disgust = (score["per_class"][name] for name in ("fear", "disgust"))
    assert round(fear["support"] / disgust["support"]) == 9
    assert fear["recall"] < disgust["recall"]
    assert min(score["per_class"].values(), key=lambda one: one["support"]) == disgust
    asked = words("precision")("teacher_ask")
    assert "*fear*, nine times as frequent, is found no more often" in asked


@pytest.mark.usefixtures("fer2013")
def test_with_data_leaks_votes_and_thresholds_are_real():
    assert "1 of 21 validation pictures (4.8 %)" in text(reveal(open_chapter("splits", "leaks")))
    shown = text(open_chapter("precision", "expression"))
    assert "21 validation faces" in shown
    assert "*disgust* is given to 3 of 21 faces" in shown
    assert "voters are all of one mind" in text(reveal(open_chapter("limits", "votes")))
    app = open_chapter("convolution", "filters")
    app.segmented_control(key="convolution_source").set_value("data").run()
    assert not app.exception


def test_chapters_open_without_models(use_places, tmp_path):
    use_places(models=tmp_path / "models")
    for chapter, view in (
        ("convolution", "filters"), ("residual", "network"), ("precision", "expression"),
        ("service", None), ("limits", "missing"),
    ):  # fmt: skip
        app = open_chapter(chapter, view)
        assert "no saved model" in text(app)


@pytest.fixture
def german(monkeypatch, tmp_path):
    """A second language that lacks most of its words."""
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / f"{DEFAULT}.toml").write_bytes((FOLDER / f"{DEFAULT}.toml").read_bytes())
    (folder / "de.toml").write_text('language = "Deutsch"\n[neuron]\ntitle = "Ein Neuron"\n')
    monkeypatch.setattr(texts, "FOLDER", folder)


@pytest.mark.usefixtures("german")
def test_a_dropped_in_file_is_a_language_and_what_it_lacks_is_english():
    assert languages() == {"en": "English", "de": "Deutsch"}
    app = open_chapter("neuron", lang="de")
    assert app.title[0].value == "1 · Ein Neuron"
    assert words("neuron")("idea") in text(app)
    app.button[-1].click().run()
    assert app.query_params == {"chapter": "layers", "lang": "de"}
    app.selectbox[0].set_value("en").run()
    assert app.query_params["lang"] == "en"
    assert open_chapter("neuron", lang="xx").title[0].value == "1 · A neuron"


@pytest.mark.usefixtures("fer2013")
def test_a_class_votes_and_its_bars_stand_beside_ten_people_and_the_model():
    board = open_chapter("limits", "vote")
    board.button(key="vote_start").click().run()
    code = board.query_params["board"].split(".")[0]
    assert "0 have voted" in text(board)
    assert not board.get("plotly_chart")
    pupils = [open_page("learn", ballot=code) for _ in range(3)]
    for pupil, choice in zip(pupils, (3, 3, 5), strict=True):
        assert len([button for button in pupil.button if button.key.startswith("vote_")]) == 7
        pupil.button(key=f"vote_{choice}").click().run()
        assert "change your mind" in text(pupil)
    pupils[2].button(key="vote_3").click().run()
    assert "3 have voted" in text(board.run())
    board.button(key="vote_reveal").click().run()
    (chart,) = board.get("plotly_chart")
    for name in ("the class", "ten people", "the model"):
        assert f'"name":"{name}"' in chart.proto.spec
    assert "look at the board" in text(pupils[0].run())
    board.button(key="vote_next").click().run()
    assert "0 have voted" in text(board)
    board.button(key="vote_end").click().run()
    assert "vote is over" in text(pupils[0].run())
    assert "vote is over" in text(open_page("learn", ballot="XXXXX"))


def test_faces_on_which_too_few_people_voted_are_not_put_to_the_vote(use_places, tmp_path):
    use_places(data=tmp_path)
    stand_in(14, votes_a_face=5)
    app = open_chapter("limits", "vote")
    assert words("limits")("vote_no_data") in text(app)
    assert "votes" not in app.segmented_control(key="limits_view").options


@pytest.mark.parametrize("n", [1, 2])
def test_a_dataset_of_one_or_two_faces_has_a_face_to_convolve(use_places, tmp_path, n):
    use_places(data=tmp_path)
    stand_in(n)
    app = open_chapter("convolution")
    app.segmented_control(key="convolution_source").set_value("data").run()
    assert not app.exception
    assert len([one for one in app.slider if one.key == "convolution_number_data"]) == n - 1


def test_of_a_handful_of_faces_all_are_shown_with_their_ten_voters(use_places, tmp_path):
    use_places(data=tmp_path)
    stand_in(7)
    app = reveal(open_chapter("limits", "votes"))
    assert "Of 6 faces" in text(app)  # the first has four votes alone
    (chart,) = app.get("plotly_chart")
    assert len(json.loads(chart.proto.spec)["frames"]) == 2 * 6  # the face, then the ten


@pytest.mark.usefixtures("fer2013", "german")
def test_pupils_of_a_class_in_another_language_vote_in_it(monkeypatch):
    shown = []
    monkeypatch.setattr(vote, "show_link", lambda shelf, address, key: shown.append(address))
    board = open_chapter("limits", "vote", lang="de")
    board.button(key="vote_start").click().run()
    code = board.query_params["board"].split(".")[0]
    assert parse_qs(urlsplit(shown[-1]).query) == {"ballot": [code], "lang": ["de"]}


@pytest.mark.usefixtures("fer2013")
def test_only_the_key_in_the_teachers_address_opens_the_board():
    board = open_chapter("limits", "vote")
    board.button(key="vote_start").click().run()
    held = board.query_params["board"]
    again = open_chapter("limits", "vote", board=held)
    assert "0 have voted" in text(again)
    other = open_chapter("limits", "vote", board=held.split(".")[0] + ".guessed")
    assert "have voted" not in text(other)


@pytest.mark.parametrize(("chapter", "view"), [("precision", "expression"), ("limits", "missing")])
def test_models_that_name_other_classes_are_shown_too(tmp_path, use_places, chapter, view):
    ours = open_model(ROOT / "models", "expression")
    own = set_of([{"fear": "bored"}.get(name, name) for name in ours.labels.expressions])
    card = json.loads(json.dumps(ours.card).replace('"fear"', '"bored"'))
    card |= {"label_set": own.name, "classes": own.expressions}
    for score in card["scores"]:
        score["label_set"] = own.name
    write_model(tmp_path / "expression", card, {f: ours.verified(f) for f in (KERAS, TFLITE)})
    use_places(models=tmp_path)
    app = open_chapter(chapter, view)
    (chart,) = app.get("plotly_chart")
    assert "bored" in chart.proto.spec or "bored" in app.selectbox[0].options
