"""Scores and foreign text as the pages show them."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from emotion_ai.models.store import SavedModel
from emotion_ai.ui.wording import count, headline_score, other_scores, plain, score_line

EXPRESSION = {
    "label_set": "fer7",
    "task": "expression",
    "data": "fer2013",
    "split": "validation",
    "labels_from": "given",
    "n": 3589,
    "accuracy": 0.7313,
    "accuracy_ci": [0.7166, 0.7456],
}
KEYPOINTS = {
    "task": "keypoints",
    "data": "keypoints_300w",
    "split": "test",
    "n": 934,
    "rmse_px": 1.236,
    "rmse_px_ci": [1.19, 1.281],
}


def test_score_comes_with_interval_data_split_and_number_of_faces():
    assert score_line(EXPRESSION) == "73.1 % (95 %: 71.7–74.6, fer2013 PublicTest, n=3,589)"
    assert score_line(KEYPOINTS) == "1.24 px (95 %: 1.19–1.28, keypoints_300w test, n=934)"


def test_headline_is_the_latest_split_and_keeps_the_truths_apart():
    test = EXPRESSION | {"split": "test"}
    crowd = EXPRESSION | {"labels_from": "crowd"}
    five = test | {"label_set": "course5"}
    card = {"task": "expression", "label_set": "fer7", "scores": [five, crowd, EXPRESSION, test]}
    assert headline_score(SavedModel(Path("m"), card)) is test
    assert headline_score(SavedModel(Path("m"), card), "crowd") is crowd
    assert headline_score(SavedModel(Path("m"), card | {"truth": "crowd"})) is crowd
    assert headline_score(SavedModel(Path("m"), {"scores": []})) is None


def test_headline_compares_like_with_like_and_leaves_no_dataset_out():
    """399 drawn faces do not outdo the 3,589 that the others are measured on."""
    fer = EXPRESSION | {"accuracy": 0.538}
    drawn = EXPRESSION | {"data": "drawn", "split": "test", "n": 399, "accuracy": 0.852}
    own = SavedModel(Path("m"), {"task": "expression", "label_set": "fer7", "scores": [drawn, fer]})
    assert headline_score(own) is fer
    assert headline_score(own, like=EXPRESSION) is fer
    assert headline_score(own, like=drawn) is drawn
    assert other_scores(own, fer) == [drawn]


@pytest.mark.parametrize("name", ["<img src=x>.jpg", "**a**_b_`c`.png", ":red[x] $y$", "![i](u)"])
def test_foreign_text_keeps_no_markdown(name):
    escaped = plain(name)
    assert escaped.replace("\\", "") == name
    assert all(escaped[i - 1] == "\\" for i, c in enumerate(escaped) if c in "<>*_`:[]()$!")
    assert plain("two\nlines") == "two lines"


def test_counts_are_words():
    assert (count(1, "face"), count(3589, "face")) == ("1 face", "3,589 faces")


def test_what_the_disk_refuses_is_a_line_without_the_path():
    def page():
        from emotion_ai.ui.frame import errors_as_lines

        with errors_as_lines():
            raise PermissionError(13, "Permission denied", "/srv/app/models")
        with errors_as_lines():
            raise TimeoutError("lock /srv/app/models/.lock")

    app = AppTest.from_function(page, default_timeout=120).run()
    assert not app.exception
    said = [error.value.replace("\\", "") for error in app.error]
    assert said == ["models: Permission denied", "busy, try again"]
