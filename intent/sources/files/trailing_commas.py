"""Takes commas out of JSON that stand before a closing bracket, as careless programs write them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from intent.model.errors import Malformed

LONGEST_STRING = 2**24
"""Bytes of one string that are held; embedded images are shorter."""

_UNTIL_COMMA = re.compile(rb'(?:[^",]++|"(?:[^"\\]++|\\.)*+"|,(?=\s*+[^\s\]}]))*+', re.DOTALL)
_DROPPED = re.compile(rb",(?=\s*+[\]}])")


def without_trailing_commas(chunks: Iterator[bytes | None]) -> Iterator[bytes | None]:
    """Yield the bytes of JSON without trailing commas; None for a pause, as it came. Strings stay
    what they are.

    Raises:
        Malformed: a string is so long that it cannot be held.
    """
    rest = b""
    for chunk in chunks:
        if chunk is None:
            yield None
            continue
        rest += chunk
        kept, at = [], 0
        while True:
            found = _UNTIL_COMMA.match(rest, at)
            assert found is not None  # it matches nothing at all, too
            kept.append(found[0])
            at = found.end()
            comma = _DROPPED.match(rest, at)
            if comma is None:
                break  # a string, or the blanks after a comma, go on in the next bytes
            at = comma.end()
        rest = rest[at:]
        if len(rest) > LONGEST_STRING:
            raise Malformed(f"holds a string of more than {LONGEST_STRING:,} bytes")
        if joined := b"".join(kept):
            yield joined
    if rest:
        yield rest
