"""Kinds of words: clusters of the word pieces of a multilingual encoder, so that words of all
languages that are used alike share features.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

BEGINS = "\u2581"
"""Stands before a piece that begins a word, as SentencePiece writes it."""

UNSPACED = "\u0e00"
"""Scripts that are written without spaces begin here."""

_READ = 24
"""Characters of a word that are read: a word costs no more, however long it is."""

_MOST = 4
"""Pieces of a word that are told."""


@dataclass(frozen=True)
class WordKinds:
    """Pieces with their clusters.

    Attributes:
        pieces: as the tokenizer writes them.
        kinds: numbers of the clusters of each, from coarse to fine, shape (pieces, granularities).
    """

    pieces: tuple[str, ...]
    kinds: NDArray[np.uint16]

    @cached_property
    def _row(self) -> dict[str, int]:
        return {piece: row for row, piece in enumerate(self.pieces)}

    @cached_property
    def unspaced(self) -> dict[str, int]:
        """Row of each piece of a script without spaces, told without the sign of a beginning; the
        first of two stays.
        """
        found: dict[str, int] = {}
        for row, piece in enumerate(self.pieces):
            bare = piece.lstrip(BEGINS)
            if bare and bare[0] >= UNSPACED:
                found.setdefault(bare, row)
        return found

    def of(self, entry: str) -> tuple[str, ...]:
        """Return the kinds of a word's pieces, such as "0_17" for cluster 17 of the coarsest; the
        longest known pieces are taken from the left.
        """
        if entry[0] >= UNSPACED:
            rows = [self.unspaced[entry]] if entry in self.unspaced else []
        else:
            rows = self._cut(entry.lower()[:_READ])
        return tuple(
            dict.fromkeys(
                f"{size}_{kind}" for row in rows for size, kind in enumerate(self.kinds[row])
            )
        )

    def finest(self, entry: str) -> frozenset[str]:
        """Return those kinds of a word that are of the finest clusters."""
        first = f"{self.kinds.shape[1] - 1}_"
        return frozenset(kind for kind in self.of(entry) if kind.startswith(first))

    def _cut(self, word: str) -> list[int]:
        rows: list[int] = []
        at = 0
        while at < len(word) and len(rows) < _MOST:
            end = len(word)
            while end > at and (row := self._known(word[at:end], begins=at == 0)) is None:
                end -= 1
            if end > at and row is not None:
                rows.append(row)
            at = max(end, at + 1)
        return rows

    def _known(self, piece: str, *, begins: bool) -> int | None:
        row = self._row.get(BEGINS + piece) if begins else None
        return self._row.get(piece) if row is None else row


def packed_pieces(pieces: Sequence[str]) -> NDArray[np.uint8]:
    """Return pieces as bytes, one a line; none may hold the end of a line."""
    return np.frombuffer("\n".join(pieces).encode(), dtype=np.uint8)
