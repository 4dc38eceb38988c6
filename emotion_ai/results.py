"""What is known about a face. Frozen values without behaviour beyond reading themselves."""

from dataclasses import dataclass

import numpy as np

from emotion_ai.labels import COORDINATE_COLUMNS


@dataclass(frozen=True)
class FaceBox:
    """A detected face: ``box_xyxy`` in frame pixels, ``score`` the detector's, 0 to 1."""

    box_xyxy: tuple[float, float, float, float]
    score: float

    @property
    def size_wh(self) -> tuple[float, float]:
        x0, y0, x1, y1 = self.box_xyxy
        return x1 - x0, y1 - y0


@dataclass(frozen=True)
class Expression:
    """Probabilities of the expressions named by ``labels``, float32 (len(labels),), sum 1.

    ``truth``: whose names they are, one of ``labels.HEADS``, where that is known.
    """

    labels: tuple[str, ...]
    probabilities: np.ndarray
    truth: str | None = None

    @property
    def label(self) -> str:
        return self.labels[int(np.argmax(self.probabilities))]

    @property
    def confidence(self) -> float:
        return float(np.max(self.probabilities))

    def as_dict(self) -> dict[str, float]:
        return {
            name: float(value) for name, value in zip(self.labels, self.probabilities, strict=True)
        }


#: What a visitor's own classes say of a face that is like none of them.
NONE = "none of these"


@dataclass(frozen=True)
class OwnClass(Expression):
    """Probabilities of classes that a visitor taught; below ``none_below`` it is none of them."""

    none_below: float = 0.0

    @property
    def label(self) -> str:
        return NONE if self.confidence < self.none_below else super().label


@dataclass(frozen=True)
class FaceReading:
    """A face with all that was read from it; what no model was there for is None.

    ``keypoints_px`` is float32 (15, 2), x then y, in pixels of the frame. ``own`` is there where a
    taught head reads too.
    """

    face: FaceBox
    keypoints_px: np.ndarray | None = None
    expression: Expression | None = None
    own: OwnClass | None = None

    def as_dict(self) -> dict:
        """The JSON form: ``docs/predict.schema.json`` describes it."""
        record = {
            "box_xyxy": [round(float(value), 2) for value in self.face.box_xyxy],
            "score": round(float(self.face.score), 4),
            "keypoints_px": None
            if self.keypoints_px is None
            else [[round(float(x), 2), round(float(y), 2)] for x, y in self.keypoints_px],
            "expression": None if self.expression is None else self.expression.label,
            "probabilities": None
            if self.expression is None
            else {name: round(value, 5) for name, value in self.expression.as_dict().items()},
        }
        if self.expression is not None and self.expression.truth:
            record["named_as"] = self.expression.truth
        if self.own is not None:
            said = {name: round(value, 5) for name, value in self.own.as_dict().items()}
            record |= {"own_class": self.own.label, "own_probabilities": said}
        return record

    def as_row(self) -> dict:
        """Cells of the combined table, without those of what no model was there for: expression,
        probabilities, 30 coordinates."""
        row: dict = {"score": round(float(self.face.score), 4)}
        row |= dict(
            zip(("x0", "y0", "x1", "y1"), np.round(self.face.box_xyxy, 2).tolist(), strict=True)
        )
        if self.expression is not None:
            row["expression"] = self.expression.label
            row["named_as"] = self.expression.truth
            row |= {f"p_{name}": round(p, 5) for name, p in self.expression.as_dict().items()}
        if self.keypoints_px is not None:
            values = np.round(self.keypoints_px.astype(float), 2).ravel().tolist()
            row |= dict(zip(COORDINATE_COLUMNS, values, strict=True))
        if self.own is not None:
            row["own_class"] = self.own.label
            row |= {f"own_p_{name}": round(p, 5) for name, p in self.own.as_dict().items()}
        return row


@dataclass(frozen=True)
class Sighting:
    """A face in a frame of a film, ``time_s`` after its start. ``track`` is the number that the
    face keeps while it is on screen."""

    time_s: float
    track: int
    reading: FaceReading

    def as_dict(self) -> dict:
        """The JSON form: that of the reading, and when it was whose."""
        return {"time_s": round(self.time_s, 3), "track": self.track, **self.reading.as_dict()}

    def as_row(self) -> dict:
        """Cells of the combined table."""
        return {"time_s": round(self.time_s, 3), "track": self.track, **self.reading.as_row()}
