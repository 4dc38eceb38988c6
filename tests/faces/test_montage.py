"""Captions below faces: the signs for marks are drawn, as Pillow's own font has none of them."""

import numpy as np

from emotion_ai.faces.montage import caption_plate


def ink(text: str) -> np.ndarray:
    """bool (20, 80): where something is written on the white plate."""
    return caption_plate(text, "#FFFFFF", 80, 20)[..., 0] < 128


def test_each_mark_has_a_sign_of_its_own():
    signs = {sign: ink(sign) for sign in "✓✗→"}
    assert all(sign.sum() > 15 for sign in signs.values())
    for one, other in ("✓✗", "✓→", "✗→"):
        assert (signs[one] != signs[other]).sum() > 15
    cross, side = signs["✗"], signs["✗"].any(axis=0)
    assert (cross[:, side] == cross[:, side][:, ::-1]).mean() > 0.8  # no box: it mirrors …
    assert cross[cross.any(axis=1)][0].sum() <= 8  # … and has no upper edge


def test_a_sign_stands_before_the_words_and_both_fit():
    columns = np.flatnonzero(ink("→ surprise · val").any(axis=0))
    assert columns[0] > 0
    assert columns[-1] < 79
    alone, with_sign = ink("sad").any(axis=0), ink("✓ sad").any(axis=0)
    assert with_sign.sum() > alone.sum()
