"""Home and Photo through Streamlit's AppTest: with and without models and datasets."""

import json

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from emotion_ai.datasets.drawn.synthetic import draw_photo
from emotion_ai.faces.drawing import Layers
from emotion_ai.faces.quality import UNCERTAIN_BELOW
from emotion_ai.labels import FER7
from emotion_ai.media.images import decode_image, encode_png
from emotion_ai.models.card import TFLITE
from emotion_ai.models.store import open_model
from emotion_ai.results import FaceBox, FaceReading
from emotion_ai.settings import ROOT
from emotion_ai.ui import components
from emotion_ai.ui.photos import Upload, annotated_jpeg, read_photo
from tests.support.app_pages import button, html, open_page, text
from tests.support.head_file import head_record

PAGES = ("home", "photo")


@pytest.fixture(autouse=True)
def no_data(use_places, tmp_path):
    use_places(data=tmp_path / "data")


@pytest.fixture
def no_models(no_data, use_places, tmp_path):
    use_places(models=tmp_path / "models")


@pytest.mark.parametrize("page", PAGES)
def test_page_opens_with_the_shipped_models(page):
    app = open_page(page)
    assert not app.warning
    assert 'class="ea-point' in html(app)


def test_frame_says_what_is_loaded_and_what_an_expression_is_not():
    sidebar = " ".join(caption.value for caption in open_page().sidebar.caption)
    assert "**Detector**" in sidebar
    assert "**Data** 0 datasets" in sidebar
    assert "An expression is not a feeling" in sidebar
    assert "2024/1689" in sidebar


@pytest.mark.usefixtures("no_models")
@pytest.mark.parametrize("page", PAGES)
def test_page_without_models_boxes_faces_and_says_how_to_get_models(page):
    app = open_page(page)
    assert "no expression model" in app.warning[0].value
    assert "emotion-ai train keypoints" in app.code[0].value
    assert 'class="ea-box' in html(app)
    assert 'class="ea-point' not in html(app)


def test_home_shows_every_model_with_what_its_score_was_measured_on():
    shown = text(open_page()).replace("\\", "")
    for task in ("Expressions", "Keypoints"):
        assert task in shown
    assert "n=" in shown
    assert "95 %:" in shown


def test_home_draws_datasets_where_there_are_none(monkeypatch):
    monkeypatch.setattr(components, "SYNTHETIC_FACES", 35)
    app = open_page()
    assert "There is no dataset here yet" in text(app)
    app.button[0].click().run()
    assert not app.exception
    shown = text(app).replace("\\", "")
    assert "synthetic_expression" in shown
    assert "synthetic_keypoints" in shown
    assert "35 faces: train" in shown


def test_photo_sample_gives_cards_and_the_table():
    app = open_page("photo")
    assert html(app).count('class="ea-card"') == 5
    table = app.dataframe[0].value
    assert len(table) == 5
    assert {f"p_{name}" for name in FER7.expressions} < set(table)
    assert sum(column.endswith(("_x", "_y")) for column in table) == 30
    app.segmented_control(key="sample").set_value("One face").run()
    assert html(app).count('class="ea-card"') == 1
    assert app.dataframe[0].value["file"].tolist() == ["one_face.png"]


def test_photo_words_doubtful_faces_as_uncertain():
    app = open_page("photo")
    table = app.dataframe[0].value
    doubtful = (table.filter(regex="^p_").max(axis=1) < UNCERTAIN_BELOW).sum()
    assert html(app).count("uncertain: ") == doubtful


def test_photo_layers_are_hidden_by_choice():
    app = open_page("photo")
    assert ".ea-point{display:none}" not in html(app)
    app.button_group(key="layers").set_value(["box"]).run()
    assert ".ea-point{display:none}" in html(app)
    assert ".ea-name{display:none}" in html(app)
    assert ".ea-box{border" not in html(app)


def upload(app: AppTest, *files: tuple[str, bytes]) -> AppTest:
    app.file_uploader[0].set_value([(name, data, "image/png") for name, data in files])
    return app.run()


def photo_png(seed: int, faces: int) -> bytes:
    return encode_png(draw_photo(seed, faces, (640, 480))[0])


def test_many_photos_become_a_contact_sheet_and_one_table_and_lose_nothing_to_a_bad_one():
    app = open_page("photo")
    upload(
        app,
        ("<b>one</b>.png", photo_png(2, 1)),
        ("broken.png", b"no picture"),
        ("two.png", photo_png(3, 2)),
    )
    assert not app.exception
    assert len(app.error) == 1
    assert "broken" in app.error[0].value
    assert app.dataframe[0].value["file"].tolist() == ["<b>one</b>.png", "two.png", "two.png"]
    assert "<b>one" not in html(app) + " ".join(element.value for element in app.markdown)
    assert html(app).count('class="ea-card"') == 1
    app.button[1].click().run()
    assert html(app).count('class="ea-card"') == 2


def test_photo_without_faces_says_what_to_try():
    app = open_page("photo")
    upload(app, ("grey.png", encode_png(np.full((90, 120, 3), 128, np.uint8))))
    assert "No face was found" in app.info[0].value
    assert not app.dataframe


@pytest.mark.parametrize("size_wh", [(1, 60_000), (70_000, 2)])
def test_a_very_thin_photo_is_shown(size_wh):
    app = open_page("photo")
    upload(app, ("thin.png", encode_png(np.zeros((*size_wh[::-1], 3), np.uint8))))
    assert not app.exception
    assert "No face was found" in app.info[0].value
    (photo,) = app.session_state["photos_read"].values()
    assert max(decode_image(annotated_jpeg(photo, Layers())).shape) >= 60_000


def test_a_face_at_the_edge_of_its_photo_has_a_picture_on_its_card():
    """A box may reach so far beyond the frame that the square around its middle lies outside."""

    class EdgeReader:
        key = "edge"

        def read(self, frame):
            return [FaceReading(FaceBox(box, 0.9)) for box in ((95, 40, 300, 50), (40, 97, 50, 99))]

        def trouble(self):
            return ""

    photo = read_photo(Upload("x", encode_png(np.zeros((100, 100, 3), np.uint8))), EdgeReader())
    assert [decode_image(crop).size > 0 for crop in photo.crops] == [True, True]


def test_readings_are_forgotten_with_their_photo():
    app = open_page("photo")
    upload(app, ("one.png", photo_png(2, 1)))
    assert len(app.session_state["photos_read"]) == 1
    upload(app, ("two.png", photo_png(3, 2)))
    (photo,) = app.session_state["photos_read"].values()
    assert photo.name == "two.png"
    upload(app)  # all files taken away
    assert "photos_read" not in app.session_state


def test_stopped_reading_can_go_on():
    app = open_page("photo")
    photos = [(f"{seed}.png", photo_png(seed, 1)) for seed in (2, 4)]
    app.session_state["photos_skipped"] = {Upload(*photos[1]).digest}
    upload(app, *photos)
    assert "1 photo not read" in app.info[0].value
    assert len(app.dataframe[0].value) == 1
    button(app, "Read on").click().run()
    assert not app.info
    assert len(app.dataframe[0].value) == 2


def head_file(classes: tuple[str, ...], width: int = 192, **changes) -> bytes:
    """A head that gives the first class a logit of 3 whatever the face, the others 0."""
    digest = open_model(ROOT / "models", "expression").card["files"][TFLITE]["sha256"]
    biases = np.array([3.0] + [0.0] * (len(classes) - 1))
    layers = [(np.zeros((len(classes), width)), biases)]
    return json.dumps(head_record(digest, classes, layers) | changes).encode()


def give_head(app: AppTest, content: bytes) -> AppTest:
    app.file_uploader(key="taught").set_value(("mine.head.json", content, "application/json"))
    return app.run()


def test_photos_are_named_by_a_taught_head_too():
    app = open_page("photo")
    before = html(app)
    give_head(app, head_file(("<b>class</b>", "class")))
    assert not app.exception
    assert not app.error
    shown = html(app)
    assert shown.count("Your classes: &lt;b&gt;class&lt;/b&gt;") == 5
    assert shown.count("<span>class</span>") == 5  # a bar of each card
    assert "<b>class" not in shown
    table = app.dataframe[0].value
    assert table["own_class"].tolist() == ["<b>class</b>"] * 5
    np.testing.assert_allclose(table["own_p_class"], 1 / (1 + np.exp(3)), atol=1e-5)
    upload(app, ("one.png", photo_png(2, 1)))
    assert app.dataframe[0].value["own_class"].tolist() == ["<b>class</b>"]
    app.file_uploader[0].set_value([])
    app.file_uploader(key="taught").set_value([])
    app.run()
    assert html(app) == before


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"\x00\xff", "is not text in UTF-8"),
        (head_file(("a", "b"))[:200], "is not JSON"),
        (head_file(("a", "b"), model="0" * 64), "was made with another network"),
        (head_file(("a", "b"), crc32=1), "its numbers are not those that were saved"),
        (head_file(("a", "b"), width=3), "expected a head of 192 features, got one of 3"),
    ],
)
def test_what_is_no_head_is_said_in_a_line_and_photos_are_read_as_before(content, line):
    app = give_head(open_page("photo"), content)
    assert not app.exception
    (error,) = app.error
    assert line in error.value.replace("\\", "")
    assert "own_class" not in app.dataframe[0].value
    assert html(app).count('class="ea-card"') == 5
