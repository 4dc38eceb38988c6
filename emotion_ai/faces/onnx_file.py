"""Just enough of the ONNX format to take a small network apart, without the ``onnx`` package.

ONNX files are protocol buffers; field numbers are those of ``onnx.proto`` (IR version 8).
"""

import struct
from dataclasses import dataclass

import numpy as np

#: Fields of ModelProto, GraphProto, NodeProto, AttributeProto and TensorProto.
_MODEL_GRAPH = 7
_GRAPH_NODE, _GRAPH_INITIALIZER, _GRAPH_OUTPUT = 1, 5, 12
_NODE_INPUT, _NODE_OUTPUT, _NODE_TYPE, _NODE_ATTRIBUTE = 1, 2, 4, 5
_ATTRIBUTE_NAME, _ATTRIBUTE_INT, _ATTRIBUTE_INTS = 1, 3, 8
_TENSOR_DIMS, _TENSOR_TYPE, _TENSOR_FLOATS, _TENSOR_NAME, _TENSOR_RAW = 1, 2, 4, 8, 9
_FLOAT = 1


@dataclass(frozen=True)
class Node:
    """An operation. ``attributes`` holds the integers among them, each as a list."""

    kind: str
    inputs: list[str]
    outputs: list[str]
    attributes: dict[str, list[int]]


@dataclass(frozen=True)
class Graph:
    """Nodes in order of execution, float32 weights and the outputs, by name."""

    nodes: list[Node]
    weights: dict[str, np.ndarray]
    outputs: list[str]


def read_onnx(content: bytes) -> Graph:
    """The graph of an ONNX file; ValueError for what is none."""
    try:
        graph = _first(_fields(content), _MODEL_GRAPH)
        nodes, weights, outputs = [], {}, []
        for field, value in _fields(graph):
            if field == _GRAPH_NODE:
                nodes.append(_node(value))
            elif field == _GRAPH_INITIALIZER:
                name, array = _tensor(value)
                if array is not None:
                    weights[name] = array
            elif field == _GRAPH_OUTPUT:
                outputs.append(_first(_fields(value), 1).decode())
    except (IndexError, KeyError, TypeError, struct.error, UnicodeDecodeError):
        raise ValueError("expected an ONNX file, got something else") from None
    return Graph(nodes, weights, outputs)


def _node(content: bytes) -> Node:
    inputs, outputs, attributes, kind = [], [], {}, ""
    for field, value in _fields(content):
        if field == _NODE_INPUT:
            inputs.append(value.decode())
        elif field == _NODE_OUTPUT:
            outputs.append(value.decode())
        elif field == _NODE_TYPE:
            kind = value.decode()
        elif field == _NODE_ATTRIBUTE:
            name, numbers = "", []
            for inner, given in _fields(value):
                if inner == _ATTRIBUTE_NAME:
                    name = given.decode()
                elif inner in (_ATTRIBUTE_INT, _ATTRIBUTE_INTS):
                    numbers += _numbers(given)
            attributes[name] = numbers
    return Node(kind, inputs, outputs, attributes)


def _tensor(content: bytes) -> tuple[str, np.ndarray | None]:
    dims, kind, name, raw = [], 0, "", b""
    for field, value in _fields(content):
        if field == _TENSOR_DIMS:
            dims += _numbers(value)
        elif field == _TENSOR_TYPE:
            kind = value
        elif field == _TENSOR_NAME:
            name = value.decode()
        elif field in (_TENSOR_RAW, _TENSOR_FLOATS):
            raw = value
    if kind != _FLOAT:
        return name, None
    return name, np.frombuffer(raw, "<f4").reshape(dims)


def _fields(content: bytes):
    """(field number, value) of a message; values are integers or bytes."""
    at = 0
    while at < len(content):
        key, at = _varint(content, at)
        field, wire = key >> 3, key & 7
        if wire == 0:
            value, at = _varint(content, at)
        elif wire == 2:
            length, at = _varint(content, at)
            value, at = content[at : at + length], at + length
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
            value, at = content[at : at + size], at + size
        else:
            raise IndexError(at)
        yield field, value


def _varint(content: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def _numbers(value) -> list[int]:
    """A repeated integer, packed or one by one."""
    if isinstance(value, int):
        return [value]
    numbers, at = [], 0
    while at < len(value):
        number, at = _varint(value, at)
        numbers.append(number)
    return numbers


def _first(fields, wanted: int):
    for field, value in fields:
        if field == wanted:
            return value
    raise KeyError(wanted)
