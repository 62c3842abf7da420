"""Whom or what an erasure is about: a person, a message or a room."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class SubjectKind(StrEnum):
    """What an id names."""

    USER = "user"
    MESSAGE = "message"
    ROOM = "room"


@dataclass(frozen=True, slots=True)
class DataSubject:
    """Somebody, a message or a room of a platform."""

    kind: SubjectKind
    platform: str
    id: str
