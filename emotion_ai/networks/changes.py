"""Networks made from networks that have learned: their weights in another shape."""

import keras
from keras import layers

from emotion_ai.errors import ConfigError
from emotion_ai.networks.architectures import build, standardises


def with_mirror(model: keras.Model, preset: str) -> keras.Model:
    """An expression network that sees each face and its mirror image: ``model``'s weights, which
    ``preset`` built, at twice the time."""
    *heads, classes = model.output.shape[1:]
    twin = build(
        "expression", classes, preset, *heads, mirrored=True, standardise=standardises(model)
    )
    twin.set_weights(model.get_weights())
    return twin


def one_head(
    model: keras.Model, index: int = 0, temperature: float = 1.0, lowest: float | None = None
) -> keras.Model:
    """An expression network of ``model``'s body, shared with it, and one of its heads.

    Its logits are divided by ``temperature`` (Guo et al. 2017, arXiv:1706.04599), have a mean of 0
    over the classes and, where ``lowest`` is given, are no lower than that. Training leaves their
    common offset to chance, and a class whose logit is -40 is as impossible as one of -10, but 256
    integer steps over all of that leave too few for those that compete. A ReLU after a shift, which
    a softmax does not see, is something that integer kernels can do on the way.
    """
    logits = model.get_layer("logits")
    classes = model.output.shape[-1]
    own = slice(index * classes, (index + 1) * classes)
    kernel, bias = (values[..., own] / temperature for values in logits.get_weights())
    kernel, bias = kernel - kernel.mean(axis=1, keepdims=True), bias - bias.mean()
    if lowest is not None:
        bias = bias - lowest
    activation = None if lowest is None else "relu"
    layer = layers.Dense(classes, activation=activation, dtype="float32", name="logits")
    x = layers.Softmax(dtype="float32", name="probabilities")(layer(logits.input))
    layer.set_weights([kernel, bias])
    return keras.Model(model.inputs, x, name=model.name)


def transfer(
    source: keras.Model, task: str, classes: int, preset: str, heads: int = 1
) -> keras.Model:
    """A network for ``task`` that starts from all weights of ``source`` that fit by place.

    Layers are matched in order, as long as kind and weight shapes agree; a different head
    (other task, other number of classes) therefore starts fresh. Grey values are read as
    ``source`` reads them. ConfigError if nothing fits.
    """
    model = build(task, classes, preset, heads, standardise=standardises(source))
    carried = 0
    weighted = ([layer for layer in m.layers if layer.weights] for m in (source, model))
    for old, new in zip(*weighted, strict=False):
        if type(old) is not type(new):
            break
        shapes = [w.shape for w in old.weights]
        if shapes != [w.shape for w in new.weights]:
            continue
        new.set_weights(old.get_weights())
        carried += len(shapes)
    if not carried:
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
