"""Reads files of JSON objects, one a line or in an array, and finds values deep in them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from intent.model.errors import Malformed
from intent.sources.door import MAX_PAYLOAD_BYTES
from intent.sources.files.file_format import AtHand, Read
from intent.sources.lines import Line
from intent.sources.records import records_in

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def read_objects(
    chunks: Iterator[bytes | None],
    at_hand: AtHand,
    read: Callable[[dict[str, Any], str], Iterable[Read]],
) -> Iterator[Read]:
    """Yield what ``read`` makes of every object and its position; what is no object is refused."""

    def one(line: Line) -> Iterable[Read]:
        return read(_object(line.payload), f"{line.kind} {line.number}")

    return at_hand.each(records_in(chunks, MAX_PAYLOAD_BYTES + 1), one)


def _object(payload: bytes) -> dict[str, Any]:
    try:
        value = json.loads(payload.decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError):
        raise Malformed("is no JSON") from None
    if not isinstance(value, dict):
        raise Malformed("is no JSON object")
    return value


def deep(value: object, *path: str) -> Any:
    """Return what stands under a path of keys; None where there is nothing."""
    for key in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value


def listed(value: object) -> list[Any]:
    """Return a list as it is, and anything else as an empty one."""
    return value if isinstance(value, list) else []


def since_epoch(value: object, unit: str) -> datetime:
    """Return an instant that is written as a number since 1970.

    Args:
        value: a whole number, also as text.
        unit: ``milliseconds`` or ``microseconds``.

    Raises:
        Malformed: it is no such number.
    """
    try:
        return _EPOCH + timedelta(**{unit: int(str(value).removesuffix(".0"))})
    except (ValueError, OverflowError):
        raise Malformed(f"sent_at: is no number of {unit} since 1970") from None
