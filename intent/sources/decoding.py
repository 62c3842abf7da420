"""Turns what people save as text into UTF-8: byte order marks go, UTF-16 is told by its bytes."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""The longer marks come first: that of UTF-32 begins with that of UTF-16."""

_LONGEST = max(len(mark) for mark, _ in _MARKS)


def in_utf8(chunks: Iterator[bytes | None]) -> Iterator[bytes | None]:
    """Yield the bytes of a stream in UTF-8, without a byte order mark; None for a pause, as it
    came.

    Text in UTF-16 or UTF-32 with a mark is translated, and so is UTF-16 without one where its first
    bytes can be nothing else (JSON begins with a sign of ASCII). Everything else stays as it is:
    what is no UTF-8 then is told line by line.
    """
    start = b""
    for chunk in chunks:
        if chunk is None:
            yield None
            continue
        start += chunk
        if len(start) >= _LONGEST:
            break
    encoding, skipped = _encoding(start)
    if encoding == "utf-8":
        if start[skipped:]:
            yield start[skipped:]
        yield from chunks
        return
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    yield decoder.decode(start[skipped:]).encode("utf-8", "replace")
    for chunk in chunks:
        yield None if chunk is None else decoder.decode(chunk).encode("utf-8", "replace")
    yield decoder.decode(b"", final=True).encode("utf-8", "replace")


def read_text(path: Path) -> str:
    """Return a text file, whatever of these encodings it was saved in.

    Raises:
        OSError: it cannot be read.
        UnicodeDecodeError: it is no text.
    """
    return b"".join(chunk or b"" for chunk in in_utf8(iter([path.read_bytes()]))).decode("utf-8")


def _encoding(start: bytes) -> tuple[str, int]:
    """Return the encoding that a stream begins in, and how many bytes its mark has."""
    for mark, name in _MARKS:
        if start.startswith(mark):
            return name, len(mark)
    if len(start) >= 2 and start[0] and not start[1]:
        return "utf-16-le", 0
    if len(start) >= 2 and not start[0] and start[1]:
        return "utf-16-be", 0
    return "utf-8", 0
