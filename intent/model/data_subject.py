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
    PAYLOAD = "payload"
    """What is no message, and nobody can say whose it is; its id is its digest, its platform empty.
    """


@dataclass(frozen=True, slots=True)
class DataSubject:
    """Somebody, a message or a room of a platform, a conversion of a source, or a payload."""

    kind: SubjectKind
    platform: str
    id: str
