"""Networks made from networks that have learned: their weights in another shape."""

from collections.abc import Sequence
from difflib import SequenceMatcher

import keras
import numpy as np
from keras import layers

from emotion_ai.errors import ConfigError
from emotion_ai.networks.architectures import build, output, standardises


def with_mirror(model: keras.Model, preset: str) -> keras.Model:
    """An expression network that sees each face and its mirror image: ``model``'s weights, which
    ``preset`` built, at twice the time."""
    *heads, classes = model.output.shape[1:]
    twin = build(
        "expression", classes, preset, *heads, mirrored=True, standardise=standardises(model)
    )
    twin.set_weights(model.get_weights())
    return twin


def with_heads(
    model: keras.Model, indices: Sequence[int], temperatures: Sequence[float] | None = None
) -> keras.Model:
    """An expression network of ``model``'s body, shared with it, and these of its heads.

    The logits of each are divided by its temperature (Guo et al. 2017, arXiv:1706.04599). Output
    (batch, classes) for one head, (batch, heads, classes) for several.
    """
    logits, classes = model.get_layer("logits"), model.output.shape[-1]
    scale = np.divide(1, temperatures or [1.0] * len(indices))[:, None]
    size_px = model.inputs[0].shape[1]
    x = output("expression", logits.input, classes, size_px, len(indices))
    chosen = keras.Model(model.inputs, x, name=model.name)
    chosen.get_layer("logits").set_weights(
        [
            (values.reshape(*values.shape[:-1], -1, classes)[..., indices, :] * scale).reshape(
                *values.shape[:-1], -1
            )
            for values in logits.get_weights()
        ]
    )
    return chosen


def transfer(
    source: keras.Model, task: str, classes: int, preset: str, heads: int = 1
) -> keras.Model:
    """A network for ``task`` that starts from all weights of ``source`` that fit by place.

    Layers are matched in order where kind and weight shapes agree; a different head (other task,
    other number of classes) and blocks that ``source`` lacks therefore start fresh. Grey values are
    read as ``source`` reads them. ConfigError if nothing fits.
    """
    model = build(task, classes, preset, heads, standardise=standardises(source))
    theirs, ours = ([layer for layer in m.layers if layer.weights] for m in (source, model))
    shapes = ([(type(x), *(w.shape for w in x.weights)) for x in side] for side in (theirs, ours))
    fitting = SequenceMatcher(None, *shapes, autojunk=False).get_matching_blocks()
    for place, new_place, length in fitting:
        for i in range(length):
            ours[new_place + i].set_weights(theirs[place + i].get_weights())
    if len(fitting) == 1:  # the last is always empty
        raise ConfigError(f"no weights of {source.name} fit preset {preset!r} for {task}")
    return model


def in_float32(model: keras.Model) -> keras.Model:
    """The same network with the same weights, computing in float32 whatever it was trained in."""

    def float_layer(layer):
        config = layer.get_config()
        plain_op = not isinstance(layer, layers.Layer)  # such as a flip: it follows its input
        if not plain_op and not isinstance(layer, layers.InputLayer):
            config["dtype"] = "float32"
        return layer.__class__.from_config(config)

    clone = keras.models.clone_model(model, clone_function=float_layer)
    clone.set_weights(model.get_weights())
    return clone
