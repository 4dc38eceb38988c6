"""Columns that a dataset brought along: what they are taken for, and what may be asked of them."""

import time

import numpy as np
import pandas as pd
import pytest

from emotion_ai.datasets.columns import (
    FEW_WORDS,
    Among,
    Between,
    Containing,
    kept_names,
    own_columns,
    with_numbers,
)
from emotion_ai.datasets.selection import Choice, known_orders, select
from emotion_ai.errors import ConfigError


def only(values, name="it"):
    """The one column of a table."""
    (column,) = own_columns(pd.DataFrame({name: pd.Series(values)})).values()
    return column


def test_only_what_the_app_does_not_know_is_a_column_of_its_own():
    table = pd.DataFrame({"split": ["train", "test"], "source": list("ab"), "digest": list("ab"),
                          "group": [1, 2], "expression": list("ab"), "votes_NF": [1, 2],
                          "nose_tip_x": [1.0, 2.0], "valence": [0.1, 0.2]})  # fmt: skip
    assert list(own_columns(table)) == ["valence"]


@pytest.mark.parametrize("values", [[3, 3, 3], ["x"] * 3, [None] * 3, [np.nan] * 3, [], [""] * 3,
                                    [np.inf, -np.inf, np.inf]])  # fmt: skip
def test_a_column_that_tells_no_rows_apart_is_left_out(values):
    assert own_columns(pd.DataFrame({"it": pd.Series(values, dtype=object)})) == {}
    assert own_columns(pd.DataFrame({"it": pd.Series(values)})) == {}


def test_one_value_beside_none_tells_rows_apart():
    assert only(["yes", None, "yes"]).choices == ("yes", "no value")
    assert only([4.0, np.nan, 4.0]).choices == ("4", "no value")


def test_words_stand_in_the_order_people_count_in():
    column = only(["20-39", "4-19", None, "0-3", "4-19"])
    assert column.words == ("0-3", "4-19", "20-39")
    assert column.labels.tolist() == ["20-39", "4-19", "no value", "0-3", "4-19"]
    assert np.isnan(column.order[2])
    assert column.order[[3, 1, 0]].tolist() == [0, 1, 2]


def test_text_that_looks_like_numbers_is_numbers_and_codes_are_not():
    column = only(["10", " 9", "n/a", "", "1e3", "-0.5", "unknown"])
    assert np.array_equal(column.numbers, [10, 9, np.nan, np.nan, 1000, -0.5, np.nan], True)
    assert column.words == ("-0.5", "9", "10", "1000")
    assert only(["007", "7", "8"]).numbers is None
    assert only(["7", "8", "about 9"]).numbers is None
    assert only(["unknown", "?", "na"]).words == ("?", "na", "unknown")  # nothing but: words


def test_numbers_without_an_end_are_no_value_and_names_of_many_digits_stay_apart():
    assert only([np.inf, 1.0, 2.0]).lacking.tolist() == [True, False, False]
    assert only(["1e999", "1", "2"]).lacking.tolist() == [True, False, False]
    column = only([2**60, 2**60 + 1, 5])
    assert column.numbers is None
    assert column.words == ("5", str(2**60), str(2**60 + 1))


def test_yes_and_no_and_whatever_else_a_table_may_hold():
    assert only([True, False, None]).choices == ("no", "yes", "no value")
    assert only([True, False]).choices == ("no", "yes")
    assert only([[1], [2], [1]]).words == ("[1]", "[2]")
    assert only(pd.array([1, None, 3], dtype="Int64")).words == ("1", "3")
    assert only(pd.Categorical(["b", "a", "b"])).words == ("a", "b")
    assert only(pd.to_datetime(["2020-01-02", "2020-01-01"])).words[0].startswith("2020-01-01")


@pytest.mark.parametrize(
    ("name", "title"),
    [("年齢", "年齢"), ("😀", "😀"), ("<b>x</b>", "<b>x</b>"), ("a\n b\t", "a b"), ("", "column 1"),
     ("\u202egnp", "gnp"), ("x" * 500, "x" * 60), ("\u200b", "column 1")],
)  # fmt: skip
def test_a_title_is_one_short_line_of_what_can_be_seen(name, title):
    (column,) = own_columns(pd.DataFrame({name: ["a", "b"]}))
    assert column == title


def test_titles_that_look_alike_stay_two_columns():
    table = pd.DataFrame([["a", 1], ["b", 2]], columns=["age", "a\u202dge"])
    assert list(own_columns(table)) == ["age", "age (2)"]
    table.columns = ["age", "age"]  # a table made in memory may say so twice
    assert list(own_columns(table)) == ["age", "age (2)"]


def test_thousands_of_kinds_are_looked_for_and_not_listed():
    column = only([f"S{i:05}" for i in range(5000)])
    assert column.choices == ()
    assert column.passes(Containing("s0012")).sum() == 10
    assert column.passes(Containing("nobody")).sum() == 0
    assert len(only([f"p{i}" for i in range(FEW_WORDS)]).choices) == FEW_WORDS
    assert only(np.linspace(0, 1, 50)).choices == ()


def test_filters_let_through_what_they_say():
    ages = only([3, None, 7, 7, 5])
    assert ages.passes(Among(("7", "no value"))).tolist() == [False, True, True, True, False]
    assert ages.passes(Between(3, 5)).tolist() == [True, False, False, False, True]
    words = only(["Glasses", None, "no glasses", "beard"])
    assert words.passes(Containing("GLASSES")).tolist() == [True, False, True, False]
    assert words.passes(Among(("beard",))).tolist() == [False, False, False, True]
    with pytest.raises(ConfigError, match="'it': expected words to look for"):
        words.passes(Between(0, 1))


def test_faces_are_filtered_and_sorted_by_own_columns():
    own = own_columns(pd.DataFrame({"valence": [0.5, np.nan, -1.0, 0.0], "mask": list("ynyn"),
                                    "brightness": [4, 3, 2, 1]}))  # fmt: skip
    table = pd.DataFrame({"split": "train", "brightness": [1.0, 2.0, 3.0, 4.0]}, index=range(4))
    orders = known_orders(table, own)
    assert orders[-3:] == ["valence (column)", "mask (column)", "brightness (column)"]
    rows = lambda **choice: select(table, Choice(**choice), None, own).tolist()  # noqa: E731
    assert rows(order="valence (column)") == [2, 3, 0, 1]  # without a value: last
    assert rows(order="valence (column)", descending=True) == [0, 3, 2, 1]
    assert rows(order="brightness") == [0, 1, 2, 3]
    assert rows(order="brightness (column)") == [3, 2, 1, 0]
    assert rows(own=(("mask", Among(("y",))), ("valence", Between(-1, 0)))) == [2]
    with pytest.raises(ConfigError, match="unknown column 'age': expected one of: valence"):
        rows(own=(("age", Among(("y",))),))
    with pytest.raises(ConfigError, match="unknown order 'age \\(column\\)'"):
        rows(order="age (column)")


def test_kept_names_are_ones_own_and_never_ours():
    assert kept_names(["age group", "😀", "split", "", "年 齢", "age-group", "digest"]) == [
        "age_group", "😀", "split_2", "column_3", "年_齢", "age_group_5", "digest_6"
    ]  # fmt: skip


def test_columns_are_kept_as_numbers_only_where_nothing_is_lost():
    kept = lambda *values: with_numbers(pd.Series(values, dtype=object)).tolist()  # noqa: E731
    assert kept("1", " 2") == [1, 2]
    assert kept("007", "1") == ["007", "1"]
    assert kept("9" * 25, "1") == ["9" * 25, "1"]
    assert kept("1", "x") == ["1", "x"]
    assert kept(0.5, "much") == ["0.5", "much"]
    assert kept(True, None) == [True, None]


def test_twenty_columns_of_100000_rows_take_seconds():
    n = 100_000
    table = pd.DataFrame({f"n{i}": np.random.default_rng(i).normal(size=n) for i in range(18)})
    table["word"], table["text"] = [f"w{i}" for i in range(n)], table["n0"].astype(str)
    start = time.process_time()
    assert len(own_columns(table)) == 20
    assert time.process_time() - start < 6
