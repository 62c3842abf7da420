"""Cuts a byte stream into lines in bounded memory, and says when nothing is to be read right
now.
"""

from __future__ import annotations

import hashlib
import os
import select
from collections.abc import Iterator
from dataclasses import dataclass

CHUNK_BYTES = 65_536
IDLE_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Line:
    """One line without its end. ``payload`` is cut at the limit; ``digest`` (SHA-256) and ``size``
    are of all its bytes.
    """

    number: int
    payload: bytes
    digest: str
    size: int


class _Gathering:
    """The line that is being read."""

    def __init__(self, limit: int) -> None:
        self._limit, self._kept, self._digest, self._size = limit, bytearray(), hashlib.sha256(), 0

    def add(self, part: bytes) -> None:
        self._digest.update(part)
        self._size += len(part)
        if len(self._kept) < self._limit:
            self._kept += part[: self._limit - len(self._kept)]

    def finished(self, number: int) -> Line:
        payload = bytes(self._kept)
        ends_in_return = payload.endswith(b"\r") and self._size == len(payload)
        return Line(
            number,
            payload[:-1] if ends_in_return else payload,
            self._digest.hexdigest(),
            self._size,
        )

    def __bool__(self) -> bool:
        return self._size > 0


def read_lines(descriptor: int, limit: int) -> Iterator[Line | None]:
    """Yield the lines of an open file, pipe or terminal, and None whenever it has been silent for
    0.2 seconds.

    Args:
        descriptor: the file descriptor to read from.
        limit: bytes of a line to keep; the rest of a longer one is read and hashed, not kept.
    """
    number, line = 1, _Gathering(limit)
    while True:
        if not select.select([descriptor], [], [], IDLE_SECONDS)[0]:
            yield None
            continue
        chunk = os.read(descriptor, CHUNK_BYTES)
        if not chunk:
            break
        *ended, rest = chunk.split(b"\n")
        for part in ended:
            line.add(part)
            yield line.finished(number)
            number, line = number + 1, _Gathering(limit)
        line.add(rest)
        if not ended:
            yield None  # a line that does not end: whoever reads may want to leave meanwhile
    if line:
        yield line.finished(number)
