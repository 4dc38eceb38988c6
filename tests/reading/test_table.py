"""The combined table of many photos."""

import numpy as np

from emotion_ai.labels import COORDINATE_COLUMNS, FER7
from emotion_ai.reading.table import readings_table
from emotion_ai.results import Expression, FaceBox, FaceReading


def reading(**parts) -> FaceReading:
    return FaceReading(FaceBox((1.0, 2.0, 30.0, 40.0), 0.9), **parts)


def test_one_row_a_face_with_expression_probabilities_and_30_coordinates():
    said = Expression(FER7.expressions, np.full(7, 1 / 7, np.float32))
    points = np.arange(30, dtype=np.float32).reshape(15, 2)
    full = reading(expression=said, keypoints_px=points)
    table = readings_table([("a.jpg", [full, full]), ("b.jpg", []), ("c.jpg", [full])])
    assert table["file"].tolist() == ["a.jpg", "a.jpg", "c.jpg"]
    assert table["face"].tolist() == [1, 2, 1]
    assert table.columns.str.startswith("p_").sum() == 7
    assert table[list(COORDINATE_COLUMNS)].iloc[0].tolist() == list(range(30))


def test_without_models_boxes_remain_and_without_faces_the_header():
    assert "expression" not in readings_table([("a.jpg", [reading()])])
    empty = readings_table([("a.jpg", [])])
    assert empty.empty
    assert empty.columns.tolist() == ["file", "face"]
