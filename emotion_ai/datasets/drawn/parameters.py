"""The parameters of a drawn face: who it is, what its muscles do, how it is held and lit.

Lengths are in *units*: half the distance between the eye centres of an average face. Angles are
radians. Acting follows the action units of the Facial Action Coding System (Ekman and Friesen):
inner brow raised (1), outer brow raised (2), brows lowered (4), upper lids raised (5), cheeks
raised (6), lids tightened (7), nose wrinkled (9), lip corners pulled up (12) or down (15), ...
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

HAIR_STYLES = (
    "short", "parted", "fringe", "receding", "bald", "curly", "bob", "long", "bun", "scarf",
)  # fmt: skip
BEARDS = ("none", "stubble", "full", "goatee", "moustache")
GLASSES = ("none", "round", "square")

Colour = tuple[float, float, float]  # blue, green, red, 0 to 255


@dataclass(frozen=True)
class Acting:
    """What the muscles do: 0 at rest, 1 strong."""

    inner_brow_up: float = 0.0
    outer_brow_up: float = 0.0
    brow_down: float = 0.0
    brow_together: float = 0.0
    #: Openness added to the eye at rest: -1 closes it, 1 shows white above the iris.
    eyes_wide: float = 0.0
    lower_lid_up: float = 0.0
    outer_lid_down: float = 0.0
    cheeks_up: float = 0.0
    nose_wrinkled: float = 0.0
    #: Lip corners: 1 a broad smile, -1 a deep frown.
    smile: float = 0.0
    #: Mouth width: -1 pursed or round, 1 stretched.
    stretch: float = 0.0
    jaw_drop: float = 0.0
    upper_lip_up: float = 0.0
    lower_lip_down: float = 0.0
    lips_pressed: float = 0.0
    #: Shape of the opening: 0 pointed at the corners, 0.5 an O, 1 a box of bared teeth.
    squareness: float = 0.0
    teeth: float = 0.0
    tongue_out: float = 0.0
    gaze_down: float = 0.0
    pupil: float = 0.0
    tear: float = 0.0
    #: One side acts more than the other.
    lopsided: float = 0.0


#: Several ways to act each expression; a face draws one of them.
PERFORMANCES: dict[str, tuple[Acting, ...]] = {
    "angry": (
        Acting(brow_down=1.0, brow_together=1.0, outer_brow_up=0.25, eyes_wide=-0.1,
               lower_lid_up=0.5, smile=-0.45, stretch=-0.1, lips_pressed=1.0, nose_wrinkled=0.2),
        Acting(brow_down=1.0, brow_together=1.0, outer_brow_up=0.3, eyes_wide=0.1,
               lower_lid_up=0.4, smile=-0.35, stretch=0.05, upper_lip_up=0.5, lower_lip_down=0.55,
               squareness=1.0, teeth=2.0, nose_wrinkled=0.35),
    ),
    "disgust": (
        Acting(brow_down=0.55, brow_together=0.5, eyes_wide=-0.5, lower_lid_up=0.9, cheeks_up=0.8,
               nose_wrinkled=1.0, smile=-0.55, upper_lip_up=0.9, lower_lip_down=0.1, stretch=0.05,
               squareness=0.3, teeth=1.0, lopsided=0.5),
        Acting(brow_down=0.5, brow_together=0.5, eyes_wide=-0.6, lower_lid_up=1.0, cheeks_up=0.9,
               nose_wrinkled=1.0, smile=-0.4, upper_lip_up=0.6, jaw_drop=0.3, stretch=-0.05,
               squareness=0.4, tongue_out=1.0),
    ),
    "fear": (
        Acting(inner_brow_up=1.0, outer_brow_up=0.3, brow_together=0.9, eyes_wide=0.95,
               smile=-0.45, stretch=0.5, jaw_drop=0.22, lower_lip_down=0.3, squareness=0.8,
               teeth=2.0, pupil=-0.5),
        Acting(inner_brow_up=0.9, outer_brow_up=0.4, brow_together=0.8, eyes_wide=1.0,
               smile=-0.6, stretch=0.35, jaw_drop=0.42, lower_lip_down=0.2, squareness=0.75,
               teeth=1.0, pupil=-0.5),
    ),
    "happy": (
        Acting(cheeks_up=0.8, lower_lid_up=0.5, eyes_wide=-0.2, smile=1.0, stretch=0.45,
               upper_lip_up=0.15, jaw_drop=0.42, teeth=1.0, outer_brow_up=0.15),
        Acting(cheeks_up=0.6, lower_lid_up=0.4, eyes_wide=-0.15, smile=0.95, stretch=0.35),
        Acting(cheeks_up=1.0, lower_lid_up=0.8, eyes_wide=-0.4, smile=1.0, stretch=0.5,
               upper_lip_up=0.2, jaw_drop=0.7, teeth=1.0, outer_brow_up=0.3),
    ),
    "sad": (
        Acting(inner_brow_up=0.8, brow_together=0.4, eyes_wide=-0.35, outer_lid_down=0.8,
               smile=-0.95, stretch=-0.1, gaze_down=0.6),
        Acting(inner_brow_up=0.9, brow_together=0.5, eyes_wide=-0.25, outer_lid_down=0.9,
               smile=-1.0, stretch=0.0, lips_pressed=0.3, gaze_down=0.3, tear=1.0),
    ),
    "surprise": (
        Acting(inner_brow_up=0.9, outer_brow_up=1.0, eyes_wide=0.85, stretch=-0.9, jaw_drop=0.95,
               squareness=0.5, pupil=0.2),
        Acting(inner_brow_up=1.0, outer_brow_up=1.1, eyes_wide=0.7, stretch=-0.6, jaw_drop=0.8,
               squareness=0.5, teeth=0.5, pupil=0.2),
    ),
    "neutral": (Acting(),),
}  # fmt: skip
_RESTING = tuple(field.name for field in fields(Acting) if field.name not in ("teeth", "tear"))


@dataclass(frozen=True)
class Look:
    """Who it is: proportions around 1, offsets around 0, colours."""

    width: float
    jaw: float
    chin: float
    eye_distance: float
    eye_size: float
    brow_height: float
    brow_thickness: float
    nose_length: float
    nose_width: float
    mouth_width: float
    lips: float
    age: float
    skin: Colour
    hair: Colour
    iris: Colour
    lip_tint: float
    hair_style: str
    parting: float
    beard: str
    glasses: str
    freckles: bool
    clothes: Colour


@dataclass(frozen=True)
class Face:
    """Everything that one drawing depends on, except where it stands in the picture."""

    look: Look
    acting: Acting
    expression: str
    roll: float
    yaw: float
    pitch: float
    #: Where the light comes from, in the picture: x right, y down, z towards the viewer.
    light: Colour
    contrast: float
    seed: int


_SKINS = np.array(
    [(196, 214, 242), (170, 196, 233), (148, 181, 226), (122, 160, 212), (98, 136, 190),
     (78, 112, 166), (62, 90, 138), (50, 70, 108), (42, 56, 86)], float,
)  # fmt: skip
_HAIRS = np.array(
    [(28, 26, 30), (34, 42, 58), (40, 58, 88), (52, 84, 124), (92, 146, 190), (110, 178, 216),
     (44, 72, 150), (150, 152, 156), (208, 210, 212)], float,
)  # fmt: skip
_IRISES = ((40, 64, 98), (30, 44, 66), (150, 116, 78), (172, 146, 92), (96, 128, 92), (60, 96, 120))
CLOTHES = (
    (150, 102, 60), (82, 120, 64), (62, 66, 178), (96, 80, 74), (196, 188, 178), (60, 158, 214),
    (130, 70, 112), (120, 140, 90), (70, 60, 52),
)  # fmt: skip


def _pick(rng: np.random.Generator, options: Sequence, weights):
    shares = np.cumsum(weights)
    return options[int(np.searchsorted(shares, rng.random() * shares[-1], side="right"))]


def random_look(rng: np.random.Generator) -> Look:
    """A person; hair and beard go together loosely, everything else varies on its own."""

    deviations = iter(np.clip(rng.normal(size=11), -2, 2).tolist())

    def about(middle: float, spread: float) -> float:
        return middle + spread * next(deviations)

    tone = rng.beta(1.1, 1.3) * (len(_SKINS) - 1)
    skin = np.array([np.interp(tone, range(len(_SKINS)), column) for column in _SKINS.T])
    age = float(rng.beta(1.2, 2.0))
    dark = tone > 4
    weights = np.array([5, 4, 3, 2, 0 if dark else 2, 0 if dark else 1.5, 0 if dark else 1, 0, 0])
    weights[-2:] = 12 * max(0.0, age - 0.55)
    hair = _HAIRS[_pick(rng, range(len(_HAIRS)), weights)] * rng.uniform(0.85, 1.15)
    bearded = rng.random() < 0.5
    styles = np.array([4, 3, 1.5, 2, 1.2, 2, 0.2, 0.3, 0.1, 0.0])
    if not bearded:
        styles = np.array([0.8, 1.2, 1.5, 0, 0.1, 2, 3, 4, 2, 1])
    beard = "none"
    if bearded and rng.random() < 0.45:
        beard = _pick(rng, BEARDS[1:], (0.4, 0.25, 0.2, 0.15))
    return Look(
        width=about(1.0, 0.05), jaw=about(1.03 if bearded else 0.95, 0.05), chin=about(1.0, 0.04),
        eye_distance=about(1.0, 0.04), eye_size=about(1.0, 0.08), brow_height=about(0.0, 0.05),
        brow_thickness=about(1.15 if bearded else 0.8, 0.18), nose_length=about(1.0, 0.06),
        nose_width=about(1.0, 0.12), mouth_width=about(1.0, 0.07),
        lips=about(0.85 if bearded else 1.1, 0.18), age=age,
        skin=tuple(skin * rng.uniform(0.96, 1.04, 3)), hair=tuple(np.clip(hair, 12, 235)),
        iris=_IRISES[rng.integers(2) if dark else rng.integers(len(_IRISES))],
        lip_tint=float(rng.uniform(0.1, 0.45) if bearded else rng.uniform(0.4, 1.0)),
        hair_style=_pick(rng, HAIR_STYLES, styles),
        parting=float(rng.uniform(-1, 1)), beard=beard,
        glasses=_pick(rng, GLASSES, (0.85, 0.08, 0.07)),
        freckles=bool(not dark and rng.random() < 0.15),
        clothes=CLOTHES[rng.integers(len(CLOTHES))],
    )  # fmt: skip


def random_acting(rng: np.random.Generator, expression: str) -> Acting:
    """One performance of an expression, weaker or stronger, with a little of everything else."""
    choices = PERFORMANCES[expression]
    acting = choices[rng.integers(len(choices))]
    strength = rng.uniform(0.8, 1.15)
    unrest = 0.06 * rng.normal(size=len(_RESTING))
    changed = {
        name: getattr(acting, name) * (1 if name == "squareness" else strength) + float(noise)
        for name, noise in zip(_RESTING, unrest, strict=True)
    }
    for name in ("jaw_drop", "upper_lip_up", "lower_lip_down", "lips_pressed", "tongue_out"):
        if getattr(acting, name) == 0:
            changed[name] = 0.0
    changed["squareness"] = float(np.clip(changed["squareness"], 0, 1))
    changed["eyes_wide"] = max(changed["eyes_wide"], -0.72)
    changed["lopsided"] += float(0.12 * rng.normal())
    return replace(acting, **changed)


def between(one: Acting, other: Acting, share: float) -> Acting:
    """``share`` (0 to 1) of the first performance, the rest of the second."""
    return Acting(
        *(share * getattr(one, f.name) + (1 - share) * getattr(other, f.name)
          for f in fields(Acting))
    )  # fmt: skip


def random_face(rng: np.random.Generator, expression: str) -> Face:
    """A person acting ``expression`` with the head held loosely towards the camera."""
    look, acting = random_look(rng), random_acting(rng, expression)
    roll, yaw, pitch = np.clip(rng.normal(size=3), -2.3, 2.3) * (0.11, 0.13, 0.08)
    side = rng.normal(0, 0.5)
    light = np.array([side, -0.45 + 0.2 * rng.normal(), 0.8])
    light /= np.linalg.norm(light)
    return Face(
        look, acting, expression, float(roll), float(yaw), float(pitch), tuple(light.tolist()),
        contrast=float(rng.uniform(0.25, 0.6)), seed=int(rng.integers(2**31)),
    )  # fmt: skip
