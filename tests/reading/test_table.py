"""The table and the JSON of readings: one form for photos and films, as the documents say."""

import json
import re

import jsonschema
import numpy as np
import pytest

from emotion_ai.labels import COORDINATE_COLUMNS, COURSE5, FER7, KEYPOINT_NAMES
from emotion_ai.reading.table import COLUMNS, film_record, photo_record, readings_table
from emotion_ai.results import Expression, FaceBox, FaceReading, Sighting
from emotion_ai.settings import ROOT

SCHEMA = json.loads((ROOT / "docs" / "predict.schema.json").read_text())
POINTS = np.arange(30, dtype=np.float32).reshape(15, 2)


def reading(labels=FER7, **parts) -> FaceReading:
    return FaceReading(FaceBox((1.0, 2.0, 30.0, 40.0), 0.9), **parts)


def said(labels=FER7) -> Expression:
    n = len(labels)
    return Expression(labels.expressions, np.full(n, 1 / n, np.float32), "crowd")


FULL = reading(expression=said(), keypoints_px=POINTS)


def test_one_row_a_face_with_expression_probabilities_and_30_coordinates():
    table = readings_table([("a.jpg", [FULL, FULL]), ("b.jpg", []), ("c.jpg", [FULL])])
    assert table["file"].tolist() == ["a.jpg", "a.jpg", "c.jpg"]
    assert table["face"].tolist() == [1, 2, 1]
    assert table.columns.str.startswith("p_").sum() == 7
    assert table[list(COORDINATE_COLUMNS)].iloc[0].tolist() == list(range(30))


def test_faces_of_films_stand_below_with_their_time_and_track():
    seen = [Sighting(0.25, 4, FULL), Sighting(0.25, 7, FULL), Sighting(0.5, 7, FULL)]
    table = readings_table([("a.jpg", [FULL])], [("b.mp4", seen)])
    assert table["face"].tolist() == [1, 1, 2, 1]
    assert table["track"].tolist()[1:] == [4, 7, 7]
    assert table["time_s"].tolist()[1:] == [0.25, 0.25, 0.5]
    lines = table.to_csv(index=False).splitlines()
    assert lines[1].startswith("a.jpg,1,,,0.9,1.0,2.0,30.0,40.0,angry,crowd,True,")
    assert lines[2].startswith("b.mp4,1,0.25,4,0.9,")


def test_faces_are_kept_with_whose_names_they_have_where_that_is_known():
    unknown = Expression(FER7.expressions, said().probabilities)
    table = readings_table([("a.jpg", [FULL, reading(expression=unknown), reading()])])
    assert table["named_as"].fillna("").tolist() == ["crowd", "", ""]
    assert FULL.as_dict()["named_as"] == "crowd"
    assert "named_as" not in {**reading(expression=unknown).as_dict(), **reading().as_dict()}


def test_rows_say_where_a_reading_is_in_doubt_and_nothing_where_there_is_none():
    sure = Expression(FER7.expressions, np.array([0.9, *[0.1 / 6] * 6], np.float32))
    straight = np.zeros((15, 2), np.float32)
    straight[KEYPOINT_NAMES.index("left_eye_outer_corner")] = 10, 0
    straight[KEYPOINT_NAMES.index("nose_tip")] = 5, 5
    turned = straight.copy()
    turned[KEYPOINT_NAMES.index("nose_tip")] = 9, 5
    faces = [
        reading(expression=sure, keypoints_px=straight),
        reading(expression=said(), keypoints_px=turned),
        reading(),
    ]
    table = readings_table([("a.jpg", faces)])
    assert table["uncertain"].tolist()[:2] == [False, True]
    assert table["turned_away"].tolist()[:2] == [False, True]
    assert table[["uncertain", "turned_away"]].iloc[2].isna().all()


@pytest.mark.parametrize(
    ("photos", "films"),
    [
        ([], []),
        ([("a.jpg", [])], [("b.mp4", [])]),
        ([("a.jpg", [reading()])], []),
        ([("a.jpg", [reading(expression=said(COURSE5))])], []),
        ([], [("b.mp4", [Sighting(0.0, 1, FULL)])]),
    ],
    ids=["nothing", "no faces", "no models", "five expressions", "a film"],
)
def test_the_header_is_always_the_same(photos, films):
    assert tuple(readings_table(photos, films)) == COLUMNS


def test_what_no_model_was_there_for_is_empty():
    table = readings_table([("a.jpg", [reading(expression=said(COURSE5))])])
    assert table[["time_s", "track", "p_fear", "p_neutral", "nose_tip_x"]].isna().all(axis=None)
    assert table["p_happy"].tolist() == [0.2]


@pytest.mark.parametrize(
    "one",
    [FULL, reading(), reading(expression=said(COURSE5)), reading(keypoints_px=POINTS)],
    ids=["both models", "no model", "five expressions", "keypoints alone"],
)
def test_records_of_photos_and_films_follow_the_schema(one):
    photo = photo_record("a.jpg", (64, 48), [one, one])
    film = film_record("b.mp4", (64, 48), 1.5, 40, [Sighting(0.1234, 3, one)])
    jsonschema.validate(json.loads(json.dumps([photo, film])), SCHEMA)
    assert film["faces"] == [{"time_s": 0.123, "track": 3, **photo["faces"][0]}]


@pytest.mark.parametrize(
    "change",
    [
        lambda photo, film: photo["faces"][0].update(track=1, time_s=0),
        lambda photo, film: film["faces"][0].pop("track"),
        lambda photo, film: film.pop("frames"),
        lambda photo, film: photo["faces"][0].update(expression=7),
        lambda photo, film: photo["faces"][0].update(box_xyxy=[1, 2, 3]),
        lambda photo, film: photo["faces"][0]["keypoints_px"].pop(),
        lambda photo, film: photo.update(timeline=[]),
    ],
)
def test_the_schema_refuses_what_is_not_so(change):
    photo = photo_record("a.jpg", (64, 48), [FULL])
    film = film_record("b.mp4", (64, 48), 1.5, 40, [Sighting(0.1, 3, FULL)])
    change(photo, film)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate([photo, film], SCHEMA)


def test_the_document_describes_every_key_and_column():
    text = (ROOT / "docs" / "predict.md").read_text()
    about_json, about_csv = text.split("## `--json`")[1].split("## `--csv`")
    about_csv = about_csv.split("\n## ")[0]  # what follows is about other options
    keys = {*SCHEMA["items"]["properties"], *SCHEMA["$defs"]["face"]["properties"]}
    assert {key for key in keys if f"`{key}`" not in about_json} == set()
    own = [name for name in COLUMNS if name not in COORDINATE_COLUMNS]
    assert [name for name in own if f"`{name}`" not in about_csv] == []
    named = re.findall(r"`(\w+)`", about_csv.split("in their order:")[1])
    assert tuple(named) == KEYPOINT_NAMES
    assert f"the same {len(COLUMNS)} columns" in about_csv


def test_other_classes_have_columns_of_their_own_after_the_known_ones():
    own = Expression(("happy", "考える"), np.array([0.25, 0.75], np.float32))
    one = reading(expression=own)
    table = readings_table([("a.jpg", [one, FULL])])
    place = list(table).index("p_neutral") + 1
    assert (*table.columns[:place], *table.columns[place + 1 :]) == COLUMNS
    assert table.columns[place] == "p_考える"
    assert table["p_考える"].iloc[0] == 0.75
    assert table["p_考える"].isna().tolist() == [False, True]
    jsonschema.validate([photo_record("a.jpg", (64, 48), [one])], SCHEMA)
