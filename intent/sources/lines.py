"""Cuts a byte stream into lines in bounded memory, and says when nothing is to be read right
now.
"""

from __future__ import annotations

import hashlib
import os
import select
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from threading import Event

CHUNK_BYTES = 65_536
IDLE_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Line:
    """One line without its end, or one item of a JSON array.

    Attributes:
        payload: cut at the limit.
        digest: SHA-256 of all its bytes.
        size: how many bytes it has in all.
        kind: ``line`` or ``item``: what ``number`` counts, from 1.
    """

    number: int
    payload: bytes
    digest: str
    size: int
    kind: str = "line"


class Gathering:
    """The line or item that is being read: of a long one only ``limit`` bytes are kept."""

    def __init__(self, limit: int, kind: str = "line") -> None:
        self._limit, self._kind = limit, kind
        self._kept, self._digest, self._size = bytearray(), hashlib.sha256(), 0

    def add(self, part: bytes) -> None:
        """Take the next bytes."""
        self._digest.update(part)
        self._size += len(part)
        if len(self._kept) < self._limit:
            self._kept += part[: self._limit - len(self._kept)]

    def finished(self, number: int) -> Line:
        """Return it, once its end is read; the return before a line feed is no part of it."""
        payload = bytes(self._kept)
        ends_in_return = payload.endswith(b"\r") and self._size == len(payload)
        return Line(
            number,
            payload[:-1] if ends_in_return else payload,
            self._digest.hexdigest(),
            self._size,
            self._kind,
        )

    def __bool__(self) -> bool:
        return self._size > 0


def read_chunks(
    descriptor: int, stop: Event | None = None, at_end: Callable[[], None] = lambda: None
) -> Iterator[bytes | None]:
    """Yield what an open file, pipe or terminal holds, and None whenever it has been silent for 0.2
    seconds.

    Args:
        descriptor: the file descriptor to read from.
        stop: once set, nothing more is read: what was read is all there is.
        at_end: called when the end was read.
    """
    while stop is None or not stop.is_set():
        if not select.select([descriptor], [], [], IDLE_SECONDS)[0]:
            yield None
            continue
        chunk = os.read(descriptor, CHUNK_BYTES)
        if not chunk:
            at_end()
            return
        yield chunk


def split_lines(chunks: Iterator[bytes | None], limit: int) -> Iterator[Line | None]:
    """Yield the lines of a stream, counted from 1, and None for a pause.

    Args:
        chunks: the bytes of the stream; None where it pauses.
        limit: bytes of a line to keep; the rest of a longer one is read and hashed, not kept.
    """
    number, line = 1, Gathering(limit)
    for chunk in chunks:
        if chunk is None:
            yield None
            continue
        *ended, rest = chunk.split(b"\n")
        for part in ended:
            line.add(part)
            yield line.finished(number)
            number, line = number + 1, Gathering(limit)
        line.add(rest)
        if not ended:
            yield None  # a line that does not end: whoever reads may want to leave meanwhile
    if line:
        yield line.finished(number)
