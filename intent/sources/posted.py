"""Reads what a request brings: one message, a JSON list of them, or lines of JSON."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from intent.model.batch import Batch, Refused
from intent.model.errors import Malformed
from intent.model.message import Message
from intent.sources.door import MAX_PAYLOAD_BYTES, Door, refused
from intent.sources.lines import split_lines
from intent.sources.payloads import read_json
from intent.sources.records import refused_as_too_long

MOST = 1_000
"""Messages that one request may bring."""


@dataclass(frozen=True, slots=True)
class Posted:
    """What a request brings.

    Attributes:
        batch: to be put.
        lines: number of the line or item of each of its messages, from 1.
        refused_lines: the same of each payload that is no message.
    """

    batch: Batch
    lines: tuple[int, ...]
    refused_lines: tuple[int, ...]


class TooMany(Malformed):
    """A request brings more messages than it may; none of them is looked at any further."""


def read_posted(body: bytes, origin: str, *, door: Door, in_lines: bool) -> Posted:
    """Read every message of a body, or refuse it with its reason.

    Args:
        body: UTF-8; a byte order mark is no part of it.
        origin: names the request, for people who look at what was refused.
        in_lines: every line is a message, and blank ones are passed over; else the body is one
            message or a JSON list.

    Raises:
        TooMany: it holds more than :data:`MOST`.
        Malformed: it holds nothing, or is no JSON.
    """
    body = body.removeprefix(codecs.BOM_UTF8)
    if not body.strip():
        raise Malformed("the body is empty")
    read = _in_lines(body, origin, door) if in_lines else _in_json(body, origin, door)
    messages: list[Message] = []
    no_messages: list[Refused] = []
    lines: list[int] = []
    refused_lines: list[int] = []
    for number, one in islice(read, MOST + 1):
        if len(lines) + len(refused_lines) == MOST:
            raise TooMany(f"a request may bring {MOST:,} messages; send the rest in another one")
        if isinstance(one, Message):
            messages.append(one)
            lines.append(number)
        else:
            no_messages.append(one)
            refused_lines.append(number)
    return Posted(Batch(messages, no_messages), tuple(lines), tuple(refused_lines))


def _in_lines(body: bytes, origin: str, door: Door) -> Iterator[tuple[int, Message | Refused]]:
    for line in split_lines(iter([body]), MAX_PAYLOAD_BYTES + 1):
        if line is not None and line.payload.strip():
            position = f"{origin} line {line.number}"
            too_long = refused_as_too_long(line, position)
            yield (
                line.number,
                too_long or door.payload(line.payload, position, digest=line.digest),
            )


def _in_json(body: bytes, origin: str, door: Door) -> Iterator[tuple[int, Message | Refused]]:
    try:
        read = read_json(body)
    except Malformed as error:
        raise Malformed(f"the body {error}") from None
    for number, one in enumerate(read if isinstance(read, list) else [read], start=1):
        position = f"{origin} item {number}"
        if isinstance(one, dict):
            yield number, door.message(one, position)
        else:
            yield number, refused("is no JSON object", json.dumps(one).encode(), position)
