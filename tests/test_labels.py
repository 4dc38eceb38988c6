import numpy as np
import pytest

from emotion_ai.errors import ConfigError
from emotion_ai.labels import (
    COURSE5,
    EXPRESSION_COLOURS,
    FER7,
    FER8,
    FERPLUS_EXPRESSIONS,
    FLIP_ORDER,
    KEYPOINT_NAMES,
    KEYPOINT_SIDES,
    LabelSet,
    canonical_expression,
    class_name,
    label_set,
    looks,
    set_of,
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
    assert FERPLUS_EXPRESSIONS[7:] == ("contempt", None, None)


def test_six_keypoints_a_side_and_three_between():
    assert [KEYPOINT_SIDES.count(side) for side in ("left", "right", "middle")] == [6, 6, 3]


@pytest.mark.parametrize(
    ("given", "name"),
    [("Anger", "angry"), (" happiness ", "happy"), ("Contempt", "contempt"), ("bored", None)],
)
def test_other_spellings_of_expressions_are_understood(given, name):
    assert canonical_expression(given) == name


def test_an_unknown_label_set_lists_the_known_ones():
    with pytest.raises(ConfigError, match="fer7, course5, fer8"):
        label_set("fer9")


#: What folders, tables and other people's files call their classes.
HOSTILE = [
    "<script>alert(1)</script>", "![x](http://example.org/spy.png)", '" onmouseover="x', "=1+2",
    "a\nb\r\x1b[31m", "\u202eevil", "考える", "😀👩‍👩‍👧", "é" * 500, "`$x$`", "faces", "../../etc",
]  # fmt: skip


@pytest.mark.parametrize("given", HOSTILE)
def test_a_name_from_outside_is_made_harmless_once(given):
    name = class_name(given)
    assert name
    assert len(name) <= 60
    assert name.isprintable() or "\u200d" in name
    assert not set(name) & set('<>"[]`\\')
    assert name[0] not in "=@"
    assert class_name(name) == name
    assert set_of([name, "other"]).expressions == (name, "other")


@pytest.mark.parametrize("name", ["<b>", "two\nlines", "", " led", "Anger"])
def test_a_label_set_accepts_no_other(name):
    with pytest.raises(ConfigError, match="expected a plain name"):
        LabelSet("own", (name, "other"))


def test_names_that_differ_by_case_are_one():
    with pytest.raises(ConfigError, match="whatever its case"):
        LabelSet("own", ("bored", "Bored"))


def test_own_classes_are_called_by_what_they_are():
    bored = set_of(["bored", "thinking"])
    assert bored == label_set("anything", ["bored", "thinking"])
    assert bored.name != set_of(["thinking", "bored"]).name
    assert not bored.is_known


def test_known_sets_are_told_by_their_classes():
    assert set_of(COURSE5.expressions[::-1]) == COURSE5
    assert set_of(["happy", "sad"]) == FER7
    assert set_of(FER8.expressions) == FER8
    assert set_of(["happy", "contempt"]).expressions == ("happy", "contempt")


def test_the_classes_that_two_sets_share():
    assert FER8.shared_with(COURSE5).expressions == ("angry", "disgust", "happy", "sad", "surprise")
    assert FER7.shared_with(FER8) == FER7 == FER8.shared_with(FER7)
    with pytest.raises(ConfigError, match="two classes or more in common, got 1"):
        FER7.shared_with(set_of(["happy", "bored"]))


def test_a_class_of_ones_own_never_looks_like_another():
    eight = looks(FER8.expressions)
    assert {name: eight[name].colour for name in FER7.expressions} == EXPRESSION_COLOURS
    many = looks(tuple(f"class {i}" for i in range(200)))
    assert len(set(many.values())) == 200
    assert [look.pattern for look in many.values()][:8] == [0] * 8
    mixed = looks(("happy", *(f"class {i}" for i in range(7))))
    assert len({look.colour for look in mixed.values()}) == 8
