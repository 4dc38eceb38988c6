import numpy as np
import pytest

from emotion_ai.errors import ConfigError
from emotion_ai.labels import (
    COURSE5,
    EXPRESSION_COLOURS,
    FER7,
    FERPLUS_EXPRESSIONS,
    FLIP_ORDER,
    KEYPOINT_NAMES,
    KEYPOINT_SIDES,
    canonical_expression,
    label_set,
)


def test_flip_order_exchanges_left_and_right_and_keeps_the_middle():
    partners = [KEYPOINT_NAMES[position] for position in FLIP_ORDER]
    for name, partner in zip(KEYPOINT_NAMES, partners, strict=True):
        if "left" in name:
            assert partner == name.replace("left", "right")
        elif "right" not in name:
            assert partner == name


def test_flip_order_undoes_itself():
    order = np.array(FLIP_ORDER)
    assert (order[order] == np.arange(15)).all()


def test_fer2013_numbers_follow_the_dataset():
    assert FER7.expressions[0] == "angry"
    assert FER7.expressions[6] == "neutral"
    assert COURSE5.expressions == ("angry", "disgust", "sad", "happy", "surprise")


def test_every_expression_has_its_own_colour():
    assert set(EXPRESSION_COLOURS) == set(FER7.expressions)
    assert len(set(EXPRESSION_COLOURS.values())) == 7


def test_ferplus_columns_without_a_fer2013_expression_are_none():
    assert FERPLUS_EXPRESSIONS[0] == "neutral"
    assert FERPLUS_EXPRESSIONS[7:] == (None, None, None)


def test_six_keypoints_a_side_and_three_between():
    assert [KEYPOINT_SIDES.count(side) for side in ("left", "right", "middle")] == [6, 6, 3]


@pytest.mark.parametrize(
    ("given", "name"), [("Anger", "angry"), (" happiness ", "happy"), ("contempt", None)]
)
def test_other_spellings_of_expressions_are_understood(given, name):
    assert canonical_expression(given) == name


def test_an_unknown_label_set_lists_the_known_ones():
    with pytest.raises(ConfigError, match="fer7, course5"):
        label_set("fer8")
