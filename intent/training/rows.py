"""Labelled texts as the model reads them: n-grams for the matrix, texts for the encoder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from intent.classify.local.encoder_input import encoder_input
from intent.classify.local.ngrams import featurise_all
from intent.classify.local.vocabulary import Buckets, Vocabulary, learn
from intent.training.data import Example

SCALES = (1.0, 1.0, 0.6)
"""Weights of the blocks of n-grams: characters, words, situation; chosen by cross-fitting on
train.
"""

FEW = 1000
"""Below so many texts, n-grams that were seen once are kept too."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Texts as read: n-gram buckets, and what the encoder is given."""

    buckets: Sequence[Buckets]
    encoded: list[str]

    def matrix(
        self, vocabulary: Vocabulary, embeddings: NDArray[np.float32] | None = None
    ) -> scipy.sparse.csr_matrix:
        """Return n-grams, and embeddings of shape (texts, dimensions) beside them, as one matrix of
        shape (texts, columns + dimensions).
        """
        sparse = vocabulary.transform(self.buckets)
        shape = (len(self.buckets), len(vocabulary.known))
        grams = scipy.sparse.csr_matrix(
            (sparse.values, sparse.columns, sparse.starts), shape=shape, dtype=np.float64
        )
        if embeddings is None:
            return grams
        return scipy.sparse.hstack(
            [grams, scipy.sparse.csr_matrix(embeddings.astype(np.float64))]
        ).tocsr()

    def only(self, chosen: NDArray[np.bool_]) -> Rows:
        """Return some of the rows; ``chosen`` has shape (texts,)."""
        kept = np.flatnonzero(chosen).tolist()
        return Rows([self.buckets[row] for row in kept], [self.encoded[row] for row in kept])

    def vocabulary(self) -> Vocabulary:
        """Return the vocabulary of these texts."""
        return learn(self.buckets, scales=SCALES, at_least=1 if len(self.buckets) < FEW else 2)


def read_rows(examples: Sequence[Example]) -> Rows:
    """Read all examples."""
    readings = [encoder_input(example.message) for example in examples]
    grams = featurise_all(
        [example.message for example in examples], [reading.text for reading in readings]
    )
    return Rows(grams, [reading.encoded for reading in readings])
