"""An encoder of eight bits embeds nearly as the one that it was made of, and each text for itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from intent.classify.local.bert import POSITIONS, WORDS, Array, Bert, graph, layer_names
from intent.classify.local.eight_bit_weights import norm_names, rounded
from intent.classify.local.eight_bits import EightBits, eight_bits, spread_graph

LAYERS, HEADS, WIDTH, INNER, WORDS_KNOWN = 3, 4, 64, 128, 200
WIDE = 7
"""A column that is several times as wide as the others."""

Text = NDArray[np.int64]


@pytest.fixture(scope="module")
def bert() -> Bert:
    random = np.random.default_rng(4)
    weights: dict[str, Array] = {
        WORDS: random.normal(size=(WORDS_KNOWN, WIDTH)).astype(np.float16),
        POSITIONS: random.normal(scale=0.2, size=(70, WIDTH)).astype(np.float32),
    }
    for name in layer_names(LAYERS):
        weights[name] = drawn(name, random).astype(np.float32)
    return Bert(weights, LAYERS, HEADS, 1e-12)


def drawn(name: str, random: np.random.Generator) -> NDArray[np.float64]:
    outputs = INNER if "intermediate" in name else WIDTH
    if name.endswith("bias"):
        return random.normal(scale=0.3, size=outputs)
    if "LayerNorm" in name:
        gain = random.uniform(0.5, 1.5, size=WIDTH)
        gain[WIDE] *= 4
        return gain
    inputs = INNER if "output.dense" in name and "attention" not in name else WIDTH
    return random.normal(scale=inputs**-0.5, size=(inputs, outputs))


@pytest.fixture(scope="module")
def texts() -> list[Text]:
    random = np.random.default_rng(5)
    return [random.integers(0, WORDS_KNOWN, random.integers(2, 40)) for _ in range(300)]


@pytest.fixture(scope="module")
def small(bert: Bert, texts: list[Text]) -> EightBits:
    return eight_bits(bert, spreads(bert, texts))


def spreads(bert: Bert, texts: Sequence[Text]) -> NDArray[np.float32]:
    widest: NDArray[np.float32] = run(spread_graph(bert), bert.weights, texts).max(axis=0)
    return widest


def run(
    drawing: bytes, weights: Mapping[str, NDArray[np.generic]], texts: Sequence[Text]
) -> NDArray[np.float32]:
    """Return the graph's rows for texts that are handed over as one batch."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    given = {
        name: onnxruntime.OrtValue.ortvalue_from_numpy(array) for name, array in weights.items()
    }
    options.add_external_initializers([*given], [*given.values()])
    session = onnxruntime.InferenceSession(drawing, options, providers=["CPUExecutionProvider"])
    ids = np.zeros((len(texts), max(map(len, texts))), dtype=np.int64)
    mask = np.zeros_like(ids)
    for row, text in enumerate(texts):
        ids[row, : len(text)] = text
        mask[row, : len(text)] = 1
    rows: NDArray[np.float32] = session.run(None, {"ids": ids, "mask": mask})[0]
    return rows


def test_embeddings_are_close_to_those_in_single_precision(
    bert: Bert, small: EightBits, texts: list[Text]
) -> None:
    cosines = (run(small.graph, small.weights, texts) * run(graph(bert), bert.weights, texts)).sum(
        1
    )
    assert np.median(cosines) > 0.999
    assert cosines.min() > 0.995


def test_a_text_hangs_on_no_other_text_of_its_batch(small: EightBits, texts: list[Text]) -> None:
    together = run(small.graph, small.weights, texts)
    for row in (0, 17, 299):
        alone = run(small.graph, small.weights, [texts[row]])[0]
        assert np.abs(alone - together[row]).max() < 1e-6


def test_matrices_are_handed_over_in_eight_bits_and_rows_of_words_as_they_are(
    bert: Bert, small: EightBits
) -> None:
    assert small.weights[WORDS] is bert.weights[WORDS]
    matrices = [
        array for name, array in small.weights.items() if name.endswith("weight") and array.ndim > 1
    ]
    assert {array.dtype for array in matrices} == {np.dtype(np.int8)}
    assert sum(array.size for array in matrices) == LAYERS * WIDTH * (4 * WIDTH + 2 * INNER)


def test_the_same_encoder_is_drawn_the_same(
    bert: Bert, small: EightBits, texts: list[Text]
) -> None:
    again = eight_bits(bert, spreads(bert, texts))
    assert again.graph == small.graph
    assert all(np.array_equal(again.weights[name], small.weights[name]) for name in small.weights)


def test_the_spread_of_a_text_is_that_of_its_real_tokens(bert: Bert, texts: list[Text]) -> None:
    rows = run(spread_graph(bert), bert.weights, texts[:20])
    assert rows.shape == (20, len(norm_names(LAYERS)) * WIDTH)
    alone = run(spread_graph(bert), bert.weights, texts[:1])
    np.testing.assert_allclose(rows[:1], alone, atol=1e-5)
    by_column = rows.max(axis=0).reshape(-1, WIDTH)
    assert set(by_column.argmax(axis=1)) == {WIDE}


def test_no_two_neighbouring_products_leave_sixteen_bits() -> None:
    random = np.random.default_rng(6)
    matrix = random.standard_t(3, size=(64, 500)).astype(np.float32)
    matrix[:2, 0] = matrix.max() * 2
    matrix[:, 1] = 0
    numbers, scales = rounded(matrix)
    pairs = numbers.astype(np.int64).reshape(-1, 2, 500)
    assert 255 * np.maximum(pairs, 0).sum(axis=1).max() < 1 << 15
    assert 255 * np.minimum(pairs, 0).sum(axis=1).min() >= -(1 << 15)
    assert np.abs(numbers * scales - matrix).max(axis=0) == pytest.approx(scales / 2, rel=0.2)
