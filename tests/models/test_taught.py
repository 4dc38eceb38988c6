"""Heads that visitors taught: what they say, and which files are refused."""

import numpy as np
import pytest

from emotion_ai.errors import ModelError
from emotion_ai.models.card import TFLITE
from emotion_ai.models.store import open_model
from emotion_ai.models.taught import parse_head, read_head
from emotion_ai.results import NONE
from emotion_ai.settings import ROOT
from tests.support.head_file import head_record, write_head

#: Logits of two classes from two features: f0 - f1 + 0.5, and 0.
LINEAR = [(np.array([[1.0, -1.0], [0.0, 0.0]]), np.array([0.5, 0.0]))]


@pytest.fixture(scope="module")
def model():
    return open_model(ROOT / "models", "expression")


@pytest.fixture
def record(model):
    digest = model.card["files"][TFLITE]["sha256"]
    return head_record(digest, ("thinking", "bored"), LINEAR)


def test_a_head_says_what_its_numbers_say(tmp_path, model, record):
    head = read_head(write_head(tmp_path / "head.json", record), model)
    sure, unsure = head.name(np.array([[2.0, 0.5], [0.0, 0.5]]))
    assert sure.labels == ("thinking", "bored")
    np.testing.assert_allclose(sure.probabilities, [0.8807970780, 0.1192029220])  # of a logit of 2
    assert sure.label == "thinking"
    np.testing.assert_allclose(unsure.probabilities, [0.5, 0.5])
    assert unsure.label == NONE


def test_a_hidden_layer_bends(tmp_path, model, record):
    layers = [(np.array([[1.0, 0.0]]), np.zeros(1)), (np.array([[2.0], [0.0]]), np.zeros(2))]
    record = head_record(record["model"], ("a", "b"), layers, none_below=0)
    (said,) = read_head(write_head(tmp_path / "h.json", record), model).name(np.array([[0.5, 9]]))
    expected = 1 / (1 + np.exp(-2 * np.tanh(0.5)))
    np.testing.assert_allclose(said.probabilities, [expected, 1 - expected])


def test_names_in_any_script_stay(tmp_path, model, record):
    record["classes"] = ["考える", "<b>nachdenklich</b> \N{THINKING FACE}"]
    head = read_head(write_head(tmp_path / "head.json", record), model)
    assert head.classes == tuple(record["classes"])


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"format": "emotion-ai examples"}, "expected 'emotion-ai head', version 1, got"),
        ({"version": 2}, "got 'emotion-ai head', version 2"),
        ({"model": "0" * 64}, "was made with another network (00000000, here "),
        ({"crc32": 1}, "is damaged: its numbers are not those"),
        ({"classes": ["one"]}, "classes"),
        ({"classes": ["a", "b", "c"]}, "is damaged: its numbers are not those"),
        ({"classes": ["bored", "Bored "]}, "classes need names, each its own"),
        ({"classes": ["a", "b\x1b[2J"]}, "expected one line of text"),
        ({"none_below": 7}, "none_below"),
        ({"layers": []}, "layers"),
        ({"layers": [{"inputs": 2, "outputs": 2, "weights": "!"}]}, "is damaged"),
        ({"layers": [{"inputs": 2, "outputs": 2, "weights": "AAAA"}]}, "is damaged"),
    ],
)
def test_what_is_no_head_for_these_features_is_refused_in_a_line(
    tmp_path, model, record, change, line
):
    path = write_head(tmp_path / "head.json", record | change)
    with pytest.raises(ModelError) as refused:
        read_head(path, model)
    assert line.lower() in str(refused.value).lower()
    assert "head.json" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_numbers_that_are_none_are_refused(tmp_path, model, record):
    layers = [(np.array([[np.nan, 0.0], [0.0, 0.0]]), np.zeros(2))]
    path = write_head(tmp_path / "head.json", head_record(record["model"], ("a", "b"), layers))
    with pytest.raises(ModelError, match="damaged"):
        read_head(path, model)


def test_a_head_for_other_features_says_so(tmp_path, model, record):
    head = read_head(write_head(tmp_path / "head.json", record), model)
    with pytest.raises(ModelError, match="a head of 3 features, got one of 2"):
        head.name(np.zeros((1, 3)))


def test_a_file_cut_off_or_missing_is_named(tmp_path, model, record):
    path = write_head(tmp_path / "head.json", record)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(ModelError, match=r"head\.json is not JSON"):
        read_head(path, model)
    with pytest.raises(ModelError, match="no such file"):
        read_head(tmp_path / "none.json", model)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"\xff\xfe{", "h.json is not text in UTF-8"),
        (b"[" * 100_000, "h.json: nested too deeply"),
        (b'{"format": 1' + b"0" * 500 + b"}", "h.json: a number of 501 digits"),
        (b" " * 2_000_000, "h.json: expected a head of at most 1 MB"),
    ],
)
def test_content_that_would_cost_much_is_refused_in_a_line(model, content, line):
    with pytest.raises(ModelError) as refused:
        parse_head(content, "h.json", model)
    assert str(refused.value) == line
