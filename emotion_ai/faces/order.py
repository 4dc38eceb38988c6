"""The order in which the faces of a photo are numbered."""

from emotion_ai.results import FaceBox


def in_reading_order(faces: list[FaceBox]) -> list[FaceBox]:
    """As a page is read: rows from the top, each from left to right.

    A face is of a row when its middle lies above the lower edge of the row's uppermost face.
    """
    rows: list[list[FaceBox]] = []
    for face in sorted(faces, key=_middle_y):
        if rows and _middle_y(face) < rows[-1][0].box_xyxy[3]:
            rows[-1].append(face)
        else:
            rows.append([face])
    return [face for row in rows for face in sorted(row, key=lambda face: face.box_xyxy[0])]


def _middle_y(face: FaceBox) -> float:
    return (face.box_xyxy[1] + face.box_xyxy[3]) / 2
