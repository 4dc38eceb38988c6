"""Paints a placed face: skin, folds, nose, mouth, eyes, brows, glasses.

Hair is in ``face_hair``, light in ``face_light``.
"""

from dataclasses import dataclass

import numpy as np

from emotion_ai.datasets.drawn import hair, light
from emotion_ai.datasets.drawn.canvas import Canvas, mix, shade
from emotion_ai.datasets.drawn.geometry import FaceLines, smooth
from emotion_ai.datasets.drawn.parameters import Colour, Face


@dataclass(frozen=True)
class Palette:
    """The colours that follow from a face's skin."""

    skin: Colour
    fold: Colour
    dark: Colour
    lip: Colour
    upper_lip: Colour

    @classmethod
    def of(cls, face: Face) -> "Palette":
        skin, tint = face.look.skin, face.look.lip_tint
        lip = mix(shade(skin, 0.84), (96, 84, 190), 0.25 + 0.35 * tint)
        lip = shade(lip, 0.55 + 0.45 * sum(skin) / 600)
        if face.look.beard == "full":
            lip = shade(mix(lip, skin, 0.4), 1.1)
        return cls(skin, shade(skin, 0.66), shade(skin, 0.3), lip, shade(lip, 0.82))


def paint_face(canvas: Canvas, face: Face, lines: FaceLines) -> None:
    """Draw the whole person over the canvas's background."""
    palette, rng = Palette.of(face), np.random.default_rng(face.seed)
    bare = canvas.image.copy()
    hair.paint_back(canvas, face, lines)
    _paint_body(canvas, face, lines, palette)
    outline = lines.curve("outline", closed=True)
    canvas.fill(outline, palette.skin)
    light.light_region(canvas, lines, outline, light.soft_shadows(face, lines))
    if face.look.freckles:
        _paint_freckles(canvas, lines, palette, rng)
    _paint_folds(canvas, face, lines, palette)
    _paint_nose(canvas, face, lines, palette)
    hair.paint_beard(canvas, face, lines, rng)
    _paint_mouth(canvas, face, lines, palette)
    for side in ("left", "right"):
        _paint_eye(canvas, face, lines, palette, side)
    _paint_brows(canvas, face, lines)
    hair.paint_front(canvas, face, lines, rng)
    light.light_person(canvas, bare, lines, light.roundness(face))
    _paint_glasses(canvas, face, lines)


def _paint_body(canvas: Canvas, face: Face, lines: FaceLines, palette: Palette) -> None:
    w = face.look.width * face.look.jaw
    shoulders = [(-5.3, 9.5), (-4.9, 6.6), (-3.6, 5.6), (-1.5, 4.9), (0, 5.5), (1.5, 4.9),
                 (3.6, 5.6), (4.9, 6.6), (5.3, 9.5)]  # fmt: skip
    neck = [(-1.35 * w, 1.5), (-1.3 * w, 3.6), (-1.75, 5.0), (0, 5.7), (1.75, 5.0), (1.3 * w, 3.6),
            (1.35 * w, 1.5)]  # fmt: skip
    canvas.fill(smooth(lines.body_px([*shoulders, (5.4, 16), (-5.4, 16)]), True), face.look.clothes)
    neck_px = smooth(lines.body_px(neck))
    canvas.fill(neck_px, shade(palette.skin, 0.9))
    light.light_region(canvas, lines, neck_px, light.chin_shadow(lines))
    collar = smooth(lines.body_px([(-1.8, 4.85), (0, 5.7), (1.8, 4.85)]))
    canvas.stroke(collar, 0.16 * lines.unit_px, shade(face.look.clothes, 0.75))
    for side in ("left", "right"):
        ear = lines.curve(f"{side}_ear")
        canvas.fill(ear, shade(palette.skin, 0.88))
        inner = 0.65 * ear + 0.35 * ear.mean(axis=0)
        canvas.stroke(inner[4:20], 0.07 * lines.unit_px, palette.fold)


def _paint_freckles(canvas: Canvas, lines: FaceLines, palette: Palette, rng) -> None:
    spots = rng.normal((0, 0.95), (0.85, 0.22), (26, 2))
    for spot in lines.head_px(spots[np.abs(spots[:, 0]) > 0.2]):
        canvas.dot(spot, rng.uniform(0.025, 0.05) * lines.unit_px, shade(palette.skin, 0.78))


def _paint_folds(canvas: Canvas, face: Face, lines: FaceLines, palette: Palette) -> None:
    """Wrinkles of age and of acting."""
    acting, age = face.acting, face.look.age

    def fold(name: str, depth: float, width: float = 0.07) -> None:
        if depth > 0.15:
            depth = min(depth, 1.0)
            colour = mix(shade(palette.skin, 0.95), palette.fold, depth)
            taper = np.array([0.1, 0.8, 1, 0.7, 0.1]) * width * (0.5 + 0.5 * depth)
            canvas.stroke(lines.curve(name), taper * lines.unit_px, colour)

    raised = max(acting.inner_brow_up, acting.outer_brow_up)
    old = max(age - 0.45, 0) * 1.6
    for side in ("left", "right"):
        for name in ("forehead_low", "forehead_high"):
            fold(f"{side}_{name}", 0.75 * (raised - 0.4) + old)
        fold(f"{side}_frown_fold", 1.1 * acting.brow_together * (acting.brow_down > 0.2), 0.1)
        fold(f"{side}_cheek_fold", max(acting.smile, 0.9 * acting.nose_wrinkled) + old, 0.09)
        fold(f"{side}_nose_fold_low", 1.2 * acting.nose_wrinkled, 0.1)
        fold(f"{side}_nose_fold_high", 1.2 * acting.nose_wrinkled, 0.09)
        fold(f"{side}_eye_bag", 0.7 * acting.cheeks_up + old, 0.06)
        fold(f"{side}_crow_upper", 0.8 * acting.cheeks_up + old, 0.05)
        fold(f"{side}_crow_lower", 0.8 * acting.cheeks_up + old, 0.05)
        fold(f"{side}_mouth_fold", -0.9 * acting.smile - 0.2 + 0.5 * old, 0.07)


def _paint_nose(canvas: Canvas, face: Face, lines: FaceLines, palette: Palette) -> None:
    unit = lines.unit_px
    taper = np.array([0.02, 0.09, 0.06, 0.05, 0.06, 0.09, 0.02])
    canvas.stroke(lines.curve("nose_base"), taper * unit, shade(palette.skin, 0.58))
    for nostril in lines.controls["nostrils"]:
        size = (0.1 * face.look.nose_width * unit, 0.055 * unit)
        canvas.ellipse(nostril, size, lines.roll, palette.dark)
    shine = mix(shade(palette.skin, 1.1), (255, 255, 255), 0.25)
    canvas.dot(lines.controls["nose_tip"][0], 0.05 * unit, shine)


def _paint_mouth(canvas: Canvas, face: Face, lines: FaceLines, palette: Palette) -> None:
    unit, acting = lines.unit_px, face.acting
    upper, lower = lines.curve("mouth_upper"), lines.curve("mouth_lower")
    canvas.fill(lines.region("lip_top", "mouth_upper"), palette.upper_lip)
    canvas.fill(lines.region("mouth_lower", "lip_bottom"), palette.lip)
    shine = 0.6 * lines.curve("lip_bottom")[18:31] + 0.4 * lower[18:31]
    shiny = mix(shade(palette.lip, 1.1), (255, 255, 255), 0.18)
    canvas.stroke(shine, np.array([0, 0.06, 0]) * unit, shiny)
    gap = np.linalg.norm(lower - upper, axis=1).max()
    if gap > 0.06 * unit:
        inside = np.concatenate([upper, lower[::-1]])
        patch = canvas.patch(inside)
        patch.fill(inside, (30, 22, 52))
        _paint_teeth_and_tongue(patch, face, lines, upper, lower, gap)
        canvas.paste(patch, inside)
    if acting.tongue_out > 0.3:
        _paint_tongue_out(canvas, lines, upper, lower)
    width = np.array([0.05, 0.06, 0.05, 0.06, 0.05]) * unit * (1 + 0.5 * acting.lips_pressed)
    canvas.stroke(upper, width, shade(palette.upper_lip, 0.42))


def _paint_teeth_and_tongue(patch, face, lines, upper, lower, gap) -> None:
    unit, acting = lines.unit_px, face.acting
    down = (lines.head_px([(0, 1)]) - lines.head_px([(0, 0)]))[0]
    teeth, gum = (214, 230, 236), (150, 164, 176)
    if acting.jaw_drop > 0.3 and acting.tongue_out < 0.3:
        middle = lower[len(lower) // 2] + 0.02 * down
        patch.ellipse(middle, (0.42 * unit, 0.32 * gap), lines.roll, (92, 84, 178))
    clenched = acting.teeth > 1.5
    if acting.teeth > 0.1:
        high = min(0.26 * unit, gap * (0.55 if clenched else 0.5)) * min(acting.teeth, 1)
        patch.fill(np.concatenate([upper, (upper + down * high / unit)[::-1]]), teeth)
    if clenched:
        high = min(0.22 * unit, 0.4 * gap)
        patch.fill(np.concatenate([lower, (lower - down * high / unit)[::-1]]), teeth)
        for i in range(4, len(upper) - 4, 6):
            patch.stroke(np.stack([upper[i], lower[i]]), 0.035 * unit, gum)
    corner_shade = shade((30, 22, 52), 1.2)
    for corner in (upper[0], upper[-1]):
        patch.dot(corner, 0.1 * unit, corner_shade)


def _paint_tongue_out(canvas: Canvas, lines: FaceLines, upper, lower) -> None:
    unit = lines.unit_px
    top, end = 0.5 * (upper[24] + lower[24]), lines.controls["lip_bottom"][4]
    down = (end - top) / (np.linalg.norm(end - top) + 1e-6) * unit
    across = down[::-1] * (-1, 1)
    tongue = np.stack([top - 0.3 * across, top + 0.3 * across, end + 0.32 * across,
                       end + 0.4 * down, end - 0.32 * across])  # fmt: skip
    canvas.fill(smooth(tongue, True), (110, 98, 206))
    canvas.stroke(np.stack([top, end + 0.15 * down]), np.array([0.02, 0.06, 0.02]) * unit,
                  (84, 74, 172))  # fmt: skip


def _paint_eye(canvas: Canvas, face: Face, lines: FaceLines, palette: Palette, side: str) -> None:
    unit, look, acting = lines.unit_px, face.look, face.acting
    upper, lower = lines.curve(f"{side}_upper_lid"), lines.curve(f"{side}_lower_lid")
    opening = np.concatenate([upper, lower[::-1]])
    pupil = lines.controls[f"{side}_pupil"][0]
    patch = canvas.patch(opening)
    patch.fill(opening, (226, 232, 236))
    iris = 0.225 * look.eye_size * unit
    patch.dot(pupil, iris, shade(look.iris, 0.55))
    patch.dot(pupil, 0.8 * iris, look.iris)
    patch.dot(pupil, 0.45 * iris * (1 + 0.3 * acting.pupil), (16, 14, 16))
    patch.stroke(upper, 0.1 * unit, shade((226, 232, 236), 0.62))
    glint = np.array([np.sign(face.light[0]) or 1, -1]) * 0.35 * iris
    patch.dot(pupil + glint, 0.24 * iris, (255, 255, 255))
    canvas.paste(patch, opening)
    lash = shade(mix(look.hair, (20, 20, 24), 0.7), 0.8)
    dressed = 0.11 if look.lip_tint > 0.45 else 0.08
    taper = np.array([0.4, 0.8, 1.0, 1.1, 0.7]) * dressed * unit
    canvas.stroke(upper, taper, lash)
    canvas.stroke(lower, np.array([0.02, 0.04, 0.05, 0.02]) * unit, shade(palette.skin, 0.5))
    fold = np.array([0.02, 0.055, 0.06, 0.02]) * unit
    canvas.stroke(lines.curve(f"{side}_lid_fold"), fold, shade(palette.skin, 0.62))
    if acting.tear > 0.5 and side == "left":
        drop = lines.controls["left_tear"]
        canvas.stroke(drop, np.array([0.06, 0.12]) * unit, mix(palette.skin, (255, 244, 226), 0.6))
        canvas.dot(drop[1], 0.12 * unit, mix(palette.skin, (255, 244, 226), 0.75))


def _paint_brows(canvas: Canvas, face: Face, lines: FaceLines) -> None:
    taper = np.array([0.17, 0.26, 0.24, 0.17, 0.05]) * face.look.brow_thickness * lines.unit_px
    colour = shade(mix(face.look.hair, (30, 34, 44), 0.4), 0.85)
    if sum(face.look.skin) / sum(colour) < 1.7:
        colour = shade(colour, 0.6)
    for side in ("left", "right"):
        canvas.stroke(lines.curve(f"{side}_brow"), taper, colour)


def _paint_glasses(canvas: Canvas, face: Face, lines: FaceLines) -> None:
    if face.look.glasses == "none":
        return
    width = 0.1 * lines.unit_px
    colour = shade(face.look.clothes, 0.45)
    for side in ("left", "right"):
        frame = lines.controls[f"{side}_frame"]
        if face.look.glasses == "round":
            frame = lines.curve(f"{side}_frame", closed=True)
        canvas.outline(frame, width, colour)
        canvas.stroke(lines.controls[f"{side}_temple"], width, colour)
    inner = [lines.controls[f"{side}_frame"][0] for side in ("left", "right")]
    canvas.stroke(np.stack(inner), width, colour)
