"""YuNet's ``.onnx`` as a ``.tflite``: one runtime reads all three networks, here and in browsers.

The picture comes as whoever reads it has it, so that no pixel is converted twice: uint8
(1, H, W, 3) BGR, as OpenCV's YuNet wants it, or (1, H, W, 4) RGBA in a browser, for which the first
weights change places and a picture's opacity gets weight 0. Landmarks, which nobody reads here, are
left out. Sizes are nominal: any divisible by 32 will do (a browser writes those of its picture,
``tflite.mjs``).
"""

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from emotion_ai.faces.onnx_file import Graph, Node, read_onnx

#: Of the network's cells, in pixels; an output each.
STRIDES = (8, 16, 32)
#: What a cell says, in this order: logits of "a face is here" and "its box is good", then the box.
HEADS = ("cls", "obj", "bbox")
SIDE_PX = 32
_BUILTIN, _OPTIONS = schema.BuiltinOperator, schema.BuiltinOptions


def yunet_tflite(onnx: bytes, channels: str = "RGBA") -> bytes:
    """YuNet's ``.onnx`` as a ``.tflite``: uint8 (1, 32, 32, channels) in, ``BGR`` or ``RGBA``; out,
    for each of ``STRIDES``, float32 (1, H / stride, W / stride, 6). ValueError for a file that is
    no YuNet."""
    graph = read_onnx(onnx)
    builder = _Builder()
    shape = (1, SIDE_PX, SIDE_PX, len(channels))
    picture = builder.tensor("picture", shape, schema.TensorType.UINT8)
    made = {"input": builder.cast(picture)}
    try:
        for node in _needed(graph):
            made[node.outputs[0]] = _OPERATIONS[node.kind](builder, graph, made, node)
        outputs = [
            builder.concatenate([made[f"{head}_{stride}"] for head in HEADS]) for stride in STRIDES
        ]
    except (KeyError, ValueError) as error:
        raise ValueError(f"expected YuNet's network, got another ({error})") from None
    return builder.model([picture], outputs)


def _needed(graph: Graph) -> list[Node]:
    """The nodes that the outputs used here depend on."""
    wanted = {f"{head}_{stride}" for head in HEADS for stride in STRIDES}
    kept = []
    for node in reversed(graph.nodes):
        if wanted & set(node.outputs):
            kept.append(node)
            wanted |= set(node.inputs)
    return kept[::-1]


def _conv(builder, graph, made, node) -> int:
    weights, bias = (graph.weights[name] for name in node.inputs[1:])
    value = made[node.inputs[0]]
    if node.inputs[0] == "input" and builder.channels(value) == 4:
        # Blue, green, red became red, green, blue, opacity.
        weights = np.concatenate((weights[:, ::-1], np.zeros_like(weights[:, :1])), axis=1)
    stride = node.attributes["strides"][0]
    depthwise = node.attributes["group"][0] > 1
    # (out, in, height, width), and (1, height, width, out) of one filter a channel.
    weights = weights.transpose((1, 2, 3, 0) if depthwise else (0, 2, 3, 1))
    if stride > 1:  # "same" would pad below and right only
        value = builder.pad(value)
    return builder.conv(value, weights, bias, stride, depthwise)


def _same(builder, graph, made, node) -> int:
    """Outputs are logits, in the order that TensorFlow's layout has anyway: sigmoid, transpose and
    reshape at the end change nothing."""
    return made[node.inputs[0]]


_OPERATIONS = {
    "Conv": _conv,
    "Relu": lambda builder, graph, made, node: builder.relu(made[node.inputs[0]]),
    "MaxPool": lambda builder, graph, made, node: builder.max_pool(made[node.inputs[0]]),
    "Resize": lambda builder, graph, made, node: builder.double(made[node.inputs[0]]),
    "Add": lambda builder, graph, made, node: builder.add(*(made[name] for name in node.inputs)),
    "Sigmoid": _same,
    "Transpose": _same,
    "Reshape": _same,
}


class _Builder:
    """Writes a ``.tflite`` operation by operation; values are numbers of tensors."""

    def __init__(self):
        self._model = schema.ModelT()
        self._model.version = 3
        self._model.description = "YuNet (MIT licence), converted"
        self._model.buffers = [schema.BufferT()]
        self._model.operatorCodes = []
        self._graph = schema.SubGraphT()
        self._graph.tensors, self._graph.operators = [], []
        self._codes: dict[int, int] = {}

    def tensor(self, name: str, shape, kind=schema.TensorType.FLOAT32, data=None) -> int:
        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.type = name, [int(size) for size in shape], kind
        tensor.buffer = 0
        if data is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(np.ascontiguousarray(data).tobytes(), np.uint8)
            tensor.buffer = len(self._model.buffers)
            self._model.buffers.append(buffer)
        self._graph.tensors.append(tensor)
        return len(self._graph.tensors) - 1

    def _constant(self, array: np.ndarray, kind=schema.TensorType.FLOAT32) -> int:
        return self.tensor(f"constant_{len(self._graph.tensors)}", array.shape, kind, array)

    def _shape(self, value: int) -> list[int]:
        return self._graph.tensors[value].shape

    def channels(self, value: int) -> int:
        return self._shape(value)[-1]

    def _operation(self, code: int, inputs: list[int], shape, option=None, options=None) -> int:
        if code not in self._codes:
            entry = schema.OperatorCodeT()
            entry.builtinCode, entry.deprecatedBuiltinCode, entry.version = code, min(code, 127), 1
            self._codes[code] = len(self._model.operatorCodes)
            self._model.operatorCodes.append(entry)
        operator = schema.OperatorT()
        operator.opcodeIndex, operator.inputs = self._codes[code], inputs
        if options is not None:
            operator.builtinOptionsType, operator.builtinOptions = option, options
        output = self.tensor(f"value_{len(self._graph.tensors)}", shape)
        operator.outputs = [output]
        self._graph.operators.append(operator)
        return output

    def cast(self, value: int) -> int:
        return self._operation(_BUILTIN.CAST, [value], self._shape(value))

    def pad(self, value: int) -> int:
        """A row and column of zeros on every side."""
        _, height, width, channels = self._shape(value)
        amounts = np.array([[0, 0], [1, 1], [1, 1], [0, 0]], np.int32)
        given = [value, self._constant(amounts, schema.TensorType.INT32)]
        shape = (1, height + 2, width + 2, channels)
        return self._operation(
            _BUILTIN.PAD, given, shape, _OPTIONS.PadOptions, schema.PadOptionsT()
        )

    def conv(self, value: int, weights, bias, stride: int, depthwise: bool) -> int:
        options = schema.DepthwiseConv2DOptionsT() if depthwise else schema.Conv2DOptionsT()
        options.strideH = options.strideW = stride
        options.padding = schema.Padding.VALID if stride > 1 else schema.Padding.SAME
        options.dilationHFactor = options.dilationWFactor = 1
        if depthwise:
            options.depthMultiplier = 1
        _, height, width, _ = self._shape(value)
        shape = (1, height // stride, width // stride, len(bias))
        inputs = [value, self._constant(weights), self._constant(bias)]
        code = _BUILTIN.DEPTHWISE_CONV_2D if depthwise else _BUILTIN.CONV_2D
        option = _OPTIONS.DepthwiseConv2DOptions if depthwise else _OPTIONS.Conv2DOptions
        return self._operation(code, inputs, shape, option, options)

    def relu(self, value: int) -> int:
        """As a part of the convolution that made ``value``."""
        operator = next(o for o in self._graph.operators if value in o.outputs)
        operator.builtinOptions.fusedActivationFunction = schema.ActivationFunctionType.RELU
        return value

    def max_pool(self, value: int) -> int:
        options = schema.Pool2DOptionsT()
        options.strideH = options.strideW = options.filterHeight = options.filterWidth = 2
        options.padding = schema.Padding.VALID
        _, height, width, channels = self._shape(value)
        shape = (1, height // 2, width // 2, channels)
        return self._operation(
            _BUILTIN.MAX_POOL_2D, [value], shape, _OPTIONS.Pool2DOptions, options
        )

    def double(self, value: int) -> int:
        """Every cell twice in height and width; resizing would need the size as a constant."""
        _, height, width, channels = self._shape(value)
        options = schema.DepthToSpaceOptionsT()
        options.blockSize = 2
        return self._operation(
            _BUILTIN.DEPTH_TO_SPACE, [self.concatenate([value] * 4)],
            (1, 2 * height, 2 * width, channels), _OPTIONS.DepthToSpaceOptions, options,
        )  # fmt: skip

    def add(self, one: int, other: int) -> int:
        shape = self._shape(one)
        return self._operation(
            _BUILTIN.ADD, [one, other], shape, _OPTIONS.AddOptions, schema.AddOptionsT()
        )

    def concatenate(self, values: list[int]) -> int:
        options = schema.ConcatenationOptionsT()
        options.axis = 3
        *cells, _ = self._shape(values[0])
        shape = (*cells, sum(self._shape(value)[3] for value in values))
        return self._operation(
            _BUILTIN.CONCATENATION, values, shape, _OPTIONS.ConcatenationOptions, options
        )

    def model(self, inputs: list[int], outputs: list[int]) -> bytes:
        self._graph.inputs, self._graph.outputs, self._graph.name = inputs, outputs, "yunet"
        self._model.subgraphs = [self._graph]
        builder = flatbuffers.Builder(1 << 18)
        builder.Finish(self._model.Pack(builder), b"TFL3")
        return bytes(builder.Output())
