"""Cuts JSON arrays into their items in bounded memory, without reading what is in them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from intent.sources.lines import Gathering, Line

_OUTSIDE = re.compile(rb'["\[\]{},]')
_INSIDE = re.compile(rb'["\\]')


def split_items(chunks: Iterator[bytes | None], limit: int) -> Iterator[Line | None]:
    """Yield the items of one or several JSON arrays, counted from 1, and None for a pause.

    What is broken comes as an item that is no JSON: nothing is dropped in silence.

    Args:
        chunks: the bytes from the first ``[`` on, in UTF-8; None where the stream pauses.
        limit: bytes of an item to keep; the rest of a longer one is read and hashed, not kept.
    """
    splitter = _Splitter(limit)
    for chunk in chunks:
        if chunk is None:
            yield None
        else:
            yield from splitter.feed(chunk)
    yield from splitter.end()


class _Splitter:
    """Knows where in an array the bytes are: how deep, whether in a string, whether escaped."""

    def __init__(self, limit: int) -> None:
        self._limit, self._number = limit, 1
        self._depth, self._in_string, self._escaped = 0, False, False
        self._item = Gathering(limit, "item")

    def feed(self, chunk: bytes) -> Iterator[Line]:
        at = 0
        while at < len(chunk):
            if self._escaped:
                self._add(chunk[at : at + 1])
                self._escaped, at = False, at + 1
                continue
            found = (_INSIDE if self._in_string else _OUTSIDE).search(chunk, at)
            if found is None:
                self._add(chunk[at:])
                return
            self._add(chunk[at : found.start()])
            yield from self._sign(found.group())
            at = found.end()

    def end(self) -> Iterator[Line]:
        if self._item:
            yield self._item.finished(self._number)
            self._number, self._item = self._number + 1, Gathering(self._limit, "item")

    def _sign(self, sign: bytes) -> Iterator[Line]:
        if self._in_string:
            self._add(sign)
            self._in_string, self._escaped = sign != b'"', sign == b"\\"
        elif sign == b'"':
            self._add(sign)
            self._in_string = True
        elif sign in b"[{":
            self._depth += 1
            if self._depth > 1 or sign == b"{":
                self._add(sign)
        elif self._depth > 1:
            self._add(sign)
            self._depth -= sign in b"]}"
        else:
            # Between two items, or at the end of the array.
            self._depth = max(self._depth - (sign in b"]}"), 0)
            yield from self.end()

    def _add(self, part: bytes) -> None:
        # White space before an item is none of it; what stands after it does no harm.
        part = part if self._item else part.lstrip()
        if part:
            self._item.add(part)
