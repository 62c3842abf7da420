"""Finds texts that stand, nearly the same, in more than one split, where a model would be tested on
what it was taught.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from eval.data.dataset import Row
from eval.data.lint import comparable

NGRAM_COSINE = 0.8
"""Cosine of the sets of character 2- and 3-grams from which two texts are nearly the same."""

EMBEDDING_COSINE = 0.97
"""Cosine of embeddings from which two texts are nearly the same; those of unlike short texts go up
to 0.96 with the bundled encoder. Only asked of Latin script: it would double the time.
"""

_FEW_LETTERS = 6


class TextEncoder(Protocol):
    """Whatever turns texts into embeddings of length one, shape (texts, dimensions)."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one embedding for each text."""
        ...


@dataclass(frozen=True, slots=True)
class NearDuplicate:
    """Two rows of different splits with nearly the same text; ``cosine`` is the larger one of
    n-grams and embeddings.
    """

    first: str
    second: str
    cosine: float


def near_duplicates(rows: Sequence[Row], encoder: TextEncoder | None = None) -> list[NearDuplicate]:
    """Return the pairs across splits that are nearly the same, the nearest first.

    Args:
        encoder: also compares embeddings of texts in Latin script; None leaves it at normalised
            text and n-grams.
    """
    texts = [row.input.text for row in rows]
    splits = np.array([row.metadata.split for row in rows])
    near = _by_ngrams(texts, splits)
    if encoder is not None:
        for pair, cosine in _by_embedding(texts, splits, encoder).items():
            near[pair] = max(cosine, near.get(pair, 0.0))
    found = [
        NearDuplicate(rows[one].id, rows[other].id, cosine) for (one, other), cosine in near.items()
    ]
    return sorted(found, key=lambda pair: (-pair.cosine, pair.first, pair.second))


def _by_ngrams(texts: Sequence[str], splits: NDArray[np.str_]) -> dict[tuple[int, int], float]:
    grams = [_ngrams(text) for text in texts]
    sizes = np.array([len(held) for held in grams])
    postings: dict[str, dict[str, list[int]]] = {split: {} for split in splits.tolist()}
    near: dict[tuple[int, int], float] = {}
    for row, held in enumerate(grams):
        elsewhere = [rows_of for split, rows_of in postings.items() if split != splits[row]]
        shared = Counter(
            earlier for rows_of in elsewhere for gram in held for earlier in rows_of.get(gram, ())
        )
        others = np.fromiter(shared.keys(), dtype=np.int64, count=len(shared))
        cosines = np.fromiter(shared.values(), dtype=np.float64, count=len(shared)) / np.sqrt(
            sizes[others] * sizes[row]
        )
        for other in np.flatnonzero(cosines >= NGRAM_COSINE - 1e-9):
            near[int(others[other]), row] = float(cosines[other])
        for gram in held:
            postings[str(splits[row])].setdefault(gram, []).append(row)
    return near


def _ngrams(text: str) -> frozenset[str]:
    padded = f" {comparable(text)} "
    return frozenset(
        padded[start : start + size] for size in (2, 3) for start in range(len(padded) - size + 1)
    )


def _by_embedding(
    texts: Sequence[str], splits: NDArray[np.str_], encoder: TextEncoder
) -> dict[tuple[int, int], float]:
    latin = np.array([row for row, text in enumerate(texts) if _is_latin(text)], dtype=np.int64)
    if len(latin) == 0:
        return {}
    embeddings = encoder.encode([texts[row] for row in latin])
    near: dict[tuple[int, int], float] = {}
    for place, row in enumerate(latin):
        cosines = embeddings[:place] @ embeddings[place]
        for other in np.flatnonzero(
            (cosines >= EMBEDDING_COSINE) & (splits[latin[:place]] != splits[row])
        ):
            near[int(latin[other]), int(row)] = float(cosines[other])
    return near


def _is_latin(text: str) -> bool:
    letters = [character for character in text if character.isalpha()]
    return len(letters) >= _FEW_LETTERS and all(
        "LATIN" in unicodedata.name(letter, "") for letter in letters
    )
