"""Which points of other sets are our 15, as tables: each is a single point of the set, the mean of
several, or nothing where the set has none."""

from dataclasses import dataclass

import numpy as np

from emotion_ai.errors import DatasetError
from emotion_ai.labels import KEYPOINT_NAMES


@dataclass(frozen=True)
class Scheme:
    """``sources``: for each of ``KEYPOINT_NAMES`` the points, from 0, whose mean it is.
    ``outline``: the points around a face from brows to chin and ears, which decide the crop."""

    count: int
    sources: tuple[tuple[int, ...], ...]
    outline: tuple[int, ...] | None = None

    def reduced(self, points_px: np.ndarray) -> np.ndarray:
        """float32 (15, 2) from (count, 2); NaN where the set has no such point."""
        if points_px.shape != (self.count, 2):
            raise DatasetError(f"expected {self.count} points, got {len(points_px)}")
        return np.array(
            [points_px[list(s)].mean(axis=0) if s else (np.nan, np.nan) for s in self.sources],
            np.float32,
        )

    def framing(self, points_px: np.ndarray) -> np.ndarray:
        """The points of (count, 2) whose box the crop follows."""
        return points_px if self.outline is None else points_px[list(self.outline)]


def _scheme(count: int, outline: tuple[int, ...] | None = None, **named: tuple[int, ...]) -> Scheme:
    return Scheme(count, tuple(named.get(name, ()) for name in KEYPOINT_NAMES), outline)


#: 300-W's 68 (Sagonas et al. 2013, doi:10.1109/ICCVW.2013.59, figure 1, counted from 1 there).
IBUG68 = _scheme(
    68,
    left_eye_center=tuple(range(42, 48)), right_eye_center=tuple(range(36, 42)),
    left_eye_inner_corner=(42,), left_eye_outer_corner=(45,),
    right_eye_inner_corner=(39,), right_eye_outer_corner=(36,),
    left_eyebrow_inner_end=(22,), left_eyebrow_outer_end=(26,),
    right_eyebrow_inner_end=(21,), right_eyebrow_outer_end=(17,),
    nose_tip=(30,), mouth_left_corner=(54,), mouth_right_corner=(48,),
    mouth_center_top_lip=(51,), mouth_center_bottom_lip=(57,),
)  # fmt: skip
#: WFLW's 98 (Wu et al. 2018, arXiv:1805.10483, figure of the points on the set's page): 33 to 41
#: and 42 to 50 brows, 51 to 59 nose, 60 to 67 and 68 to 75 eyes, 76 to 95 mouth, 96, 97 pupils.
WFLW98 = _scheme(
    98,
    left_eye_center=tuple(range(68, 76)), right_eye_center=tuple(range(60, 68)),
    left_eye_inner_corner=(68,), left_eye_outer_corner=(72,),
    right_eye_inner_corner=(64,), right_eye_outer_corner=(60,),
    left_eyebrow_inner_end=(42,), left_eyebrow_outer_end=(46,),
    right_eyebrow_inner_end=(37,), right_eyebrow_outer_end=(33,),
    nose_tip=(54,), mouth_left_corner=(82,), mouth_right_corner=(76,),
    mouth_center_top_lip=(79,), mouth_center_bottom_lip=(85,),
)  # fmt: skip
#: COFW's 29, which are LFPW's (Burgos-Artizzu et al. 2013, doi:10.1109/ICCV.2013.191; Belhumeur
#: et al. 2011, figure 4): 0 to 7 brows, 8 to 15 eyes, 16, 17 pupils, 18 to 21 nose, 22 to 27 mouth.
COFW29 = _scheme(
    29,
    left_eye_center=(17,), right_eye_center=(16,),
    left_eye_inner_corner=(11,), left_eye_outer_corner=(9,),
    right_eye_inner_corner=(10,), right_eye_outer_corner=(8,),
    left_eyebrow_inner_end=(3,), left_eyebrow_outer_end=(1,),
    right_eyebrow_inner_end=(2,), right_eyebrow_outer_end=(0,),
    nose_tip=(20,), mouth_left_corner=(23,), mouth_right_corner=(22,),
    mouth_center_top_lip=(24,), mouth_center_bottom_lip=(27,),
)  # fmt: skip
_MESH = {
    "left_eye_center": (263, 362, 374, 386), "right_eye_center": (33, 133, 145, 159),
    "left_eye_inner_corner": (362,), "left_eye_outer_corner": (263,),
    "right_eye_inner_corner": (133,), "right_eye_outer_corner": (33,),
    "left_eyebrow_inner_end": (336,), "left_eyebrow_outer_end": (300,),
    "right_eyebrow_inner_end": (107,), "right_eyebrow_outer_end": (70,),
    "nose_tip": (1,), "mouth_left_corner": (291,), "mouth_right_corner": (61,),
    "mouth_center_top_lip": (0,), "mouth_center_bottom_lip": (17,),
}  # fmt: skip
#: MediaPipe's mesh (Kartynnik et al. 2019, arXiv:1907.06724; numbered in its
#: ``face_mesh_connections``), with and without the ten points of the irises. The forehead, which
#: 300-W has not, is left out of the frame: cheeks, chin and brows remain.
_CHEEKS_CHIN_BROWS = (234, 454, 152, 70, 105, 334, 300)
MESH468 = _scheme(468, _CHEEKS_CHIN_BROWS, **_MESH)
MESH478 = _scheme(478, _CHEEKS_CHIN_BROWS, **_MESH)
#: The 15 themselves, in the order of ``KEYPOINT_NAMES``.
OURS15 = Scheme(15, tuple((i,) for i in range(15)))

BY_COUNT = {one.count: one for one in (OURS15, COFW29, IBUG68, WFLW98, MESH468, MESH478)}
