"""Named runs: their counts, and what is asked, shown and compared of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from intent.model.decision import Decision, Entry
from intent.model.message import Message
from intent.model.question import Question


@dataclass(frozen=True, slots=True)
class Run:
    """A run; counts are of messages, except for ``shown``.

    Attributes:
        prompt: name of the prompt it asks with; None for production, which asks with whatever is in
            production.
        waiting: questions that are open.
        answered: messages that it decided beside the visible decisions.
        shown: decisions of this run that readers see or saw.
    """

    name: str
    description: str | None
    prompt: str | None
    prompt_version: str | None
    created_timestamp: datetime
    promoted_timestamp: datetime | None
    waiting: int
    answered: int
    shown: int


@dataclass(frozen=True, slots=True)
class Page:
    """A bounded part of a long work; ``last`` is where the next part goes on."""

    questions: Sequence[Question] = ()
    entries: Sequence[Entry] = ()
    last: int | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """A message with the decision that readers see and the one that a run stands by."""

    message: Message
    now: Decision
    then: Decision


@dataclass(frozen=True, slots=True)
class DecidedElsewhere:
    """A decision that was made outside of the store, for a text of which it knows the digest.

    Attributes:
        text_digest: SHA-256 of the text as it would be stored, without contact details.
    """

    platform: str
    message_id: str
    text_digest: str
    decision: Decision

    @property
    def identity(self) -> tuple[str, str]:
        """Of its message: ``(platform, message_id)``."""
        return self.platform, self.message_id
