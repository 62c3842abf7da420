"""The n-grams that a model knows: from bucket numbers to weighted columns of a sparse matrix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from intent.classify.local.ngrams import BUCKETS

Buckets = Sequence[Sequence[int]]
"""Bucket numbers of one message, one sequence for each block."""


@dataclass(frozen=True, slots=True)
class Sparse:
    """A matrix in compressed rows: row r has ``values[starts[r]:starts[r + 1]]`` in
    ``columns[starts[r]:starts[r + 1]]``.
    """

    starts: NDArray[np.int64]
    columns: NDArray[np.int32]
    values: NDArray[np.float32]

    def times(self, weights: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return this matrix times ``weights`` of shape (columns, outputs), shape (rows,
        outputs).
        """
        rows = len(self.starts) - 1
        product = np.zeros((rows, weights.shape[1]), dtype=np.float32)
        full = self.starts[1:] > self.starts[:-1]
        if full.any():
            # reduceat gives the next element for an empty row, so empty rows are left out of it.
            product[full] = np.add.reduceat(
                weights[self.columns] * self.values[:, None], self.starts[:-1][full], axis=0
            )
        return product


@dataclass(frozen=True)
class Vocabulary:
    """Known buckets and their weights.

    Attributes:
        known: bucket numbers in ascending order, shape (columns,).
        rarity: inverse document frequency, smoothed, shape (columns,).
        scales: weight of each block.
    """

    known: NDArray[np.int32]
    rarity: NDArray[np.float32]
    scales: tuple[float, ...]

    @cached_property
    def _column(self) -> NDArray[np.int32]:
        table = np.full(BUCKETS, -1, dtype=np.int32)
        table[self.known] = np.arange(len(self.known), dtype=np.int32)
        return table

    def transform(self, messages: Sequence[Buckets]) -> Sparse:
        """Return one row for each message; every block of a row has the length of its scale, or is
        empty.
        """
        lengths = np.fromiter(
            (len(block) for message in messages for block in message), dtype=np.int64
        )
        flat = np.fromiter(
            chain.from_iterable(chain.from_iterable(messages)),
            dtype=np.int32,
            count=int(lengths.sum()),
        )
        blocks = len(self.scales)
        segment = np.repeat(np.arange(len(lengths)), lengths)
        columns = self._column[flat]
        kept = columns >= 0
        columns, segment = columns[kept], segment[kept]
        values = self.rarity[columns]
        norms = np.sqrt(
            np.bincount(segment, weights=values.astype(np.float64) ** 2, minlength=len(lengths))
        )
        scale = np.tile(np.asarray(self.scales), len(messages)) / np.maximum(norms, 1e-9)
        values = (values * scale[segment]).astype(np.float32)
        starts = np.concatenate(
            [[0], np.cumsum(np.bincount(segment // blocks, minlength=len(messages)))]
        ).astype(np.int64)
        return Sparse(starts, columns, values)


def learn(
    messages: Sequence[Buckets], *, scales: tuple[float, ...], at_least: int = 2
) -> Vocabulary:
    """Return the vocabulary of the buckets that stand in at least ``at_least`` messages."""
    flat = np.fromiter(
        (bucket for message in messages for bucket in {one for block in message for one in block}),
        dtype=np.int32,
    )
    known, counts = np.unique(flat, return_counts=True)
    kept = counts >= at_least
    rarity = np.log((1 + len(messages)) / (1 + counts[kept])) + 1.0
    # Rounded to what the file holds, so that a fresh model and a loaded one are the same.
    return Vocabulary(
        known[kept].astype(np.int32), rarity.astype(np.float16).astype(np.float32), scales
    )
