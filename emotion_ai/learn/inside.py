"""Inside a saved network, without TensorFlow or Keras: its layers, its blocks, its first filters.

A ``.keras`` file is a zip of ``config.json``, the graph, and ``model.weights.h5``, the numbers.
"""

import io
import json
import re
import zipfile
from collections import Counter
from dataclasses import dataclass

import cv2
import h5py
import numpy as np

from emotion_ai.errors import ModelError

Shape = tuple[int, ...]
#: Outside of residual blocks, these begin a block of their own.
_STARTS = ("Conv2D", "Dense", "GlobalAveragePooling2D", "Flatten")


@dataclass(frozen=True)
class Layer:
    """One layer: what Keras calls it, what it reads, what it gives.

    ``shape`` is the output's without the batch: (height, width, channels) or (units,).
    """

    name: str
    kind: str
    config: dict
    inputs: tuple[str, ...]
    shape: Shape
    weights: list[np.ndarray]

    @property
    def parameters(self) -> int:
        return sum(array.size for array in self.weights)


@dataclass(frozen=True)
class Block:
    """Layers between two places that everything passes through."""

    layers: list[Layer]

    @property
    def shape(self) -> Shape:
        return self.layers[-1].shape

    @property
    def parameters(self) -> int:
        return sum(layer.parameters for layer in self.layers)

    @property
    def skips(self) -> bool:
        """Whether a second path goes around: its end is an Add."""
        return any(layer.kind == "Add" for layer in self.layers)

    @property
    def convolutions(self) -> int:
        return sum(layer.kind == "Conv2D" for layer in self.layers)


@dataclass(frozen=True)
class Stem:
    """The first convolution with what stands around it: grey values times ``scale`` plus
    ``offset`` go in, each filter's answer times ``gain`` plus ``shift`` and ReLU comes out.
    With a ``noise_variance`` each face is standardised instead: its mean is taken away, then it is
    divided by the root of its variance and that.

    ``kernels`` float32 (k, k, filters); ``gain`` and ``shift`` float (filters,).
    """

    kernels: np.ndarray
    stride: int
    scale: float
    offset: float
    gain: np.ndarray
    shift: np.ndarray
    noise_variance: float | None = None

    def prepared(self, face: np.ndarray) -> np.ndarray:
        """What the convolution reads of a uint8 (S, S) face: float32 (S, S)."""
        greys = face.astype(np.float32)
        if self.noise_variance is None:
            return greys * self.scale + self.offset
        return (greys - greys.mean()) / np.sqrt(greys.var() + self.noise_variance)


def read_layers(content: bytes) -> list[Layer]:
    """The layers of a ``.keras`` file in the order signals pass them; ModelError when it is none
    or holds a kind of network other than ours."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            config = json.loads(archive.read("config.json"))["config"]
            weights = io.BytesIO(archive.read("model.weights.h5"))
        with h5py.File(weights) as numbers:
            return _read(config["layers"], numbers)
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, IndexError) as error:
        raise ModelError(f"model.keras cannot be read: {str(error).splitlines()[0]}") from None


def _read(entries: list[dict], numbers: h5py.File) -> list[Layer]:
    layers: dict[str, Layer] = {}
    seen: Counter = Counter()
    for entry in entries:
        kind, config, name = entry["class_name"], entry["config"], entry["name"]
        # Keras numbers the groups of weights by class, in the order of the layers.
        group = _snake_case(kind)
        place = f"layers/{group}" + (f"_{seen[group]}" if seen[group] else "")
        seen[group] += 1
        stored = numbers.get(f"{place}/vars", {})
        weights = [np.asarray(stored[str(i)]) for i in range(len(stored))]
        inputs = tuple(_history(entry["inbound_nodes"]))
        shape = _shape(kind, config, [layers[one].shape for one in inputs])
        layers[name] = Layer(name, kind, config, inputs, shape, weights)
    return list(layers.values())


def _snake_case(name: str) -> str:
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def _history(value) -> list[str]:
    """Names of the layers whose tensors stand anywhere in a layer's recorded arguments."""
    if isinstance(value, dict):
        if value.get("class_name") == "__keras_tensor__":
            return [value["config"]["keras_history"][0]]
        value = list(value.values())
    if isinstance(value, list):
        return [name for part in value for name in _history(part)]
    return []


def _shape(kind: str, config: dict, inputs: list[Shape]) -> Shape:
    if kind == "InputLayer":
        return tuple(config["batch_shape"][1:])
    (shape, *_) = inputs
    if kind in ("Conv2D", "AveragePooling2D", "MaxPooling2D"):
        window = config.get("kernel_size") or config["pool_size"]
        cut = [side - 1 if config["padding"] == "valid" else 0 for side in window]
        sides = [
            -(-(side - less) // step)
            for side, less, step in zip(shape, cut, config["strides"], strict=False)
        ]
        return (*sides, config.get("filters", shape[-1]))
    if kind == "GlobalAveragePooling2D":
        return (1, 1, shape[-1]) if config.get("keepdims") else (shape[-1],)
    if kind == "Dense":
        return (*shape[:-1], config["units"])
    if kind == "Flatten":
        return (int(np.prod(shape)),)
    if kind == "Reshape":
        # One without a target shape takes faces and mirror images apart; their mean comes next.
        return tuple(config.get("target_shape", shape))
    if kind == "Multiply":
        return max(inputs, key=np.prod)
    return shape


def blocks(layers: list[Layer]) -> list[Block]:
    """The network in blocks: each residual block one, each convolution or dense layer outside of
    them one with the layers that follow it."""
    last_use = {name: i for i, layer in enumerate(layers) for name in layer.inputs}
    found: list[list[Layer]] = []
    open_until = 0
    fresh = True
    for i, layer in enumerate(layers):
        narrow = i >= open_until  # only one signal passes here
        starts = fresh or (narrow and layer.kind in _STARTS)
        uses = [j for j, other in enumerate(layers) if layer.name in other.inputs]
        if len(uses) > 1 and narrow:
            found[-1].append(layer)
            fresh, open_until = True, last_use[layer.name] + 1
            continue
        if starts and (not found or fresh or _weighs(found[-1])):
            found.append([])
        found[-1].append(layer)
        fresh = False
        open_until = max(open_until, last_use.get(layer.name, 0))
    return [Block(part) for part in found]


def _weighs(part: list[Layer]) -> bool:
    return any(layer.weights for layer in part)


def first_convolution(layers: list[Layer]) -> Stem:
    """The stem of any of our networks: the faces' greys made comparable, convolution, batch
    normalisation, ReLU."""
    convolution = next((layer for layer in layers if layer.kind == "Conv2D"), None)
    if convolution is None or convolution.weights[0].shape[2] != 1:
        raise ModelError("expected a network that starts with a convolution of grey faces")
    position = layers.index(convolution)
    before = {layer.kind: layer.config for layer in layers[:position]}
    scaling = before.get("Rescaling", {"scale": 1.0, "offset": 0.0})
    kernels = convolution.weights[0][:, :, 0]
    filters = kernels.shape[2]
    bias = convolution.weights[1] if len(convolution.weights) > 1 else np.zeros(filters)
    gain, shift = np.ones(filters), bias
    following = layers[position + 1]
    if following.kind == "BatchNormalization":
        gamma, beta, mean, variance = following.weights
        gain = gamma / np.sqrt(variance + following.config["epsilon"])
        shift = beta + (bias - mean) * gain
    return Stem(
        kernels,
        int(convolution.config["strides"][0]),
        float(scaling["scale"]),
        float(scaling["offset"]),
        gain,
        shift,
        before.get("LayerNormalization", {}).get("epsilon"),
    )


def feature_maps(stem: Stem, face: np.ndarray) -> np.ndarray:
    """What each first filter answers on a uint8 (S, S) face: float32 (filters, S', S'), ≥ 0."""
    size, kernel, stride = len(face), stem.kernels.shape[0], stem.stride
    positions = -(-size // stride)
    # "same" padding puts the odd pixel at the end.
    padding = max((positions - 1) * stride + kernel - size, 0)
    values = np.pad(stem.prepared(face), padding)
    start = padding - padding // 2
    maps = np.empty((stem.kernels.shape[2], positions, positions), np.float32)
    for i in range(len(maps)):
        # OpenCV anchors a kernel at its middle; asked for its first pixel, it needs no border.
        every = cv2.filter2D(values, -1, np.ascontiguousarray(stem.kernels[..., i]), anchor=(0, 0))
        picked = every[start:, start:][: stride * positions : stride, : stride * positions : stride]
        maps[i] = np.maximum(picked * stem.gain[i] + stem.shift[i], 0)
    return maps
