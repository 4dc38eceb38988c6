"""The parts of networks, in pure Keras 3: what ``presets`` names, and what those are made of.

Layers come in the order in which they are called, and Keras names them by it: files of saved
weights rely on that order.
"""

from keras import layers


def convolution(
    x, filters: int, kernel: int = 3, stride: int = 1, activation: bool = True, gain: str = "ones"
):
    """Convolution, batch normalisation (its gains start as ``gain``) and, unless told otherwise,
    ReLU."""
    x = layers.Conv2D(
        filters, kernel, stride, "same", use_bias=False, kernel_initializer="he_normal"
    )(x)
    x = layers.BatchNormalization(momentum=0.9, gamma_initializer=gain)(x)
    return layers.Activation("relu")(x) if activation else x


def squeeze_excite(x, ratio: int = 8):
    """Weigh channels by what the whole picture holds (Hu et al. 2018, arXiv:1709.01507)."""
    filters = x.shape[-1]
    weights = layers.GlobalAveragePooling2D(keepdims=True)(x)
    weights = layers.Conv2D(filters // ratio, 1, activation="relu")(weights)
    weights = layers.Conv2D(filters, 1, activation="sigmoid")(weights)
    return layers.Multiply()([x, weights])


def residual_block(x, filters: int, stride: int = 1, squeeze: bool = True, silent: bool = False):
    """Two 3 × 3 convolutions beside a shortcut, which is projected where the shape changes
    (He et al. 2016, arXiv:1512.03385). ``silent``: at first only the shortcut speaks (Goyal et al.
    2017, arXiv:1706.02677), and large steps do no harm."""
    short = x
    if stride > 1 or x.shape[-1] != filters:
        short = layers.AveragePooling2D(stride)(x) if stride > 1 else x
        short = convolution(short, filters, 1, activation=False)
    x = convolution(x, filters, stride=stride)
    x = convolution(x, filters, activation=False, gain="zeros" if silent else "ones")
    if squeeze:
        x = squeeze_excite(x)
    return layers.Activation("relu")(layers.Add()([x, short]))


def residual(
    x, stem: int, stem_kernel: int, stages: tuple[tuple[int, int], ...], silent: bool = False
):
    """A stem at stride 2, then ``stages`` of (filters, blocks), each after the first halving."""
    x = convolution(x, stem, stem_kernel, stride=2)
    for i, (filters, blocks) in enumerate(stages):
        for block in range(blocks):
            x = residual_block(x, filters, stride=2 if i and not block else 1, silent=silent)
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
    """The tutorial's body: a 7 × 7 stem, two stages of three bottleneck blocks each."""
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
    """The mean of each channel over the whole picture."""
    return layers.Dropout(dropout)(layers.GlobalAveragePooling2D()(x))


def spatial_head(x, filters: int = 64):
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
