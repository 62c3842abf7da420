"""Writes ONNX graphs as bytes: the few messages of its protocol buffers that an encoder needs, so
that serving carries no package for them.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

# Numbers of onnx.proto (version 1.16): https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
FLOAT, UINT8, INT8, INT64, FLOAT16 = 1, 2, 3, 7, 10
KINDS = {"float32": FLOAT, "float16": FLOAT16, "int8": INT8, "uint8": UINT8}
"""By what NumPy calls them."""

_EXTERNAL = 1
_ATTRIBUTE_FLOAT, _ATTRIBUTE_INT, _ATTRIBUTE_INTS = 1, 2, 7
_IR_VERSION, _OPSET = 10, 21

MICROSOFT = "com.microsoft"
"""Domain of the operators that ONNX Runtime adds to the standard's:
https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
"""

Attribute = int | float | list[int]


def _varint(number: int) -> bytes:
    # Negative numbers are written as their 64-bit two's complement.
    number &= (1 << 64) - 1
    written = bytearray()
    while number > 0x7F:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    written.append(number)
    return bytes(written)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes | str) -> bytes:
    content = value.encode() if isinstance(value, str) else value
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def node(
    kind: str,
    inputs: Sequence[str],
    outputs: str | Sequence[str],
    attributes: dict[str, Attribute],
    *,
    domain: str = "",
) -> bytes:
    """Return a node; integers, floats and lists of integers may be attributes. ``domain`` is that
    of its operator, by default the standard's.
    """
    made = [outputs] if isinstance(outputs, str) else outputs
    return (
        b"".join(_bytes(1, name) for name in inputs)
        + b"".join(_bytes(2, name) for name in made)
        + _bytes(4, kind)
        + b"".join(_bytes(5, _attribute(name, value)) for name, value in attributes.items())
        + (_bytes(7, domain) if domain else b"")
    )


def _attribute(name: str, value: Attribute) -> bytes:
    written = _bytes(1, name)
    if isinstance(value, list):
        content = b"".join(_number(8, one) for one in value)
        return written + content + _number(20, _ATTRIBUTE_INTS)
    if isinstance(value, float):
        content = _varint(2 << 3 | 5) + struct.pack("<f", value)
        return written + content + _number(20, _ATTRIBUTE_FLOAT)
    return written + _number(3, value) + _number(20, _ATTRIBUTE_INT)


def constant(name: str, kind: int, shape: Sequence[int], content: bytes) -> bytes:
    """Return a tensor whose numbers, little-endian, stand in the graph."""
    return _tensor(name, kind, shape) + _bytes(9, content)


def external(name: str, kind: int, shape: Sequence[int], size: int) -> bytes:
    """Return a tensor of ``size`` bytes that is handed over when the graph is loaded."""
    place = {"location": "memory", "offset": "0", "length": str(size)}
    return (
        _tensor(name, kind, shape)
        + b"".join(_bytes(13, _bytes(1, key) + _bytes(2, value)) for key, value in place.items())
        + _number(14, _EXTERNAL)
    )


def _tensor(name: str, kind: int, shape: Sequence[int]) -> bytes:
    return b"".join(_number(1, size) for size in shape) + _number(2, kind) + _bytes(8, name)


def value(name: str, kind: int, shape: Sequence[int | str]) -> bytes:
    """Return an input or output of the graph; a dimension with a name may have any size."""
    dimensions = b"".join(
        _bytes(1, _number(1, size) if isinstance(size, int) else _bytes(2, size)) for size in shape
    )
    return _bytes(1, name) + _bytes(2, _bytes(1, _number(1, kind) + _bytes(2, dimensions)))


def model(
    nodes: Sequence[bytes],
    tensors: Sequence[bytes],
    inputs: Sequence[bytes],
    outputs: Sequence[bytes],
) -> bytes:
    """Return the model of one graph; its nodes stand in the order in which they can be run."""
    graph = (
        b"".join(_bytes(1, one) for one in nodes)
        + _bytes(2, "encoder")
        + b"".join(_bytes(5, one) for one in tensors)
        + b"".join(_bytes(11, one) for one in inputs)
        + b"".join(_bytes(12, one) for one in outputs)
    )
    standard = _number(2, _OPSET)
    added = _bytes(1, MICROSOFT) + _number(2, 1)
    return _number(1, _IR_VERSION) + _bytes(7, graph) + _bytes(8, standard) + _bytes(8, added)
