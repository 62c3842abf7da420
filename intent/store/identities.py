"""Identities of messages, and other keys, many in one statement."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import ARRAY, ColumnElement, Connection, String, any_, bindparam, func, select

Identity = tuple[str, str]
"""(platform, message_id) of a message."""

AT_ONCE = 500
"""Identities, or other keys, in one statement, at most."""

_Key = TypeVar("_Key")


def parts(identities: Sequence[_Key]) -> Iterator[Sequence[_Key]]:
    """Yield them in parts that fit into one statement."""
    for start in range(0, len(identities), AT_ONCE):
        yield identities[start : start + AT_ONCE]


def within(
    connection: Connection, column: ColumnElement[Any], values: Iterable[str | int]
) -> ColumnElement[bool]:
    """Return *column is one of values*, with one bound parameter however many there are."""
    listed = list(values)
    if connection.dialect.name == "postgresql":
        kind = ARRAY(String if isinstance(column.type, String) else column.type)
        return column == any_(bindparam(None, listed, type_=kind))
    return column.in_(select(func.json_each(json.dumps(listed)).table_valued("value").c.value))
