"""Reads what a program writes line by line: messages in the wire shape, and lines about where it
stands, when it was blind, and what was taken back.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Annotated, TypeAlias

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from intent.model.batch import Gap, Refused, Retraction
from intent.model.message import Id, Key, Message, Time, refusal
from intent.sources.door import MAX_PAYLOAD_BYTES, Door, refused
from intent.sources.lines import Line

MAX_TOKEN_CHARACTERS = 10_000
"""Longest position that a program may state."""

_ABOUT = re.compile(rb'\s*\{\s*"(position|gap|retraction)"\s*:')


@dataclass(frozen=True, slots=True)
class Stated:
    """Where a program stands, in its own words."""

    token: str


ProgramLine: TypeAlias = Message | Refused | Retraction | Gap | Stated


class _Blind(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    platform: Key
    room_id: Id
    since: Time
    until: Time
    reason: Annotated[str, StringConstraints(min_length=1, max_length=500)]


class _Position(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    position: Annotated[str, StringConstraints(max_length=MAX_TOKEN_CHARACTERS)]


def read_line(line: Line, door: Door, position: str) -> ProgramLine:
    """Read one line, which is a message unless its first key says otherwise::

        {"platform": …, "room_id": …, "message_id": …, …}     a message
        {"position": "page 7"}                                stands there, after all lines before
        {"gap": {"platform", "room_id", "since", "until", "reason"}}
        {"retraction": {"platform", "room_id", "at", "message_id" or "user_id", "by"}}

    Args:
        position: where the line stood, for people.
    """
    if line.size > MAX_PAYLOAD_BYTES:
        reason = f"the line is {line.size} bytes long, the limit is {MAX_PAYLOAD_BYTES}"
        return refused(reason, line.payload, position, digest=line.digest)
    about = _ABOUT.match(line.payload)
    if about is None:
        return door.payload(line.payload, position, digest=line.digest)
    try:
        values = json.loads(line.payload)
        return _about(about[1], values, door, position)
    except ValidationError as error:
        return refused(refusal(error), line.payload, position, digest=line.digest)
    except (ValueError, RecursionError):
        return refused("is no JSON", line.payload, position, digest=line.digest)


def _about(key: bytes, values: dict[str, object], door: Door, position: str) -> ProgramLine:
    if key == b"position":
        return Stated(_Position.model_validate(values).position)
    if key == b"gap":
        blind = _Blind.model_validate(values["gap"])
        return Gap(blind.platform, blind.room_id, blind.since, blind.until, blind.reason)
    fields = values["retraction"]
    return door.retraction(fields if isinstance(fields, dict) else {}, position)
