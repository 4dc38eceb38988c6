"""Changes to face crops that keep their meaning: pixels and keypoints move together.

Images are uint8 (N, H, W); keypoints float32 (N, 15, 2), x then y, in pixels with integer pixel
centres, NaN where not labelled, or None. Every function returns new arrays, takes one value per
image, and draws nothing at random: ``augment`` does, from the rng it is given.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from emotion_ai.labels import FLIP_ORDER


@dataclass(frozen=True)
class Augmentation:
    """How much of what. Probabilities 0-1; the rest are half-widths of uniform ranges,
    except ``rotation_deg``, the standard deviation of a normal clipped at 2.5 of them."""

    flip: float = 0.5
    vertical_flip: float = 0.0
    rotation_deg: float = 8.0
    zoom: float = 0.12  # scale drawn log-uniformly between 1/(1+zoom) and 1+zoom
    shift: float = 0.06  # of the image side
    brightness: float = 30.0  # grey values
    contrast: float = 0.25
    noise: float = 4.0  # largest standard deviation, grey values
    erase: float = 0.25  # probability of one erased rectangle
    blend: float = 0.0  # probability of another face blended in, by up to a half


def flip_horizontal(images, keypoints_px=None, *, swap: bool = True):
    """Mirror left and right: x becomes W - 1 - x *and* left and right keypoints change names.

    ``swap=False`` leaves the names: the mistake of many tutorials, kept to show what it does.
    """
    mirrored = images[:, :, ::-1].copy()
    if keypoints_px is None:
        return mirrored, None
    points = keypoints_px[:, list(FLIP_ORDER)] if swap else keypoints_px.copy()
    points[..., 0] = images.shape[2] - 1 - points[..., 0]
    return mirrored, points


def flip_vertical(images, keypoints_px=None):
    """Turn upside down: y becomes H - 1 - y; the subject's left stays left."""
    points = None
    if keypoints_px is not None:
        points = keypoints_px.copy()
        points[..., 1] = images.shape[1] - 1 - points[..., 1]
    return images[:, ::-1].copy(), points


def warp(images, keypoints_px, rotation_deg, scale, shift_px, *, size_px=None, border_px=0):
    """Rotate (counter-clockwise as seen), scale and shift about the centre.

    ``rotation_deg``, ``scale``: (N,); ``shift_px``: (N, 2). ``images`` may carry ``border_px`` of
    surroundings that the output of ``size_px`` (default: without the border) draws from; keypoints
    are in pixels of the crop inside that border. Beyond the image its edge is repeated.
    """
    size = size_px or images.shape[1] - 2 * border_px
    centre = (size - 1) / 2
    angle = np.deg2rad(rotation_deg)
    cos, sin = np.cos(angle) * scale, np.sin(angle) * scale
    # The y axis points down: a counter-clockwise turn is [[cos, sin], [-sin, cos]].
    matrix = np.stack([np.stack([cos, sin], -1), np.stack([-sin, cos], -1)], 1)
    offset = centre + shift_px - matrix @ np.array([centre, centre])
    points = None
    if keypoints_px is not None:
        points = (keypoints_px @ matrix.swapaxes(1, 2) + offset[:, None]).astype(np.float32)
    wide_offset = offset - matrix @ np.array([border_px, border_px], float)
    affine = np.concatenate([matrix, wide_offset[..., None]], axis=2)
    out = np.empty((len(images), size, size), np.uint8)
    for image, target, transform in zip(images, out, affine, strict=True):
        cv2.warpAffine(image, transform, (size, size), dst=target, borderMode=cv2.BORDER_REPLICATE)
    return out, points


def relight(images, brightness=0.0, contrast=1.0, noise=None):
    """Grey values g become (g - mean) * contrast + mean + brightness (+ noise), clipped to 0-255.

    ``brightness`` and ``contrast``: scalars or (N,); ``noise``: float array like ``images``.
    """
    images = images.astype(np.float32)
    mean = images.mean(axis=(1, 2), keepdims=True)
    column = (-1, 1, 1)
    out = (images - mean) * np.reshape(contrast, column) + mean + np.reshape(brightness, column)
    if noise is not None:
        out += noise
    return np.clip(np.rint(out), 0, 255).astype(np.uint8)


def erase(images, boxes_xyxy, fill):
    """Fill one rectangle of each image: ``boxes_xyxy`` int (N, 4), ``fill`` uint8 (N,).

    A box without area leaves its image alone. Keypoints stay: they must be inferred.
    """
    out = images.copy()
    for image, (x0, y0, x1, y1), value in zip(out, boxes_xyxy, fill, strict=True):
        image[y0:y1, x0:x1] = value
    return out


def blend(images, targets, others, shares):
    """Mix into every face, and into its target, ``shares`` (N,) of those at ``others``, int (N,)
    (mixup, Zhang et al. 2018, arXiv:1710.09412). ``targets``: float, shares of classes."""

    def mixed(values: np.ndarray) -> np.ndarray:
        share = np.reshape(shares, (-1, *[1] * (values.ndim - 1)))
        return (1 - share) * values + share * values[others]

    faces = np.rint(mixed(images.astype(np.float32))).astype(np.uint8)
    return faces, mixed(targets).astype(np.float32)


def blended(images, targets, config: Augmentation, rng: np.random.Generator):
    """``blend`` with another of the faces, at random, by up to a half."""
    n = len(images)
    shares = rng.uniform(0, 0.5, n) * (rng.random(n) < config.blend)
    return blend(images, targets, rng.permutation(n), shares)


def augment(images, keypoints_px, config: Augmentation, rng: np.random.Generator, *, border_px=0):
    """One random variation of every image; reproducible for a given ``rng``.

    ``images``: uint8 (N, S + 2 border, S + 2 border); returns uint8 (N, S, S) and keypoints.
    """
    n, size = len(images), images.shape[1] - 2 * border_px
    rotation = config.rotation_deg * np.clip(rng.standard_normal(n), -2.5, 2.5)
    scale = np.exp(rng.uniform(-1, 1, n) * np.log1p(config.zoom))
    shift = rng.uniform(-1, 1, (n, 2)) * config.shift * size
    out, points = warp(
        images, keypoints_px, rotation, scale, shift, size_px=size, border_px=border_px
    )
    for probability, flip in (
        (config.flip, flip_horizontal),
        (config.vertical_flip, flip_vertical),
    ):
        chosen = rng.random(n) < probability
        if chosen.any():
            out[chosen], flipped = flip(out[chosen], None if points is None else points[chosen])
            if points is not None:
                points[chosen] = flipped
    if config.brightness or config.contrast or config.noise:
        strength = rng.uniform(0, config.noise, (n, 1, 1)).astype(np.float32)
        noise = rng.standard_normal(out.shape, dtype=np.float32) * strength
        out = relight(
            out,
            rng.uniform(-1, 1, n).astype(np.float32) * config.brightness,
            np.exp(rng.uniform(-1, 1, n).astype(np.float32) * np.log1p(config.contrast)),
            noise if config.noise else None,
        )
    if config.erase:
        side = rng.uniform(0.1, 0.4, (n, 2)) * size * (rng.random((n, 1)) < config.erase)
        corner = rng.uniform(0, size, (n, 2))
        boxes = np.clip(np.rint(np.hstack([corner - side / 2, corner + side / 2])), 0, size)
        out = erase(out, boxes.astype(int), rng.integers(0, 256, n, dtype=np.uint8))
    return out, points
