"""What is told and known of a source that is listened to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class SourceState(StrEnum):
    """What a source does."""

    READING = "reading"
    WAITING = "waiting"
    """It was lost, and is connected again after a pause."""
    ENDED = "ended"
    """Its stream is over for good."""
    FAILED = "failed"
    """Only a person can mend it."""
    STOPPED = "stopped"
    """Its process was told to leave."""

    @property
    def is_alive(self) -> bool:
        """Whether it reads, or will again without a person."""
        return self in {SourceState.READING, SourceState.WAITING}


@dataclass(frozen=True, slots=True)
class SourceNews:
    """What became of a source since its process last told of it. Counts are differences, so that
    two processes on one source do not erase each other's.

    Attributes:
        messages, dropped, reconnects: how many more; dropped ones found no room to wait.
        arrived: when the last message came, this process's clock; None where none came.
        sent: when it was said, the platform's clock.
        error: the last trouble, in one sentence.
        error_at: when that was, this process's clock.
    """

    source: str
    scheme: str
    state: SourceState
    messages: int = 0
    dropped: int = 0
    reconnects: int = 0
    arrived: datetime | None = None
    sent: datetime | None = None
    error: str | None = None
    error_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ListenedSource:
    """All that is stored of a source that is or was listened to; as :class:`SourceNews`, summed up.

    Attributes:
        first_at: when it was listened to for the first time, database clock.
        seen_at: when a process last said so, database clock.
    """

    source: str
    scheme: str
    state: SourceState
    first_at: datetime
    seen_at: datetime
    messages: int
    dropped: int
    reconnects: int
    arrived: datetime | None
    sent: datetime | None
    error: str | None
    error_at: datetime | None
