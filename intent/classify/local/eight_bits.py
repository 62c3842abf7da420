"""Draws an encoder's graph with its matrices multiplied in whole numbers of eight bits.

Weights have a scale per output. What normalisation gives is bounded, and rounded in steps that were
fixed beforehand; what attention and GELU give has steps of each token's own, found while the graph
runs, as it may be ten times as large in one token as in the next (Yao et al. 2022, ZeroQuant).
Neither hangs on the other texts of a batch. Columns that are far wider than others hand some of
their width to the weights (Xiao et al. 2023, SmoothQuant). Attention itself, normalisation and GELU
stay in single precision.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from intent.classify.local import onnxfile
from intent.classify.local.bert import FIRST_NORM, Bert, Drawing, layer_name
from intent.classify.local.eight_bit_weights import (
    AFTER,
    ATTENDED,
    ATTENTION,
    BETWEEN,
    INNER,
    MIDDLE,
    OUTER,
    STEPS,
    Floats,
    eight_bit_weights,
)

_LOW, _LEAST = 24, 0.17
"""GELU is never below -0.17: so many of the 255 steps are kept for what is negative."""


@dataclass(frozen=True, slots=True)
class EightBits:
    """An encoder of eight bits.

    Attributes:
        graph: takes and gives what :func:`intent.classify.local.bert.graph`'s does.
        weights: tensors that are handed over at loading.
    """

    graph: bytes
    weights: Mapping[str, NDArray[np.generic]]


def eight_bits(bert: Bert, spreads: Floats) -> EightBits:
    """Return the encoder in eight bits; its rows of words stay as they are.

    Args:
        spreads: how wide the columns are after each normalisation: the most that
            :func:`spread_graph` gave in some hundred texts, shape (2 * layers * width,). Wider
            ones are cut off there.
    """
    weights = eight_bit_weights(bert, spreads)
    return EightBits(_EightBitDrawing(bert, weights).drawn(), weights)


def spread_graph(bert: Bert) -> bytes:
    """Return a graph in single precision that gives, in place of embeddings, how wide each column
    is in a text after each normalisation but the last: the largest distance of its real tokens
    from the normalisation's bias, shape (rows, 2 * layers * width).
    """
    return _SpreadDrawing(bert, bert.weights).drawn()


class _SpreadDrawing(Drawing):
    def _start(self, real: str) -> None:
        self._real = self._op("Unsqueeze", real, self._ints(2))
        self._spreads: list[str] = []

    def _norm(self, name: str, states: str) -> str:
        normed = super()._norm(name, states)
        apart = self._op("Abs", self._op("Sub", normed, f"{name}.bias"))
        apart = self._op("Mul", apart, self._real)
        self._spreads.append(self._op("ReduceMax", apart, self._ints(1), keepdims=0))
        return normed

    def _pooled(self, states: str, real: str) -> int:  # noqa: ARG002 (embeddings are not asked for)
        spreads = self._spreads[:-1]
        self._nodes.append(onnxfile.node("Concat", spreads, "embedding", {"axis": 1}))
        return len(spreads) * self._bert.width


class _EightBitDrawing(Drawing):
    def _start(self, real: str) -> None:
        """Draw what all layers share: zero points of shape (rows, tokens, 1)."""
        shape = self._op("Shape", self._op("Unsqueeze", real, self._ints(2)))
        self._zeros = {zero: self._op("Expand", self._byte(zero), shape) for zero in (MIDDLE, _LOW)}

    def _first(self, states: str) -> str:
        return self._scaled_norm(FIRST_NORM, states)

    def _layer(self, number: int, states: str, bias: str) -> str:
        layer = layer_name(number)
        before = f"{layer_name(number - 1)}.{AFTER}" if number else FIRST_NORM
        read = self._attention(layer, states, bias)
        attended = self._scaled_product(f"{layer}.{ATTENDED}", read, self._step(read), MIDDLE)
        attended = self._op("Add", self._back(before, states, f"{layer}.{ATTENDED}"), attended)
        between = f"{layer}.{BETWEEN}"
        states = self._scaled_norm(between, attended)
        inner = self._op("Gelu", self._product(f"{layer}.{INNER}", states))
        highest = self._op("ReduceMax", inner, self._ints(2), keepdims=1)
        step = self._op("Mul", highest, self._float(1 / (255 - _LOW)))
        step = self._op("Max", step, self._float(_LEAST / _LOW))
        thought = self._scaled_product(f"{layer}.{OUTER}", inner, step, _LOW)
        thought = self._op("Add", self._back(between, states, f"{layer}.{OUTER}"), thought)
        after = f"{layer}.{AFTER}"
        if number + 1 == self._bert.layers:
            return self._norm(after, thought)
        return self._scaled_norm(after, thought)

    def _attention(self, layer: str, states: str, bias: str) -> str:
        heads, width = self._bert.heads, self._bert.width
        whole = self._product(f"{layer}.{ATTENTION}", states)
        apart = self._op("Reshape", whole, self._ints(0, 0, 3 * heads, width // heads))
        query, key, value = self._split(self._op("Transpose", apart, perm=[0, 2, 1, 3]), 3, axis=1)
        scores = self._added("FusedMatMul", query, key, transB=1)
        shares = self._op("Softmax", self._op("Add", scores, bias), axis=-1)
        read = self._op("Transpose", self._op("MatMul", shares, value), perm=[0, 2, 1, 3])
        return self._op("Reshape", read, self._ints(0, 0, width))

    def _step(self, states: str) -> str:
        """Draw the step of each token: a 127th of its largest number."""
        largest = self._op("ReduceMax", self._op("Abs", states), self._ints(2), keepdims=1)
        return self._op("Mul", largest, self._float(1 / STEPS))

    def _product(self, name: str, states: str) -> str:
        """Draw normalised states times a matrix, plus its bias."""
        zero = self._byte(MIDDLE)
        numbers = self._op("QuantizeLinear", states, self._float(1.0), zero)
        return self._times(name, numbers, MIDDLE, self._weight(f"{name}.bias"))

    def _scaled_product(self, name: str, states: str, step: str, zero: int) -> str:
        """Draw states times a matrix: rounded to steps of each token's own, and scaled back."""
        inputs = int(self._weights[f"{name}.weight"].shape[0])
        # One block a token: the only form in which a scale may differ by token.
        numbers = self._op(
            "QuantizeLinear", states, step, self._zeros[zero], axis=2, block_size=inputs
        )
        return self._op("Mul", self._times(name, numbers, zero), step)

    def _times(self, name: str, numbers: str, zero: int, *bias: str) -> str:
        return self._added(
            "MatMulIntegerToFloat",
            numbers,
            self._weight(f"{name}.weight"),
            self._float(1.0),
            self._weight(f"{name}.scales"),
            self._byte(zero),
            *(["", *bias] if bias else []),
        )

    def _scaled_norm(self, name: str, states: str) -> str:
        return self._op(
            "LayerNormalization",
            states,
            self._weight(f"{name}.weight"),
            axis=-1,
            epsilon=self._bert.epsilon,
        )

    def _back(self, norm: str, states: str, name: str) -> str:
        """Draw states as normalisation would have given them, plus the bias of what is added."""
        whole = self._op("Mul", states, self._weight(f"{norm}.shares"))
        return self._op("Add", whole, self._weight(f"{name}.bias"))

    def _added(self, kind: str, *inputs: str, **attributes: onnxfile.Attribute) -> str:
        return self._op(kind, *inputs, domain=onnxfile.MICROSOFT, **attributes)

    def _split(self, states: str, parts: int, *, axis: int) -> list[str]:
        outputs = [f"Split-{len(self._nodes)}-{part}" for part in range(parts)]
        attributes: dict[str, onnxfile.Attribute] = {"axis": axis, "num_outputs": parts}
        self._nodes.append(onnxfile.node("Split", [states], outputs, attributes))
        return outputs

    def _byte(self, value: int) -> str:
        return self._constant(onnxfile.UINT8, (), np.array(value, dtype=np.uint8))
