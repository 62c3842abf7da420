"""Hashes the character n-grams of many texts at once: the CRC-32 of their UTF-8, as
:func:`zlib.crc32` computes it, but of all n-grams byte by byte.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint32]
Places = NDArray[np.intp]


def character_hashes(texts: Sequence[str], longest: int) -> tuple[Hashes, Places]:
    """Return the hash of every n-gram of 1 to ``longest`` characters inside each token that is
    padded with one space on both sides, and the number of its text; a space alone is no n-gram.

    They stand in no order, and as often as the text repeats them.
    """
    tokens = [" ".join(text.split()) for text in texts]
    # One space before every token, and enough of them at the end to look ahead.
    text = "".join([f" {one}" for one in tokens if one]) + " " * longest
    stored = np.frombuffer(text.encode("utf-8"), dtype=np.uint8)
    # A character begins where no byte goes on with another one.
    at = np.append(np.flatnonzero(stored & 0xC0 != 0x80), len(stored))
    bytes_of = np.diff(at)
    space = stored[at[:-1]] == ord(" ")
    sizes = [len(one) + 1 if one else 0 for one in tokens]
    starts = np.arange(sum(sizes))
    owners = np.repeat(np.arange(len(tokens)), sizes)
    hashes = np.full(len(starts), 0xFFFFFFFF, dtype=np.uint32)
    found: list[Hashes] = []
    of_text: list[Places] = []
    for length in range(1, longest + 1):
        last = starts + (length - 1)
        hashes = _gone_on(hashes, stored, at[last], bytes_of[last])
        ends = space[last]
        found.append(hashes[~ends] if length == 1 else hashes)
        of_text.append(owners[~ends] if length == 1 else owners)
        if length > 1:
            # The space behind a token is the last of its n-grams.
            starts, hashes, owners = starts[~ends], hashes[~ends], owners[~ends]
    return ~np.concatenate(found), np.concatenate(of_text)


def _gone_on(hashes: Hashes, stored: NDArray[np.uint8], at: Places, sizes: Places) -> Hashes:
    """Return the hashes with one more character each, which stands at ``at`` in ``stored``."""
    more = np.arange(len(hashes))
    hashes = hashes.copy()
    number = 0
    while len(more):
        before = hashes[more]
        hashes[more] = _table()[(before ^ stored[at[more] + number]) & 0xFF] ^ (before >> 8)
        number += 1
        more = more[sizes[more] > number]
    return hashes


@cache
def _table() -> Hashes:
    """Return what a byte does to a hash, shape (256,); the number is the polynomial of CRC-32."""
    values = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        values = np.where(values & 1, (values >> 1) ^ np.uint32(0xEDB88320), values >> 1)
    return values
