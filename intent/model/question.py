"""What waits for the LLM and what came of it: questions, claims on them, and answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from intent.model.decision import Decision, Entry
from intent.model.message import Message


class Priority(IntEnum):
    """Who goes first in the ask lane."""

    LIVE = 0
    UPGRADE = 1
    BACKFILL = 2


@dataclass(frozen=True, slots=True)
class Question:
    """A message whose decision is to be improved.

    Attributes:
        revision: the revision that stands now and that the answer would follow.
    """

    platform: str
    message_id: str
    room_id: str
    event_timestamp: datetime
    revision: int
    run: str = "production"
    priority: Priority = Priority.LIVE


def question_about(entry: Entry) -> Question:
    """Return the live question about a decision that was just stored."""
    message = entry.message
    return Question(
        platform=message.platform,
        message_id=message.message_id,
        room_id=message.room_id,
        event_timestamp=message.sent_at,
        revision=entry.revision,
    )


@dataclass(frozen=True, slots=True)
class Claim:
    """A question lent by the ask lane, with its message; ``receipt``, ``token`` and ``attempts`` as
    in :class:`Delivery`.
    """

    question: Question
    message: Message
    receipt: int
    token: str
    attempts: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What the LLM said of one claim: a decision, or ``why`` there is none and the local decision
    stays.
    """

    claim: Claim
    decision: Decision | None
    why: str = ""
