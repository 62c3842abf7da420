"""Whom or what an erasure is about: a person, a message, a room or a conversion."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class SubjectKind(StrEnum):
    """What an id names."""

    USER = "user"
    MESSAGE = "message"
    ROOM = "room"
    CONVERSION = "conversion"
    """Its platform is the source that says so."""


@dataclass(frozen=True, slots=True)
class DataSubject:
    """Somebody, a message or a room of a platform, or a conversion of a source."""

    kind: SubjectKind
    platform: str
    id: str
