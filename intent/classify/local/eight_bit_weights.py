"""Rounds an encoder's matrices to eight bits, and puts scales and biases where they cost least."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from intent.classify.local.bert import FIRST_NORM, POSITIONS, WORDS, Bert, layer_name

Floats = NDArray[np.float32]

ATTENTION, ATTENDED, INNER, OUTER = (
    "attention.self",
    "attention.output.dense",
    "intermediate.dense",
    "output.dense",
)
_NORMS = BETWEEN, AFTER = "attention.output.LayerNorm", "output.LayerNorm"

_STRENGTH = 0.75
"""How much of their width columns hand over: at 0 none, at 1 all. Between 0.5 and 0.75 embeddings
come out about equally close.
"""

_NARROWEST = 1e-4
"""Least width of a column, as a share of the widest."""

_PAIR = 127
"""Most that two neighbouring weights of one sign may add up to, before rounding.

Processors with AVX2 or AVX-512 but without VNNI multiply unsigned by signed bytes with VPMADDUBSW,
which adds two neighbouring products in 16 bits and cuts off what does not fit
(https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html, "When and why do I
need to try U8U8?"). ONNX Runtime's kernel pairs inputs 2k and 2k + 1
(onnxruntime/core/mlas/lib/x86_64/QgemmU8S8KernelAvx2.S); 255 times a sum of 128, the most that
rounding can make of this, fits, so that all processors compute the same numbers; with VNNI, AMX or
on ARM nothing is ever cut off. As two large weights seldom meet, embeddings come out as close as
without the bound (median cosine 0.998 on real texts before columns shared their width, with 7-bit
weights, the usual way out, 0.995). Unsigned weights would need no bound, but do without VNNI.
"""

MIDDLE, STEPS = 128, 127
"""What stands for 0 among the unsigned bytes, and steps from there to either end."""


def eight_bit_weights(bert: Bert, spreads: Floats) -> dict[str, NDArray[np.generic]]:
    """Return the tensors of an encoder in eight bits; its rows of words stay as they are.

    Args:
        spreads: as for :func:`intent.classify.local.eight_bits.eight_bits`.
    """
    norms = norm_names(bert.layers)
    shares = {
        norm: _shares(spread)
        for norm, spread in zip(norms, spreads.reshape(len(norms), -1), strict=True)
    }
    made: dict[str, NDArray[np.generic]] = {
        WORDS: bert.weights[WORDS],
        POSITIONS: bert.weights[POSITIONS],
    }
    before = FIRST_NORM
    for layer in range(bert.layers):
        made |= _layer_weights(bert, layer_name(layer), before, shares)
        before = f"{layer_name(layer)}.{AFTER}"
    return made | {name: _floats(bert, name) for name in (f"{before}.weight", f"{before}.bias")}


def norm_names(layers: int) -> list[str]:
    """Return the names of all normalisations before a matrix, in order."""
    parts = [f"{layer_name(layer)}.{part}" for layer in range(layers) for part in _NORMS]
    return [FIRST_NORM, *parts[:-1]]


def rounded(matrix: Floats) -> tuple[NDArray[np.int8], Floats]:
    """Round a matrix of shape (inputs, outputs), an even number of inputs, to eight bits.

    Returns:
        Whole numbers, and the scale of each output, by which they are to be multiplied.
    """
    pairs = matrix.reshape(-1, 2, matrix.shape[1])
    widest = np.maximum(
        np.maximum(pairs, 0).sum(axis=1).max(axis=0),
        np.maximum(-pairs, 0).sum(axis=1).max(axis=0),
    )
    scales = np.maximum(widest / _PAIR, np.finfo(np.float32).tiny).astype(np.float32)
    return np.rint(matrix / scales).astype(np.int8), scales


def _shares(spread: Floats) -> Floats:
    """Return by what columns are divided, so that the widest takes all steps."""
    wide = np.maximum(spread, _NARROWEST * spread.max())
    shares: Floats = (wide / wide.max()) ** np.float32(_STRENGTH) * (wide.max() / STEPS)
    return shares


def _floats(bert: Bert, name: str) -> Floats:
    return bert.weights[name].astype(np.float32)


def _layer_weights(
    bert: Bert, layer: str, before: str, shares: Mapping[str, Floats]
) -> dict[str, NDArray[np.generic]]:
    """Return a layer's weights, with those of the normalisation ``before`` it.

    What normalisation gives goes on without its bias, which is about the mean of each column: the
    biases behind take it in. A key's bias changes no softmax, and a value's passes through
    attention as it is, so that it joins the bias behind it.
    """

    def linear(part: str) -> tuple[Floats, Floats]:
        return _floats(bert, f"{layer}.{part}.weight"), _floats(bert, f"{layer}.{part}.bias")

    between = f"{layer}.{BETWEEN}"
    shift, between_shift = (_floats(bert, f"{norm}.bias") for norm in (before, between))
    query, query_bias = linear("attention.self.query")
    key, _ = linear("attention.self.key")
    value, value_bias = linear("attention.self.value")
    attended, attended_bias = linear(ATTENDED)
    inner, inner_bias = linear(INNER)
    outer, outer_bias = linear(OUTER)
    scale = np.float32((bert.width // bert.heads) ** -0.5)
    together = np.concatenate([query * scale, key, value], axis=1)
    asked = (query_bias + shift @ query) * scale
    return {
        **_shared(bert, before, shares[before]),
        **_whole(f"{layer}.{ATTENTION}", together * shares[before][:, None]),
        f"{layer}.{ATTENTION}.bias": np.pad(asked, (0, 2 * bert.width)),
        **_whole(f"{layer}.{ATTENDED}", attended),
        f"{layer}.{ATTENDED}.bias": attended_bias + (value_bias + shift @ value) @ attended + shift,
        **_shared(bert, between, shares[between]),
        **_whole(f"{layer}.{INNER}", inner * shares[between][:, None]),
        f"{layer}.{INNER}.bias": inner_bias + between_shift @ inner,
        **_whole(f"{layer}.{OUTER}", outer),
        f"{layer}.{OUTER}.bias": outer_bias + between_shift,
    }


def _shared(bert: Bert, norm: str, shares: Floats) -> dict[str, NDArray[np.generic]]:
    return {
        f"{norm}.weight": _floats(bert, f"{norm}.weight") / shares,
        f"{norm}.shares": shares,
    }


def _whole(name: str, matrix: Floats) -> dict[str, NDArray[np.generic]]:
    numbers, scales = rounded(matrix)
    return {f"{name}.weight": numbers, f"{name}.scales": scales}
