"""Hashes of n-grams are those of zlib, whatever the letters and however many texts."""

from __future__ import annotations

from zlib import crc32

from hypothesis import given
from hypothesis import strategies as st

from intent.classify.local.hashing import character_hashes

_LETTERS = st.sampled_from("ab \u00e9\u0e01\u4f60\U0001f642?1")
LONGEST = 4


def plainly(text: str) -> list[int]:
    """Return the hash of every n-gram, one after the other."""
    padded = [f" {token} " for token in text.split()]
    grams = [
        token[start : start + length]
        for token in padded
        for length in range(1, LONGEST + 1)
        for start in range(len(token) - length + 1)
    ]
    return sorted(crc32(gram.encode("utf-8")) for gram in grams if gram != " ")


@given(st.lists(st.text(_LETTERS, max_size=12), max_size=5))
def test_every_ngram_of_every_text_has_the_hash_of_its_bytes(texts: list[str]) -> None:
    hashes, rows = character_hashes(texts, LONGEST)
    found = [sorted(hashes[rows == row].tolist()) for row in range(len(texts))]
    assert found == [plainly(text) for text in texts]


def test_a_text_without_letters_has_none() -> None:
    hashes, rows = character_hashes(["", "  "], LONGEST)
    assert (len(hashes), len(rows)) == (0, 0)
