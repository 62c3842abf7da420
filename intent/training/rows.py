"""Features of labelled texts as one matrix: n-grams and embeddings side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from intent.classify.encoder import EncoderSpec, open_encoder
from intent.classify.folding import fold
from intent.classify.ngrams import featurise
from intent.classify.vocabulary import Buckets, Sparse, Vocabulary, learn
from intent.training.data import Example

SCALES = (1.0, 1.0, 0.6)
"""Weights of the blocks of n-grams: characters, words, situation; chosen by cross-fitting on train."""

DENSE_SCALE = 1.0
"""Weight of the embedding beside them."""

FEW = 1000
"""Below so many texts, n-grams that were seen once are kept too."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Features of texts: n-gram buckets, and embeddings of shape (texts, dimensions)."""

    buckets: list[Buckets]
    embeddings: NDArray[np.float32]

    def matrix(self, vocabulary: Vocabulary) -> scipy.sparse.csr_matrix:
        """Return n-grams and embeddings side by side, shape (texts, columns + dimensions)."""
        sparse = _csr(vocabulary.transform(self.buckets), len(vocabulary.known))
        dense = scipy.sparse.csr_matrix(self.embeddings * np.float32(DENSE_SCALE))
        return scipy.sparse.hstack([sparse, dense]).tocsr().astype(np.float64)

    def only(self, chosen: NDArray[np.bool_]) -> Rows:
        """Return some of the rows; ``chosen`` has shape (texts,)."""
        return Rows([row for row, keep in zip(self.buckets, chosen, strict=True) if keep], self.embeddings[chosen])

    def vocabulary(self) -> Vocabulary:
        """Return the vocabulary of these texts."""
        return learn(self.buckets, scales=SCALES, at_least=1 if len(self.buckets) < FEW else 2)


def read_rows(examples: Sequence[Example], spec: EncoderSpec, cache_dir: Path) -> Rows:
    """Compute the features of all examples."""
    encoder = open_encoder(spec, cache_dir)
    texts = [fold(example.message.text) for example in examples]
    return Rows([featurise(example.message) for example in examples], encoder.encode(texts))


def _csr(sparse: Sparse, columns: int) -> scipy.sparse.csr_matrix:
    return scipy.sparse.csr_matrix((sparse.values, sparse.columns, sparse.starts), shape=(len(sparse.starts) - 1, columns))
