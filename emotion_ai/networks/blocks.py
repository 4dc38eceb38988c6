"""The networks, in pure Keras 3. Raw uint8 grey faces in; probabilities or keypoints out.

Every network is body plus head. Normalisation is part of it, so that training, LiteRT, SavedModel
and REST cannot disagree. ``build`` makes one of ``PRESETS`` for a task.

- ``residual``: basic residual blocks (He et al. 2016, arXiv:1512.03385) with squeeze-and-excitation
  (Hu et al. 2018, arXiv:1709.01507), sized for a webcam on two cores;
- ``course_resnet``: the tutorial network, bottleneck blocks whose short path is max-pooled;
- ``cnn4``: four convolutions and two dense layers, the baseline;
- ``demo``: a residual network small enough to learn synthetic faces while a class watches.
"""

from collections.abc import Callable

import keras
from keras import layers, ops

from emotion_ai.errors import ConfigError
from emotion_ai.labels import KEYPOINT_COUNT

#: Side of the face crop each task reads, pixels.
INPUT_SIZE_PX = {"expression": 48, "keypoints": 96}

#: A keypoint network's offsets count in this fraction of the crop's side.
OFFSET_STEPS = 12
#: Mean keypoints of the 96 × 96 training faces, made symmetric, pixels, x then y.
MEAN_FACE_PX = (
    (65.2, 34.8), (29.8, 34.8), (58.1, 35.8), (72.3, 34.9), (36.9, 35.8), (22.7, 34.9),
    (55.7, 24.4), (80.3, 27.0), (39.3, 24.4), (14.7, 27.0), (47.5, 55.4),
    (62.7, 73.3), (32.3, 73.3), (47.5, 70.0), (47.5, 81.2),
)  # fmt: skip


def convolution(x, filters: int, kernel: int = 3, stride: int = 1, activation: bool = True):
    """Convolution, batch normalisation and, unless told otherwise, ReLU."""
    x = layers.Conv2D(
        filters, kernel, stride, "same", use_bias=False, kernel_initializer="he_normal"
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.Activation("relu")(x) if activation else x


def squeeze_excite(x, ratio: int = 8):
    """Weigh channels by what the whole picture holds (arXiv:1709.01507)."""
    filters = x.shape[-1]
    weights = layers.GlobalAveragePooling2D(keepdims=True)(x)
    weights = layers.Conv2D(filters // ratio, 1, activation="relu")(weights)
    weights = layers.Conv2D(filters, 1, activation="sigmoid")(weights)
    return layers.Multiply()([x, weights])


def residual_block(x, filters: int, stride: int = 1, squeeze: bool = True):
    """Two 3 × 3 convolutions beside a shortcut, which is projected where the shape changes."""
    short = x
    if stride > 1 or x.shape[-1] != filters:
        short = layers.AveragePooling2D(stride)(x) if stride > 1 else x
        short = convolution(short, filters, 1, activation=False)
    x = convolution(x, filters, stride=stride)
    x = convolution(x, filters, activation=False)
    if squeeze:
        x = squeeze_excite(x)
    return layers.Activation("relu")(layers.Add()([x, short]))


def residual(x, stem: int, stem_kernel: int, stages: tuple[tuple[int, int], ...]):
    """A stem at stride 2, then ``stages`` of (filters, blocks), each after the first halving."""
    x = convolution(x, stem, stem_kernel, stride=2)
    for i, (filters, blocks) in enumerate(stages):
        for block in range(blocks):
            x = residual_block(x, filters, stride=2 if i and not block else 1)
    return x


def bottleneck_block(x, filters: tuple[int, int, int], first: bool):
    """The tutorial's block: 1×1 - 3×3 - 1×1; the first of a stage pools both of its paths."""
    short = x
    if first:
        short = convolution(layers.MaxPooling2D(2)(x), filters[2], 1, activation=False)
        x = layers.MaxPooling2D(2)(convolution(x, filters[0], 1))
    else:
        x = convolution(x, filters[0], 1)
    x = convolution(x, filters[1], 3)
    x = convolution(x, filters[2], 1, activation=False)
    return layers.Activation("relu")(layers.Add()([x, short]))


def course_resnet(x):
    """7 × 7 stem, two stages of one convolution block and two identity blocks."""
    x = layers.MaxPooling2D(3, 2, "same")(convolution(x, 64, 7, stride=2))
    for filters in ((64, 64, 256), (128, 128, 512)):
        for block in range(3):
            x = bottleneck_block(x, filters, first=block == 0)
    return x


def cnn4(x):
    """Four convolutions, each followed by pooling."""
    for filters in (32, 64, 128, 128):
        x = layers.MaxPooling2D(2)(convolution(x, filters))
    return x


def pooled_head(x, dropout: float):
    """Global average, the body of an expression head."""
    return layers.Dropout(dropout)(layers.GlobalAveragePooling2D()(x))


def spatial_head(x, dropout: float, filters: int = 64):
    """Fewer channels, every position kept: where something is matters for keypoints.

    No dropout: it would shake the coordinates themselves.
    """
    return layers.Flatten()(convolution(x, filters, 1))


def dense_head(x, dropout: float, units: tuple[int, ...] = (512, 256)):
    """The tutorial's head: dense layers with dropout between them."""
    x = layers.Flatten()(x)
    for width in units:
        x = layers.Dropout(dropout)(layers.Dense(width, activation="relu")(x))
    return x


Body = Callable
_STANDARD_HEADS = {"expression": pooled_head, "keypoints": spatial_head}
_DENSE_HEADS = {"expression": dense_head, "keypoints": dense_head}
_RESIDUAL = {
    "expression": lambda x: residual(x, 48, 3, ((48, 2), (96, 2), (192, 2))),
    "keypoints": lambda x: residual(x, 32, 5, ((32, 1), (64, 2), (128, 2), (192, 2))),
}
_DEMO = {
    "expression": lambda x: residual(x, 16, 3, ((16, 1), (32, 1), (64, 1))),
    "keypoints": lambda x: residual(x, 16, 5, ((16, 1), (32, 1), (48, 1), (64, 1))),
}
#: name → (body per task, head per task, dropout)
PRESETS = {
    "residual": (_RESIDUAL, _STANDARD_HEADS, 0.2),
    "course_resnet": (dict.fromkeys(INPUT_SIZE_PX, course_resnet), _DENSE_HEADS, 0.2),
    "cnn4": (dict.fromkeys(INPUT_SIZE_PX, cnn4), _DENSE_HEADS, 0.2),
    "demo": (_DEMO, _STANDARD_HEADS, 0.1),
}


def build(
    task: str, classes: int = 0, preset: str = "residual", heads: int = 1, mirrored: bool = False
) -> keras.Model:
    """A network for ``task`` with fresh weights.

    Input uint8 (batch, S, S, 1), S = 48 for expression and 96 for keypoints. Output
    ``probabilities`` float32 (batch, classes), with several heads (batch, heads, classes), or
    ``keypoints`` float32 (batch, 15, 2), x then y, pixels of the input. ``mirrored`` expression
    networks answer for the mean features of the face and its mirror image. ConfigError for an
    unknown preset.
    """
    if preset not in PRESETS:
        raise ConfigError(f"unknown preset {preset!r}: expected one of {', '.join(PRESETS)}")
    bodies, head_of, dropout = PRESETS[preset]
    size = INPUT_SIZE_PX[task]
    faces = keras.Input((size, size, 1), dtype="uint8", name="faces")
    x = layers.Rescaling(1 / 127.5, -1.0)(faces)
    if mirrored:
        x = layers.Concatenate(axis=0)([x, ops.flip(x, axis=2)])
    x = bodies[task](x)
    x = head_of[task](x, dropout)
    if mirrored:
        x = ops.mean(ops.reshape(x, (2, -1, x.shape[-1])), axis=0)
    return keras.Model(faces, output(task, x, classes, size, heads), name=f"{task}_{preset}")


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


def with_mirror(model: keras.Model, preset: str) -> keras.Model:
    """An expression network that sees each face and its mirror image: ``model``'s weights, which
    ``preset`` built, at twice the time."""
    *heads, classes = model.output.shape[1:]
    twin = build("expression", classes, preset, *heads, mirrored=True)
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
    (other task, other number of classes) therefore starts fresh. ConfigError if nothing fits.
    """
    model = build(task, classes, preset, heads)
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
