"""Reads the JSON that platforms send: values are looked at where they are, and whatever has another
shape than it should is left for the door to refuse.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from intent.model.errors import Malformed

DEEPEST = 64
"""How often lists and objects of a payload may be nested."""

_START = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECONDS = 10**11
"""From here on a number of seconds would lie after the year 5000: it counts milliseconds."""


def read_json(payload: bytes) -> object:
    """Return what a payload in JSON and UTF-8 holds; whole numbers are exact, however long.

    Raises:
        Malformed: it is none.
    """
    try:
        text = payload.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed(f"is no UTF-8 at byte {error.start}") from None
    try:
        read: object = json.loads(text)
    except (ValueError, RecursionError):
        raise Malformed("is no JSON") from None
    if _is_deep(read):
        raise Malformed(f"is nested more than {DEEPEST} times")
    return read


def _is_deep(value: object) -> bool:
    # What is nested almost as deep as Python can go cannot be written again when it is refused.
    level = [value]
    for _ in range(DEEPEST):
        level = [inner for one in level for inner in _held_by(one)]
        if not level:
            return False
    return True


def _held_by(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def read_object(payload: bytes) -> Mapping[str, object]:
    """Return the keys of a JSON object.

    Raises:
        Malformed: it is none.
    """
    read = read_json(payload)
    if not isinstance(read, dict):
        raise Malformed("is no JSON object")
    return read


def keys_of(value: object) -> Mapping[str, object]:
    """Return the keys of an object; none, if it is something else."""
    return value if isinstance(value, dict) else {}


def items_of(value: object) -> list[object]:
    """Return the items of a list; none, if it is something else."""
    return value if isinstance(value, list) else []


def as_id(value: object) -> object:
    """Return an id as text. A platform's own numbers are exact: they were never rounded by somebody
    who reads all numbers as floating point.
    """
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def as_time(value: object) -> object:
    """Return the instant that a number of seconds or milliseconds since 1970 means, also where it
    is written as text; everything else as it is.
    """
    number = value
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        number = int(value)
    if isinstance(number, bool) or not isinstance(number, int | float):
        return value
    try:
        unit = 1000 if abs(number) >= _MILLISECONDS else 1
        return _START + timedelta(seconds=number / unit)
    except (OverflowError, ValueError):
        return value
