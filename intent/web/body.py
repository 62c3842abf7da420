"""Reads the body of a request: counted while it is read, and in time."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request

from intent.web.problem import Problem

BODY_MOST = 1_048_576
"""Bytes of a body, where an endpoint says nothing else."""

_FIELDS_MOST = 1_000
"""Fields of a form or query."""


async def read_body(request: Request, most: int, seconds: float) -> bytes:
    """Return a whole body; what an answer leaves unread closes the connection.

    Args:
        most: bytes, of which not one more is read.
        seconds: time for the whole body.

    Raises:
        Problem: it is too large (413), too slow (408), or the client left in the middle (400).
    """
    too_large = Problem(
        413, f"a body may have {most:,} bytes here", headers={"connection": "close"}
    )
    if _announced(request) > most:
        raise too_large
    read, pieces = 0, list[bytes]()
    try:
        async with asyncio.timeout(seconds):
            async for piece in request.stream():
                read += len(piece)
                if read > most:
                    raise too_large
                pieces.append(piece)
    except TimeoutError:
        late = f"the body did not come within {seconds:g} seconds"
        raise Problem(408, late, headers={"connection": "close"}) from None
    except ClientDisconnect:
        raise Problem(400, "the body ended before it was whole") from None
    return b"".join(pieces)


def read_fields(text: str, where: str) -> dict[str, list[str]]:
    """Return the fields of a query or of a form as URLs write them, each with its values.

    Raises:
        Problem: there are too many, or one holds a NUL, which no database stores (422).
    """
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_FIELDS_MOST)
    except ValueError:
        raise Problem(422, f"the {where} has more than {_FIELDS_MOST:,} fields") from None
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        refuse_nul(name + value, where)
        found.setdefault(name, []).append(value)
    return found


def refuse_nul(value: Any, where: str) -> None:
    """Refuse a value in which a text holds a NUL, however deep.

    Raises:
        Problem: one does (422).
    """
    if isinstance(value, str):
        if "\0" in value:
            raise Problem(422, f"a text of the {where} holds a NUL character")
    elif isinstance(value, dict):
        for key, inner in value.items():
            refuse_nul(key, where)
            refuse_nul(inner, where)
    elif isinstance(value, list):
        for inner in value:
            refuse_nul(inner, where)


def refuse_nul_in_json(content: bytes) -> None:
    """Refuse JSON in which a text holds a NUL; what is no JSON is left for who parses it.

    Raises:
        Problem: one does (422).
    """
    if b"\\u0000" in content:
        try:
            parsed = json.loads(content)
        except (ValueError, RecursionError):
            return
        refuse_nul(parsed, "body")


def _announced(request: Request) -> int:
    text = request.headers.get("content-length", "")
    return int(text[:18]) if text.isascii() and text.isdigit() else 0
