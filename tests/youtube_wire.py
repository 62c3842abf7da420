"""Writes the bytes of protobuf by hand, from field numbers alone: what the reader is held against must
not share a table with it.
"""

from __future__ import annotations

from typing import Any


def varint(number: int) -> bytes:
    """Return a number in groups of seven bits, the lowest first."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def encoded(*fields: tuple[int, Any]) -> bytes:
    """Return a message of (number, value): text, bytes (a message inside, too), numbers and flags."""
    out = bytearray()
    for number, value in fields:
        if isinstance(value, bool | int):
            out += varint(number << 3) + varint(int(value))
        else:
            content = value.encode("utf-8") if isinstance(value, str) else value
            out += varint(number << 3 | 2) + varint(len(content)) + content
    return bytes(out)


def decoded(payload: bytes) -> list[tuple[int, int | bytes]]:
    """Return the fields of a message as (number, value), in their order."""
    fields: list[tuple[int, int | bytes]] = []
    at = 0

    def number() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = payload[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(payload):
        tag = number()
        if tag & 7 == 0:
            fields.append((tag >> 3, number()))
        else:
            size = number()
            fields.append((tag >> 3, payload[at : at + size]))
            at += size
    return fields
