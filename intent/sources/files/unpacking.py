"""Unpacks gzip on the way in, told by its first bytes, in bounded memory; an archive is refused."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from itertools import chain

from intent.model.errors import Malformed
from intent.sources.lines import CHUNK_BYTES

_MAGIC = b"\x1f\x8b"
_ARCHIVE = b"PK\x03\x04"
"""How a ZIP begins: also an Excel workbook, and a chat as WhatsApp sends it."""
_GZIP = 31
"""Window bits of zlib that mean a gzip header and trailer."""


def unpacked(chunks: Iterator[bytes | None]) -> Iterator[bytes | None]:
    """Yield the bytes of a stream, unpacked where they are gzip; None for a pause, as it came.

    Raises:
        Malformed: the gzip is broken or ends early; what came before that was yielded. Or it is a
            ZIP, which may hold many files.
    """
    start = b""
    for chunk in chunks:
        if chunk is None:
            yield None
            continue
        start += chunk
        if len(start) >= len(_ARCHIVE):
            break
    if start.startswith(_ARCHIVE):
        raise Malformed(
            "is a ZIP archive; unpack it and give the file in it (of an Excel workbook: save the "
            "sheet as CSV UTF-8)"
        )
    whole = chain([start] if start else [], chunks)
    yield from _members(whole) if start.startswith(_MAGIC) else whole


def _members(chunks: Iterator[bytes | None]) -> Iterator[bytes | None]:
    # A gzip file may be several members in a row, and little that is packed may be much.
    unpacker = zlib.decompressobj(_GZIP)
    for chunk in chunks:
        if chunk is None:
            yield None
            continue
        data = chunk
        while data:
            if unpacker.eof:
                unpacker = zlib.decompressobj(_GZIP)
            try:
                part = unpacker.decompress(data, CHUNK_BYTES)
            except zlib.error as error:
                raise Malformed("is gzip that is broken from here on; get it again") from error
            if part:
                yield part
            data = unpacker.unused_data.lstrip(b"\0") if unpacker.eof else unpacker.unconsumed_tail
    if not unpacker.eof:
        raise Malformed("is gzip that ends early; get it again")
