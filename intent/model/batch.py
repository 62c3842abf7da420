"""What a source hands over at once, and what the inbox lends and counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from intent.model.message import Message


@dataclass(frozen=True, slots=True)
class Refused:
    """A payload that is no message. ``payload`` is cut at 64 KB, ``digest`` is the SHA-256 of all
    its bytes.
    """

    reason: str
    payload: bytes
    digest: str
    position: str


@dataclass(frozen=True, slots=True)
class Retraction:
    """Somebody took messages back: a moderator or the author deleted one, or its author was banned.

    Attributes:
        message_id: the message that is gone; None for all that ``user_id`` wrote in the room.
        user_id: the author who is gone; None where one message is named.
        at: from when on it is gone, in UTC.
        by: who took it back: ``author``, ``moderator`` or ``platform``.
    """

    platform: str
    room_id: str
    at: datetime
    message_id: str | None = None
    user_id: str | None = None
    by: str = "moderator"


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch in which a source was blind in a room; ``until`` is None while it still is.
    ``source`` is set by who listens to it; a source leaves it.
    """

    platform: str
    room_id: str
    since: datetime
    until: datetime | None
    reason: str
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Position:
    """Where a source stands: a page token, an offset or a byte, in the source's own words."""

    source: str
    token: str


@dataclass(frozen=True, slots=True)
class Batch:
    """What a source hands over at once; ``position`` is where it stands after all of it. An empty
    one means *nothing right now*, and is false.
    """

    messages: Sequence[Message] = ()
    refused: Sequence[Refused] = ()
    retractions: Sequence[Retraction] = ()
    gaps: Sequence[Gap] = ()
    position: Position | None = None

    def __bool__(self) -> bool:
        return bool(self.messages or self.refused or self.retractions or self.gaps or self.position)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message lent by the inbox.

    Attributes:
        receipt: number of the inbox row.
        token: this claim's own token; once the claim has passed to somebody else, it opens nothing.
        attempts: how often it was tried, this time included; from 1. What was claimed in company
            and never ended is no try, for anything of it may be to blame.
        revision: number of the decision that is wanted: 0, or the one after a retraction.
        suspect: it was claimed before, and nobody said what became of it, or it was not decided.
        waited: seconds from when it was accepted until this claim; None where nobody knows.
        traceparent: W3C trace context of the request that brought it, if there was one.
    """

    message: Message
    receipt: int
    token: str
    attempts: int
    revision: int = 0
    suspect: bool = False
    waited: float | None = None
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits for its first decision.

    Attributes:
        waiting: messages, those being decided included; counted up to a limit.
        oldest: seconds since the one that has waited longest was accepted; 0 if none waits.
    """

    waiting: int
    oldest: float


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of a batch that was put: counts.

    Attributes:
        new: messages that were not known.
        repeated: messages that were known already, or older than what is known; nothing changed.
        refused: payloads that are no messages and were not known already.
        edited: messages that were known with another text, and are decided again.
        conflicts: messages whose id is known from another room or author, in the order in which
            they came, each as the payload that is kept as a dead letter.
        retracted: messages that somebody took back, and that stood or waited until now.
        erased: messages and payloads of people, messages or rooms that were erased; dropped.
    """

    new: int
    repeated: int
    refused: int = 0
    edited: int = 0
    conflicts: Sequence[Refused] = ()
    retracted: int = 0
    erased: int = 0

    @property
    def conflicting(self) -> int:
        """How many messages were in conflict."""
        return len(self.conflicts)
