"""Values of columns as PostgreSQL reads them: in arrays, and in rows that are copied in."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import JSON, Boolean, Integer, LargeBinary
from sqlalchemy.types import TypeEngine

from intent.store.columns import UtcDateTime


def array_text(kind: TypeEngine[Any], values: Sequence[Any]) -> str:
    """Return values of one column as the text of an array
    (postgresql.org/docs/current/arrays.html, input and output syntax).
    """
    write = _writer(kind)
    return "{" + ",".join(["NULL" if value is None else write(value) for value in values]) + "}"


def plain_values(kind: TypeEngine[Any], values: Sequence[Any]) -> Sequence[Any]:
    """Return values of one column as the driver copies them in."""
    if isinstance(kind, JSON):
        return [json.dumps(value) for value in values]
    if isinstance(kind, UtcDateTime):
        for value in values:
            _is_instant(value)
    return values


def _writer(kind: TypeEngine[Any]) -> Callable[[Any], str]:
    if isinstance(kind, Integer):
        return str
    if isinstance(kind, Boolean):
        return lambda value: "t" if value else "f"
    if isinstance(kind, LargeBinary):
        return lambda value: '"\\\\x' + value.hex() + '"'
    if isinstance(kind, UtcDateTime):
        return _instant
    if isinstance(kind, JSON):
        return lambda value: _quoted(json.dumps(value))
    return _quoted


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _instant(value: Any) -> str:
    _is_instant(value)
    return f'"{value.isoformat()}"'


def _is_instant(value: Any) -> None:
    if value is not None and value.tzinfo is None:
        raise ValueError("a naive time cannot be stored")
