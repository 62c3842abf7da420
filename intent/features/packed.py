"""How state lies in a row: fixed-size records, sorted by their first bytes, so that a batch changes a few of them and a read decodes all at once.

One row holds all counters of an entity, another all its tiles, so that reading an entity costs two rows, however busy it is.
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
"""Topic code, count, newest event, instant that the decayed counts are as of, three decayed counts."""

TILE_KEY = struct.Struct(">BI")
"""Number of the tile size, number of the tile since 1970: big-endian, so that bytes sort like numbers."""

TILE_COUNT = struct.Struct(">BIBii")
"""Tile key, topic code, messages, users whose newest event of the topic lies in the tile."""

COUNTER_FIELDS = np.dtype([("code", "u1"), ("count", "<i8"), ("last", "<i8"), ("at", "<i8"), ("decayed", "<f8", (3,))])
COUNT_FIELDS = np.dtype([("size", "u1"), ("tile", ">u4"), ("code", "u1"), ("count", ">i4"), ("users", ">i4")])


def sum_fields(topics: int) -> np.dtype[Any]:
    """Return the record of sums: tile key, then the sums of p in millionths and of p(1-p) in 10**-12 for each topic that has a probability."""
    return np.dtype([("size", "u1"), ("tile", ">u4"), ("expected", "<i8", (topics,)), ("variance", "<i8", (topics,))])


class Records:
    """Sorted fixed-size records in one byte string; the first ``key_size`` bytes are the key."""

    def __init__(self, content: bytes, record_size: int, key_size: int) -> None:
        self.content = bytearray(content)
        self._size, self._key_size = record_size, key_size

    def get(self, key: bytes) -> bytes | None:
        """Return the record of a key."""
        place = self._place(key)
        return bytes(self.content[place : place + self._size]) if self._is(place, key) else None

    def put(self, record: bytes) -> None:
        """Set the record of its key."""
        key = record[: self._key_size]
        place = self._place(key)
        self.content[place : place + (self._size if self._is(place, key) else 0)] = record

    def drop(self, key: bytes) -> None:
        """Remove the record of a key, if there is one."""
        place = self._place(key)
        if self._is(place, key):
            del self.content[place : place + self._size]

    def drop_between(self, first: bytes, end: bytes) -> None:
        """Remove the records from ``first`` on, up to and without ``end``; both may be the beginning of a key."""
        del self.content[self._place(first) : self._place(end)]

    def _place(self, key: bytes) -> int:
        size, content, length = self._size, self.content, len(key)
        number = bisect_left(range(len(content) // size), key, key=lambda n: bytes(content[n * size : n * size + length]))
        return number * size

    def _is(self, place: int, key: bytes) -> bool:
        return self.content[place : place + self._key_size] == key


def together(contents: list[bytes], fields: np.dtype[Any]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return the records of many rows as one array, and for each record the number of its row."""
    records = np.frombuffer(b"".join(contents), dtype=fields)
    owners = np.repeat(np.arange(len(contents)), [len(content) // fields.itemsize for content in contents])
    return records, owners


def counters(content: bytes) -> Iterator[tuple[int, list[Any]]]:
    """Yield (topic code, [count, newest, as of, decayed, decayed, decayed])."""
    for code, *values in COUNTER.iter_unpack(content):
        yield code, values
