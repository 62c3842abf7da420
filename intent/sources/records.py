"""Reads the records of a file or stream: lines of JSON, or the items of a JSON array."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from threading import Event

from intent.model.batch import Refused
from intent.sources.decoding import in_utf8
from intent.sources.door import MAX_PAYLOAD_BYTES, refused
from intent.sources.elements import split_items
from intent.sources.lines import CHUNK_BYTES, Line, read_chunks, split_lines


def read_records(
    descriptor: int,
    limit: int,
    *,
    stop: Event | None = None,
    at_end: Callable[[], None] = lambda: None,
) -> Iterator[Line | None]:
    """Yield the records of an open file, pipe or terminal, and None whenever it has been silent for
    0.2 seconds. A byte order mark is no part of the first record, and UTF-16 is translated.

    Args:
        descriptor: the file descriptor to read from.
        limit: bytes of a record to keep; the rest of a longer one is read and hashed, not kept.
        stop: once set, nothing more is read: the records of what was read are all there is.
        at_end: called when the end was read.
    """
    return records_in(in_utf8(read_chunks(descriptor, stop, at_end)), limit)


def records_in(chunks: Iterator[bytes | None], limit: int) -> Iterator[Line | None]:
    """Yield the records of a stream in UTF-8, and None for a pause.

    A stream whose first sign is ``[`` is a JSON array, on one line or on many, or several of them;
    everything else is read line by line.
    """
    start: list[bytes] = []
    blank = 0
    for chunk in chunks:
        if chunk is None:
            yield None
            continue
        start.append(chunk)
        blank += len(chunk)
        # Before an array stand few empty lines, and memory is bounded.
        if chunk.strip() or blank > CHUNK_BYTES:
            break
    everything = chain(start, chunks)
    is_array = b"".join(start).lstrip().startswith(b"[")
    yield from (split_items if is_array else split_lines)(everything, limit)


def refused_as_too_long(line: Line, position: str) -> Refused | None:
    """Return the refusal of a record beyond the limit; None for one within it."""
    if line.size <= MAX_PAYLOAD_BYTES:
        return None
    reason = f"the {line.kind} is {line.size} bytes long, the limit is {MAX_PAYLOAD_BYTES}"
    return refused(reason, line.payload, position, digest=line.digest)
