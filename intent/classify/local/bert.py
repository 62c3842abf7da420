"""Builds the ONNX graph of a BERT encoder from its weights alone: no torch, nothing to cache."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from intent.classify.local import onnxfile

Array = NDArray[np.float32] | NDArray[np.float16]
Weights = Mapping[str, Array]

WORDS, POSITIONS = "embeddings.words", "embeddings.positions"
FIRST_NORM = "embeddings.LayerNorm"
_LAYER = "encoder.layer.{}"
_LINEAR = (
    "attention.self.query",
    "attention.self.key",
    "attention.self.value",
    "attention.output.dense",
    "intermediate.dense",
    "output.dense",
)
_NORMS = ("attention.output.LayerNorm", "output.LayerNorm")
_HIDDEN = -1e9
"""Added to the attention paid to padding; e to the power of it is 0."""


@dataclass(frozen=True, slots=True)
class Bert:
    """An encoder of BERT's architecture (Devlin et al. 2019), ready for its graph.

    Attributes:
        weights: ``embeddings.words`` of shape (pieces, width), ``embeddings.positions`` of shape
            (positions, width) with the first token type added; then as ``BertModel`` names them,
            but matrices as (inputs, outputs). In half precision where that is how they are kept.
        layers, heads: how many.
        epsilon: added to variances by layer normalisation.
    """

    weights: Weights
    layers: int
    heads: int
    epsilon: float

    @property
    def width(self) -> int:
        """Dimensions of an embedding."""
        return int(self.weights[WORDS].shape[1])


def layer_name(layer: int) -> str:
    """Return what the names of a layer's weights begin with."""
    return _LAYER.format(layer)


def layer_names(layers: int) -> list[str]:
    """Return what the weights of so many layers are called, in ``BertModel`` and in :class:`Bert`
    alike.
    """
    parts = [
        f"{layer_name(layer)}.{part}" for layer in range(layers) for part in (*_LINEAR, *_NORMS)
    ]
    return [f"{part}.{kind}" for part in [FIRST_NORM, *parts] for kind in ("weight", "bias")]


def arranged(read: Callable[[str], NDArray[np.float32]], layers: int) -> dict[str, Array]:
    """Return the weights of the first ``layers`` layers as :class:`Bert` keeps them; ``read`` gives
    them by ``BertModel``'s names.

    Raises:
        KeyError: as ``read`` does, where the encoder has no such weights.
    """
    positions = read("embeddings.position_embeddings.weight")
    weights: dict[str, Array] = {
        WORDS: read("embeddings.word_embeddings.weight"),
        # Every text is of the first of the two token types.
        POSITIONS: positions + read("embeddings.token_type_embeddings.weight")[0],
    }
    for name in layer_names(layers):
        weights[name] = np.ascontiguousarray(read(name).T)
    return weights


def changed(weights: Weights, changes: Weights) -> dict[str, Array]:
    """Return weights in single precision where matrices are multiplied, with low-rank changes
    added: ``W + up @ down`` for each matrix that ``changes`` names.
    """
    merged: dict[str, Array] = {
        name: array if name == WORDS else array.astype(np.float32)
        for name, array in weights.items()
    }
    for name in sorted(key.removesuffix(".up") for key in changes if key.endswith(".up")):
        if f"{name}.weight" in merged:
            up, down = (changes[f"{name}.{part}"].astype(np.float32) for part in ("up", "down"))
            merged[f"{name}.weight"] = merged[f"{name}.weight"] + down.T @ up.T
    return merged


def graph(bert: Bert) -> bytes:
    """Return the graph with mean pooling over real tokens and scaling to length one
    (sentence-transformers' default head), from ``ids`` and ``mask`` of shape (rows, tokens) to
    ``embedding`` of shape (rows, width); the weights are handed over at loading.
    """
    return Drawing(bert, bert.weights).drawn()


class Drawing:
    """The graph so far; methods add nodes and return the name of what comes out."""

    def __init__(self, bert: Bert, weights: Mapping[str, NDArray[np.generic]]) -> None:
        self._bert = bert
        self._weights = weights
        self._nodes: list[bytes] = []
        self._tensors: list[bytes] = []

    def drawn(self) -> bytes:
        """Return the whole graph."""
        real = self._op("Cast", "mask", to=onnxfile.FLOAT)
        self._start(real)
        states = self._embedded()
        hidden = self._op("Sub", self._float(1.0), self._op("Unsqueeze", real, self._ints(1, 2)))
        bias = self._op("Mul", hidden, self._float(_HIDDEN))
        for layer in range(self._bert.layers):
            states = self._layer(layer, states, bias)
        columns = self._pooled(states, real)
        return onnxfile.model(
            self._nodes,
            self._tensors,
            [onnxfile.value(name, onnxfile.INT64, ["rows", "tokens"]) for name in ("ids", "mask")],
            [onnxfile.value("embedding", onnxfile.FLOAT, ["rows", columns])],
        )

    def _embedded(self) -> str:
        words = self._op("Cast", self._op("Gather", self._weight(WORDS), "ids"), to=onnxfile.FLOAT)
        tokens = self._op("Shape", "ids", start=1, end=2)
        start = self._ints(0)
        places = self._op("Slice", self._weight(POSITIONS), start, tokens, start)
        return self._first(self._op("Add", words, places))

    def _start(self, real: str) -> None:
        """Draw what all layers share."""

    def _first(self, states: str) -> str:
        return self._norm(FIRST_NORM, states)

    def _layer(self, number: int, states: str, bias: str) -> str:
        layer = layer_name(number)
        heads = self._bert.heads
        apart = self._ints(0, 0, heads, self._bert.width // heads)

        def head(part: str, order: list[int]) -> str:
            whole = self._linear(f"{layer}.attention.self.{part}", states)
            return self._op("Transpose", self._op("Reshape", whole, apart), perm=order)

        scores = self._op("MatMul", head("query", [0, 2, 1, 3]), head("key", [0, 2, 3, 1]))
        scores = self._op("Mul", scores, self._float((self._bert.width // heads) ** -0.5))
        shares = self._op("Softmax", self._op("Add", scores, bias), axis=-1)
        read = self._op("MatMul", shares, head("value", [0, 2, 1, 3]))
        read = self._op("Transpose", read, perm=[0, 2, 1, 3])
        read = self._op("Reshape", read, self._ints(0, 0, self._bert.width))
        attended = self._op("Add", self._linear(f"{layer}.attention.output.dense", read), states)
        states = self._norm(f"{layer}.attention.output.LayerNorm", attended)
        inner = self._op("Gelu", self._linear(f"{layer}.intermediate.dense", states))
        thought = self._op("Add", self._linear(f"{layer}.output.dense", inner), states)
        return self._norm(f"{layer}.output.LayerNorm", thought)

    def _pooled(self, states: str, real: str) -> int:
        """Draw the output; return how many columns it has."""
        tokens = self._ints(1)
        weighed = self._op("Mul", states, self._op("Unsqueeze", real, self._ints(2)))
        total = self._op("ReduceSum", weighed, tokens, keepdims=0)
        count = self._op("ReduceSum", real, tokens, keepdims=1)
        mean = self._op("Div", total, self._op("Max", count, self._float(1.0)))
        length = self._op("ReduceL2", mean, tokens, keepdims=1)
        length = self._op("Max", length, self._float(1e-12))
        self._nodes.append(onnxfile.node("Div", [mean, length], "embedding", {}))
        return self._bert.width

    def _norm(self, name: str, states: str) -> str:
        weights = (self._weight(f"{name}.weight"), self._weight(f"{name}.bias"))
        return self._op("LayerNormalization", states, *weights, axis=-1, epsilon=self._bert.epsilon)

    def _linear(self, name: str, states: str) -> str:
        product = self._op("MatMul", states, self._weight(f"{name}.weight"))
        return self._op("Add", product, self._weight(f"{name}.bias"))

    def _op(
        self, kind: str, *inputs: str, domain: str = "", **attributes: onnxfile.Attribute
    ) -> str:
        output = f"{kind}-{len(self._nodes)}"
        self._nodes.append(onnxfile.node(kind, inputs, output, attributes, domain=domain))
        return output

    def _weight(self, name: str) -> str:
        array = self._weights[name]
        kind = onnxfile.KINDS[array.dtype.name]
        self._tensors.append(onnxfile.external(name, kind, array.shape, array.nbytes))
        return name

    def _ints(self, *values: int) -> str:
        return self._constant(onnxfile.INT64, (len(values),), np.array(values, dtype="<i8"))

    def _float(self, value: float) -> str:
        return self._constant(onnxfile.FLOAT, (), np.array(value, dtype="<f4"))

    def _constant(self, kind: int, shape: tuple[int, ...], values: NDArray[np.generic]) -> str:
        name = f"constant-{len(self._tensors)}"
        self._tensors.append(onnxfile.constant(name, kind, shape, values.tobytes()))
        return name
