"""The networks, in pure Keras 3. Raw uint8 grey faces in; probabilities or keypoints out.

Every network is body plus head, as ``presets`` describes them. Normalisation is part of it, so that
training, LiteRT, SavedModel and REST cannot disagree.
"""

import keras
from keras import layers, ops

from emotion_ai.errors import ConfigError
from emotion_ai.labels import INPUT_SIZE_PX, KEYPOINT_COUNT, MEAN_FACE_PX
from emotion_ai.networks import blocks
from emotion_ai.networks.presets import DEFAULT, PRESETS, Part

#: Added to the variance of a face's grey values before they are divided by its root.
NOISE_VARIANCE = 100.0
#: A keypoint network's offsets count in this fraction of the crop's side.
OFFSET_STEPS = 12


def build(
    task: str,
    classes: int = 0,
    preset: str = DEFAULT,
    heads: int = 1,
    mirrored: bool = False,
    standardise: bool = True,
) -> keras.Model:
    """A network for ``task`` with fresh weights.

    Input uint8 (batch, S, S, 1), S = 48 for expression and 96 for keypoints. Output
    ``probabilities`` float32 (batch, classes), with several heads (batch, heads, classes), or
    ``keypoints`` float32 (batch, 15, 2), x then y, pixels of the input. ``mirrored`` expression
    networks answer for the mean features of the face and its mirror image. Without
    ``standardise`` it is one of the first networks, which rescaled the grey values of all faces
    alike and had no bound for features.
    ConfigError for an unknown preset.
    """
    if preset not in PRESETS:
        raise ConfigError(f"unknown preset {preset!r}: expected one of {', '.join(PRESETS)}")
    parts = PRESETS[preset]
    size = INPUT_SIZE_PX[task]
    faces = keras.Input((size, size, 1), dtype="uint8", name="faces")
    x = standardised(faces) if standardise else layers.Rescaling(1 / 127.5, -1.0)(faces)
    if mirrored:
        x = layers.Concatenate(axis=0)([x, ops.flip(x, axis=2)])
    x = _add(parts.body[task], x)
    if standardise and task == "expression":
        # Unbounded, a few faces had features of a hundred times the usual, and logits of -1000.
        x = layers.Activation("relu6", name="bounded")(x)
    x = _add(parts.head[task], x)
    if mirrored:
        x = ops.mean(ops.reshape(x, (2, -1, x.shape[-1])), axis=0)
    return keras.Model(faces, output(task, x, classes, size, heads), name=f"{task}_{preset}")


def standardised(faces):
    """Each face's own greys with mean 0 and deviation near 1, float32 also under mixed precision.

    The variance added keeps the noise of a nearly blank face from being blown up.
    """
    return layers.LayerNormalization(
        (1, 2, 3), NOISE_VARIANCE, center=False, scale=False, dtype="float32"
    )(ops.cast(faces, "float32"))


def standardises(model: keras.Model) -> bool:
    """Whether ``model`` standardises its faces; the first networks rescaled them."""
    return not isinstance(model.layers[1], layers.Rescaling)


def _add(part: Part, x):
    return getattr(blocks, part.block)(x, **part.options)


def output(task: str, x, classes: int, size_px: int, heads: int = 1):
    """The last layers; always float32, also under mixed precision."""
    if task == "expression":
        x = layers.Dense(heads * classes, dtype="float32", name="logits")(x)
        if heads > 1:
            x = layers.Reshape((heads, classes), dtype="float32")(x)
        return layers.Softmax(dtype="float32", name="probabilities")(x)
    # From the mean face, in steps of some pixels: offsets of the whole image's size would make
    # every optimiser step throw the points about.
    x = layers.Dense(
        2 * KEYPOINT_COUNT, kernel_initializer="zeros", dtype="float32", name="offsets"
    )(x)
    mean = [(value + 0.5) * size_px / 96 - 0.5 for point in MEAN_FACE_PX for value in point]
    x = layers.Rescaling(size_px / OFFSET_STEPS, mean, dtype="float32")(x)
    return layers.Reshape((KEYPOINT_COUNT, 2), dtype="float32", name="keypoints")(x)
