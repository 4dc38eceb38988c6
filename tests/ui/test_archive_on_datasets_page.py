"""An archive's table on the Datasets page: filters, order, a face beside its picture."""

import cv2
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emotion_ai.cli import program
from emotion_ai.datasets.drawn.synthetic import draw_photo
from emotion_ai.distributed.archive_view import Wanted, classes_of, find_faces, reading_of
from emotion_ai.distributed.identity import package
from emotion_ai.distributed.reader import Reader, faces_schema
from emotion_ai.labels import FER7
from emotion_ai.reading.table import readings_table
from emotion_ai.results import Expression, FaceBox, FaceReading
from emotion_ai.settings import settings
from tests.support.app_pages import html, open_page, text


@pytest.fixture
def table(tmp_path, use_places, monkeypatch):
    """The table ``party`` of two photos and a broken file, read in this process."""
    use_places(data=tmp_path / "data")
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in range(2):
        cv2.imwrite(str(photos / f"{number}.png"), draw_photo(number, 2, (320, 240))[0])
    (photos / "broken.jpg").write_text("no picture")
    reader = Reader(settings(), package(), "test")
    monkeypatch.setattr(
        "emotion_ai.distributed.local.read_in_processes",
        lambda batches, **_: map(reader.read, batches),
    )
    folder = tmp_path / "data" / "archives" / "party"
    folder.parent.mkdir(parents=True)
    assert program.main(["predict", str(photos), "--on", "local", "--out", str(folder)]) == 0
    return folder


def test_a_table_is_explored_beside_its_pictures(table):
    app = open_page("datasets", of="Archives")
    shown = text(app)
    faces = len(pd.read_parquet(table / "faces"))
    assert f"**3 files**, {faces} faces as chosen" in shown
    assert len(app.dataframe[0].value) == faces
    assert "0.png, face 1" in shown
    assert 'alt="Picture with 1 face marked"' in html(app)
    app.text_input(key="archive_file").set_value("1.PNG").run()
    assert set(app.dataframe[0].value["file"]) == {str(table.parents[2] / "photos" / "1.png")}
    app.text_input(key="archive_file").set_value("nowhere").run()
    assert "No face is like that" in text(app)
    assert not app.exception


def test_a_picture_that_is_gone_is_said_and_the_face_stays(table):
    for photo in (table.parents[2] / "photos").iterdir():
        photo.unlink()
    app = open_page("datasets", of="Archives")
    assert "The picture cannot be shown: " in text(app)
    assert "Picture with" not in html(app)
    assert "0.png, face 1" in text(app)


def test_faces_are_sorted_and_counted_without_reading_the_rest(table):
    every = pd.read_parquet(table / "faces")
    found, number = find_faces(table, Wanted(order="p_happy"), most=2)
    assert number == len(every)
    assert found["p_happy"].tolist() == sorted(every["p_happy"], reverse=True)[:2]
    least, _ = find_faces(table, Wanted(order="score", rising=True), most=1)
    assert least["score"].tolist() == [every["score"].min()]
    name = every["expression"].iloc[0]
    _, number = find_faces(table, Wanted(expressions=(name,)))
    assert number == (every["expression"] == name).sum()
    reading = reading_of(every.iloc[0])
    assert reading.expression.label == name
    assert reading.keypoints_px.shape == (15, 2)


def test_a_part_that_does_not_count_yet_is_not_shown(table):
    whole = find_faces(table, Wanted())[1]
    part = next((table / "faces").iterdir())
    part.with_name("part-000002.parquet").write_bytes(part.read_bytes())
    assert find_faces(table, Wanted())[1] == whole


def test_without_a_table_nothing_is_asked(tmp_path, use_places):
    use_places(data=tmp_path / "none")
    app = open_page("datasets")
    assert not [each for each in app.get("button_group") if "Archives" in str(each.proto)]


def test_classes_beyond_the_seven_are_kept_and_shown(tmp_path):
    said = Expression(("happy", "contempt"), np.array([0.2, 0.8], np.float32), "crowd")
    face = FaceReading(FaceBox((1.0, 2.0, 30.0, 40.0), 0.9), None, said)
    faces = readings_table(photos=[("a.png", [face])]).assign(sha256="0")
    schema = faces_schema(said.labels)
    for part in ("faces", "files"):
        (tmp_path / part).mkdir()
        table = pa.Table.from_pandas(faces, schema, preserve_index=False)
        pq.write_table(table, tmp_path / part / "part-000001.parquet")
    assert classes_of(tmp_path) == (*FER7.expressions, "contempt")
    found, n = find_faces(tmp_path, Wanted(("contempt",), order="p_contempt"))
    assert n == 1
    again = reading_of(found.iloc[0]).expression
    assert (again.label, again.as_dict()) == ("contempt", pytest.approx(said.as_dict()))


def test_a_table_without_a_face_is_empty(tmp_path):
    (tmp_path / "faces").mkdir()
    assert classes_of(tmp_path) == FER7.expressions
    assert find_faces(tmp_path, Wanted())[1] == 0
