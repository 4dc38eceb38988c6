"""Hair, headscarf and beard of a drawn face, in the plane of the head."""

import numpy as np

from emotion_ai.datasets.drawn.canvas import Canvas, mix, shade
from emotion_ai.datasets.drawn.geometry import FaceLines, smooth
from emotion_ai.datasets.drawn.parameters import Face

#: How far the hair stands out beyond the skull, in units.
_VOLUME = {"short": 0.12, "parted": 0.3, "fringe": 0.3, "receding": 0.06, "curly": 0.45,
           "bob": 0.35, "long": 0.35, "bun": 0.12}  # fmt: skip


def paint_back(canvas: Canvas, face: Face, lines: FaceLines) -> None:
    """What hangs or stands behind the head."""
    style, dark = face.look.hair_style, shade(face.look.hair, 0.62)
    if style in ("bob", "long"):
        low = 3.3 if style == "bob" else 6.3
        half = [(1.6, -3.3), (2.6, -2.0), (2.85, 0.2), (2.8, 2.2), (2.7, low), (1.4, low + 0.2)]
        shape = [(0, -3.8), *half, *[(-x, y) for x, y in half[::-1]]]
        canvas.fill(smooth(lines.head_px(shape), True), dark)
    elif style == "bun":
        canvas.dot(lines.head_px([(0.2 * face.look.parting, -4.0)])[0], 1.0 * lines.unit_px, dark)
    elif style == "curly":
        angles = np.linspace(-0.15, np.pi + 0.15, 15)
        for x, y in np.column_stack([2.35 * np.cos(angles), -0.75 - 2.75 * np.sin(angles)]):
            canvas.dot(lines.head_px([(x, y)])[0], 0.62 * lines.unit_px, dark)
    elif style == "scarf":
        half = [(1.9, -3.2), (2.75, -1.5), (2.9, 1.0), (2.6, 3.2), (3.0, 5.2), (2.4, 7.0)]
        shape = [(0, -3.8), *half, *[(-x, y) for x, y in half[::-1]]]
        canvas.fill(smooth(lines.body_px(shape), True), shade(face.look.clothes, 0.8))


def paint_front(canvas: Canvas, face: Face, lines: FaceLines, rng: np.random.Generator) -> None:
    """What lies over forehead and temples."""
    look, style = face.look, face.look.hair_style
    if style == "bald":
        return
    if style == "scarf":
        _paint_scarf(canvas, face, lines)
        return
    fit = np.array([look.width, 1])
    outer, hairline = _outer_line(_VOLUME[style]) * fit, _hairline(face) * fit
    canvas.fill(lines.head_px(np.concatenate([smooth(outer), smooth(hairline)[::-1]])), look.hair)
    if style in ("bob", "long"):
        low = 3.0 if style == "bob" else 5.8
        for sign in (1, -1):
            lock = [(2.1, -1.6), (2.62, -0.6), (2.8, 1.5), (2.65, low), (2.2, low + 0.1),
                    (2.12, 1.6), (1.98, 0.2)]  # fmt: skip
            shape = lines.head_px(np.multiply(lock, (sign * look.width, 1)))
            canvas.fill(smooth(shape, True), look.hair)
            strand = smooth(lines.head_px(np.multiply(lock[1:4], (0.95 * sign * look.width, 1))))
            width = np.array([0, 0.09, 0]) * lines.unit_px
            canvas.stroke(strand, width, shade(look.hair, 1.3))
    _paint_strands(canvas, face, lines, outer, hairline, rng)


def _outer_line(volume: float) -> np.ndarray:
    """Around the skull from the subject's right temple to the left one, (9, 2) in units."""
    half = np.array([(2.16 + 0.5 * volume, -0.1), (2.2 + volume, -1.2), (1.75 + 0.9 * volume, -2.6),
                     (0.95, -3.3 - 0.9 * volume)])  # fmt: skip
    return np.concatenate([half * (-1, 1), [(0, -3.5 - volume)], half[::-1]])


def _hairline(face: Face) -> np.ndarray:
    """From the right temple over the forehead to the left one, (9, 2) in units."""
    part = face.look.parting
    half = {
        "short": [(2.1, -0.1), (1.95, -1.1), (1.55, -1.85), (0.75, -2.15)],
        "curly": [(2.1, 0.1), (1.95, -0.9), (1.5, -1.7), (0.75, -1.95)],
        "fringe": [(2.12, 0.2), (1.95, -0.9), (1.3, -1.2), (0.6, -1.3)],
        "receding": [(2.1, -0.1), (2.0, -1.1), (1.6, -2.35), (0.9, -2.75)],
        "bun": [(2.12, -0.3), (1.95, -1.3), (1.5, -2.1), (0.75, -2.4)],
    }.get(face.look.hair_style, [(2.12, 0.1), (1.95, -1.0), (1.5, -1.75), (0.8, -2.2)])
    top = {"short": -2.12, "curly": -2.0, "fringe": -1.25, "receding": -2.4, "bun": -2.45}
    half = np.array(half)
    line = np.concatenate([half * (-1, 1), [(0, top.get(face.look.hair_style, -2.35))], half[::-1]])
    if face.look.hair_style in ("parted", "bob", "long"):
        # Highest at the parting, sweeping down on both sides of it.
        line[:, 1] -= 0.75 * np.exp(-(((line[:, 0] - 1.1 * part) / 0.7) ** 2)) - 0.25
    return line


def _paint_strands(canvas, face, lines, outer, hairline, rng) -> None:
    """Lighter and darker locks between the hairline and the skull's outline."""
    outer, hairline = smooth(outer), smooth(hairline)
    width = np.array([0, 1, 1, 0]) * 0.09 * lines.unit_px
    if face.look.hair_style == "curly":
        for share in (0.15, 0.45, 0.8):
            for i in range(2, len(outer), 5):
                spot = (1 - share) * hairline[i] + share * outer[i] + rng.normal(0, 0.08, 2)
                tone = shade(face.look.hair, rng.uniform(0.75, 1.25))
                canvas.dot(lines.head_px([spot])[0], 0.33 * lines.unit_px, tone)
        return
    if face.look.hair_style in ("short", "fringe", "receding", "bun"):
        # Combed from the forehead to the crown.
        along = np.linspace(0.05, 0.9, 6)[:, None]
        for i in range(5, len(outer) - 4, 4):
            i += rng.integers(-1, 2)
            line = hairline[i] + along * (0.8 * outer[i] + (0, -0.6) - hairline[i])
            tone = shade(face.look.hair, rng.choice((0.72, 0.8, 1.25, 1.35)))
            canvas.stroke(lines.head_px(line), width, tone)
        return
    for share in (0.15, 0.3, 0.45, 0.6, 0.75, 0.9):
        share += rng.uniform(-0.05, 0.05)
        line = (1 - share) * hairline + share * outer
        start, stop = rng.integers(2, 14), rng.integers(len(line) - 14, len(line) - 2)
        lighter = 1.35 if 0.35 < share < 0.7 else 0.75
        canvas.stroke(lines.head_px(line[start:stop]), width, shade(face.look.hair, lighter))


def _paint_scarf(canvas: Canvas, face: Face, lines: FaceLines) -> None:
    cloth, w = face.look.clothes, face.look.width
    outer = [(0, -3.85), (1.6, -3.4), (2.55, -1.9), (2.75, 0.4), (2.5, 2.6), (1.9, 4.4)]
    outer = np.array([*outer, *[(-x, y) for x, y in outer[:0:-1]]])
    chin = 3.75 * face.look.chin + 0.35 * max(face.acting.jaw_drop, 0)
    hole = [(0, -2.0), (1.1, -1.85), (1.85 * w, -0.8), (2.02 * w, 0.6), (1.75 * w, 2.2), (0.9, 3.4)]
    hole = np.array([*hole, (0, chin), *[(-x, y) for x, y in hole[:0:-1]]])
    outer_px, hole_px = (smooth(lines.head_px(shape), True) for shape in (outer, hole))
    canvas.fill_between(outer_px, hole_px, cloth)
    canvas.outline(hole_px, 0.07 * lines.unit_px, shade(cloth, 0.7))
    for sign in (1, -1):
        fold = smooth(lines.head_px([(sign * 0.6, -3.4), (sign * 2.2, -1.4), (sign * 2.3, 1.8)]))
        canvas.stroke(fold, np.array([0, 0.14, 0]) * lines.unit_px, shade(cloth, 0.82))


def beard_outline(lines: FaceLines) -> np.ndarray:
    """A full beard's edge: down the jaw, up over the cheeks, pixels."""
    outline = lines.in_head(lines.controls["outline"])
    jaw = outline[5:12] * (0.985, 1)
    lip = lines.in_head(lines.controls["lip_top"])
    above = lip[[0, 4, 4, 8]] + [(-0.25, -0.35), (-0.45, -0.35), (0.45, -0.35), (0.25, -0.35)]
    cheeks = [(-1.7, 1.35), *above, (1.7, 1.35)]
    return smooth(lines.head_px(np.concatenate([jaw, cheeks])), True)


def paint_beard(canvas: Canvas, face: Face, lines: FaceLines, rng: np.random.Generator) -> None:
    look, unit = face.look, lines.unit_px
    if look.beard in ("none", "stubble"):
        return
    colour = mix(shade(look.hair, 0.9), look.skin, 0.18)
    lip = lines.in_head(lines.controls["lip_top"])
    bottom = lines.in_head(lines.controls["lip_bottom"])[4]
    if look.beard == "full":
        canvas.fill(beard_outline(lines), colour)
        jaw, mouth = lines.curve("outline")[36:62:2], lines.controls["lip_bottom"][4]
        for end in jaw + 0.12 * (mouth - jaw):
            strand = np.stack([end, end + rng.uniform(0.3, 0.5) * (mouth - end)])
            canvas.stroke(strand, np.array([0, 0.09, 0]) * unit, shade(colour, 0.75))
    elif look.beard == "goatee":
        chin = lines.in_head(lines.controls["outline"])[8]
        x, low = bottom[0], chin[1] - 0.25
        patch = [(x - 0.5, bottom[1] + 0.3), (x + 0.5, bottom[1] + 0.3), (0.5 * x + 0.6, low),
                 (0, chin[1] + 0.02), (0.5 * x - 0.6, low)]  # fmt: skip
        canvas.fill(smooth(lines.head_px(patch), True), colour)
    x, middle = lip[4, 0], lip[:, 1].min()
    nose = max(lines.in_head(lines.controls["nose_base"])[:, 1].max() + 0.12, middle - 0.45)
    moustache = [(lip[0, 0] - 0.12, lip[0, 1] + 0.08), (x - 0.6, middle - 0.2), (x - 0.15, nose),
                 (x + 0.15, nose), (x + 0.6, middle - 0.2), (lip[-1, 0] + 0.12, lip[-1, 1] + 0.08),
                 (x + 0.5, middle + 0.05), (x, middle), (x - 0.5, middle + 0.05)]  # fmt: skip
    canvas.fill(smooth(lines.head_px(moustache), True), colour)
