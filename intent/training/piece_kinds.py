"""Sorts the word pieces of the encoder that ships into kinds: k-means over the directions of their
vectors (Dhillon and Modha 2001), whose clusters hold words of many languages that are used alike.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from intent.classify.local.bert import WORDS
from intent.classify.local.weights import unpacked
from intent.classify.slots.word_kinds import WordKinds
from intent.model.errors import OperatorError

Floats = NDArray[np.float32]

SIZES = (64, 512, 3072)
"""Numbers of clusters, from coarse to fine."""

_PASSES = 12
_SEEN = 16_384
"""Pieces that the middles of clusters are found with."""

_AT_ONCE = 4096


def kinds_of_pieces(folder: Path) -> WordKinds:
    """Return the kinds of an encoder's pieces; the result depends on nothing but its files.

    Raises:
        OperatorError: a file of the encoder is missing or damaged.
    """
    try:
        told = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
        pieces = tuple(str(piece) for piece, _ in told["model"]["vocab"])
        with safe_open(folder / "encoder.safetensors", framework="numpy") as opened:
            vectors = unpacked(opened.get_tensor(WORDS))
    except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
        raise OperatorError(
            f"the encoder in {folder} cannot be read: {error}; install the package again"
        ) from error
    return sorted_pieces(pieces, vectors[: len(pieces)])


def sorted_pieces(pieces: tuple[str, ...], vectors: Floats) -> WordKinds:
    """Return the kinds of pieces by their vectors, shape (pieces, width)."""
    vectors = vectors - vectors.mean(axis=0)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True) + 1e-9
    kinds = [clusters(vectors, size) for size in SIZES]
    return WordKinds(pieces, np.stack(kinds, axis=1).astype(np.uint16))


def clusters(vectors: Floats, size: int, seed: int = 0) -> NDArray[np.intp]:
    """Return the cluster of each vector of length one, from 0 to ``size`` - 1, shape (vectors,)."""
    order = np.random.default_rng(seed).permutation(len(vectors))
    seen = vectors[order[:_SEEN]]
    middles = seen[:size].copy()
    for _ in range(_PASSES):
        nearest = _nearest(seen, middles)
        sums = np.zeros_like(middles)
        rows = np.argsort(nearest, kind="stable")
        held = np.flatnonzero(np.bincount(nearest, minlength=len(middles)))
        sums[held] = np.add.reduceat(seen[rows], np.searchsorted(nearest[rows], held), axis=0)
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        middles = np.where(lengths > 0, sums / np.maximum(lengths, 1e-9), middles)
    return _nearest(vectors, middles)


def _nearest(vectors: Floats, middles: Floats) -> NDArray[np.intp]:
    parts = [vectors[at : at + _AT_ONCE] for at in range(0, len(vectors), _AT_ONCE)]
    return np.concatenate([(part @ middles.T).argmax(axis=1) for part in parts])
