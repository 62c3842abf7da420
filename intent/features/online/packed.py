"""How state lies in a row: fixed-size records, sorted by their first bytes, so that a batch changes
a few of them and a read decodes all at once.

One row holds all counters of an entity, another all its tiles, so that reading an entity costs two
rows, however busy it is.
"""

from __future__ import annotations

import struct
from bisect import bisect_left
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

NEVER = -(2**63)
"""Stands for *no such event*, where an instant is held in microseconds."""

COUNTER = struct.Struct("<Bqqqddd")
"""Topic code, count, newest event, instant that the decayed counts are as of, three decayed counts.
"""

TILE_KEY = struct.Struct(">BI")
"""Number of the tile size, number of the tile since 1970: big-endian, so that bytes sort like
numbers.
"""

TILE_COUNT = struct.Struct(">BIBii")
"""Tile key, topic code, messages, users whose newest event of the topic lies in the tile."""

TILE_TOPIC = struct.Struct(">Bii")
"""What follows the tile key in such a record."""

COUNTER_FIELDS = np.dtype(
    [("code", "u1"), ("count", "<i8"), ("last", "<i8"), ("at", "<i8"), ("decayed", "<f8", (3,))]
)
COUNT_FIELDS = np.dtype(
    [("size", "u1"), ("tile", ">u4"), ("code", "u1"), ("count", ">i4"), ("users", ">i4")]
)


def sum_fields(topics: int) -> np.dtype[Any]:
    """Return the record of sums: tile key, then the sums of p in millionths and of p(1-p) in
    10**-12 for each topic that has a probability, the last one of the gaps of prices.
    """
    return np.dtype(
        [
            ("size", "u1"),
            ("tile", ">u4"),
            ("expected", "<i8", (topics,)),
            ("variance", "<i8", (topics,)),
        ]
    )


class Records:
    """Sorted fixed-size records in one byte string; each begins with its key."""

    def __init__(self, content: bytes, record_size: int) -> None:
        self.content = bytearray(content)
        self._size = record_size

    def span(self, key: bytes) -> slice:
        """Return where in :attr:`content` the records lie whose key begins so; empty, at their
        place, if there are none.
        """
        start = end = self._place(key)
        while self.content.startswith(key, end):
            end += self._size
        return slice(start, end)

    def drop_between(self, first: bytes, end: bytes) -> None:
        """Remove the records from ``first`` on, up to and without ``end``; both may be the
        beginning of a key.
        """
        start = self._place(first)
        if self.content[start : start + len(end)] < end:  # mostly there is nothing to remove
            del self.content[start : self._place(end)]

    def _place(self, key: bytes) -> int:
        size, content, length = self._size, self.content, len(key)
        number = bisect_left(
            range(len(content) // size),
            key,
            key=lambda n: bytes(content[n * size : n * size + length]),
        )
        return number * size


def together(
    contents: list[bytes], fields: np.dtype[Any]
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return the records of many rows as one array, and for each record the number of its row."""
    records = np.frombuffer(b"".join(contents), dtype=fields)
    owners = np.repeat(
        np.arange(len(contents)), [len(content) // fields.itemsize for content in contents]
    )
    return records, owners


def counters(content: bytes) -> Iterator[tuple[int, list[Any]]]:
    """Yield (topic code, [count, newest, as of, decayed, decayed, decayed])."""
    for code, *values in COUNTER.iter_unpack(content):
        yield code, values
