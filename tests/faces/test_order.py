"""Faces of a photo are numbered as a page is read."""

from emotion_ai.faces.order import in_reading_order
from emotion_ai.results import FaceBox


def test_rows_from_the_top_each_from_left_to_right():
    def face(x: float, y: float, side: float = 40) -> FaceBox:
        return FaceBox((x, y, x + side, y + side), 0.9)

    back = [face(10, 12), face(80, 0), face(150, 15)]  # the middle one is taller
    front = [face(40, 60, 60), face(120, 70, 50)]
    mixed = [front[0], back[2], front[1], back[0], back[1]]
    assert in_reading_order(mixed) == [*back, *front]
    assert in_reading_order([]) == []
