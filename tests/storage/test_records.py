"""Records in JSON: what is wrong is named by file and field, what is new is left alone."""

import json
import os
from typing import Literal, NotRequired, TypedDict

import pytest

from emotion_ai.errors import RecordError
from emotion_ai.storage.records import (
    Count,
    Interval,
    Line,
    Number,
    Share,
    checked_by,
    parse,
    read_json,
    read_record,
)


class Part(TypedDict):
    n: Count
    ci: Interval


class Whole(TypedDict):
    kind: Literal["whole"]
    parts: list[Part]
    counts: dict[str, Count]
    share: NotRequired[Share]
    loss: NotRequired[Number]
    note: NotRequired[Line | None]


GOOD = {"kind": "whole", "parts": [{"n": 3, "ci": [0.1, 0.2]}], "counts": {"a": 1}}


def read(tmp_path, content):
    path = tmp_path / "x.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return read_record(path, Whole)


def test_a_record_is_handed_on_as_it_was_written_with_fields_nobody_knows(tmp_path):
    newer = {**GOOD, "loss": 2, "colour": {"deep": [1, None]}, "ratio": float("nan")}
    newer["parts"] = [{**GOOD["parts"][0], "also": "this"}]
    found = read(tmp_path, newer)
    assert found["colour"] == {"deep": [1, None]}
    assert found["parts"][0]["also"] == "this"
    assert isinstance(found["loss"], int)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "half"}, "kind: invalid enum value 'half'"),
        ({"kind": 3}, "kind: expected text, got a whole number"),
        ({"parts": None}, "parts: expected a list, got nothing"),
        ({"parts": [{"n": 3}]}, "parts[0].ci is missing"),
        ({"parts": [{"n": "3", "ci": [1, 2]}]}, "parts[0].n: expected a whole number, got text"),
        ({"parts": [{"n": True, "ci": [1, 2]}]}, "parts[0].n: expected a whole number, got true"),
        ({"parts": [{"n": -1, "ci": [1, 2]}]}, "parts[0].n: expected a whole number >= 0"),
        ({"parts": [{"n": 2**60, "ci": [1, 2]}]}, "parts[0].n: expected a whole number <="),
        ({"parts": [{"n": 1, "ci": [1]}]}, "parts[0].ci: expected a list of length 2, got 1"),
        ({"parts": [{"n": 1, "ci": [1, float("inf")]}]}, "parts[0].ci[1]: expected a number <="),
        ({"share": float("nan")}, "share: expected a number"),
        ({"share": 1.01}, "share: expected a number <= 1"),
        ({"note": "a\nb"}, "note: expected one line of text"),
        ({"note": "\x1b[2J"}, "note: expected one line of text"),
        ({"counts": {"a": []}}, "counts[...]: expected a whole number, got a list"),
    ],
)
def test_the_field_that_is_wrong_is_named(tmp_path, change, field):
    with pytest.raises(RecordError) as raised:
        read(tmp_path, {**GOOD, **change})
    assert str(raised.value).startswith(f"x.json: {field}")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("missing", ["kind", "parts", "counts"])
def test_a_missing_field_is_named(tmp_path, missing):
    with pytest.raises(RecordError, match=rf"^x\.json: {missing} is missing$"):
        read(tmp_path, {key: value for key, value in GOOD.items() if key != missing})


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "is not JSON"),
        ("{", "is not JSON"),
        ("\0\0", "is not JSON"),
        ("[]", "expected an object, got a list"),
        ("null", "expected an object, got nothing"),
        ('"text"', "expected an object, got text"),
        ('{"n": ' + "9" * 400 + "}", "a number of 400 digits"),
        ('{"n": -' + "9" * 5000 + "}", "digits"),
        ('{"n": ' + "[" * 40 + "]" * 40 + "}", "nested too deeply"),
        ('{"n": ' + "[" * 400 + "]" * 400 + "}", "nested too deeply"),
        ("[" * 200_000, "nested too deeply"),
    ],
)
def test_what_json_allows_and_programs_stumble_over_is_refused(tmp_path, content, why):
    with pytest.raises(RecordError, match=why):
        read(tmp_path, content)


def test_half_a_character_becomes_a_question_mark():
    text = r'{"face": "\ud83d\ude00", "half": "a\udcffb", "\ud800": 1}'
    assert parse(text, "x") == {"face": "😀", "half": "a?b", "?": 1}


def test_a_table_of_many_rows_is_not_deep():
    assert len(parse(json.dumps([[1]] * 500), "x")) == 500


def test_folders_pipes_and_giants_are_no_records(tmp_path):
    (tmp_path / "folder.json").mkdir()
    os.mkfifo(tmp_path / "pipe.json")
    with (tmp_path / "giant.json").open("wb") as giant:
        giant.truncate(10**9)
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe\xfd")
    for name in ("folder", "pipe", "giant", "bytes"):
        with pytest.raises(RecordError, match=rf"^{name}\.json"):
            read_json(tmp_path / f"{name}.json")
    with pytest.raises(FileNotFoundError):
        read_json(tmp_path / "missing.json")


@pytest.mark.parametrize("record", [{}, {"kind": None}, {"kind": ["whole"]}, {"kind": "other"}])
def test_a_record_of_no_known_kind_lists_the_known_ones(record):
    with pytest.raises(RecordError, match=r"^x: kind: expected whole or half, got"):
        checked_by(record, "kind", {"whole": Whole, "half": Part}, "x")
