"""How often a stream is searched for faces, and how long a face that is not found may stay."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Pace:
    """``detection_side_px``: the detector's copy of the frame; it runs again after ``detect_s``."""

    detection_side_px: int
    detect_s: float


#: Every third frame of a camera at 30 frames/s.
ONE_FACE = Pace(320, 0.09)
#: People in a room move little, and their faces are small.
ROOM = Pace(640, 0.25)
#: A film: as large as for a room; five times a second, as boxes follow their points in between.
FILM = Pace(640, 0.2)

#: A face not found for longer than this has left: one search of a room may miss it, two may not.
GAP_S = 1.6 * ROOM.detect_s
#: Time constant with which probabilities are smoothed, unless another is asked for.
SMOOTHING_S = 0.5
