"""Seams of asking the LLM: the lane, what was said before, who answers, who decides when, the
connection, what it cost, and what was paid for.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from intent.model.attempt import Attempt
from intent.model.completion import Completion, Request
from intent.model.message import Message
from intent.model.question import Answer, Claim, Question
from intent.ports.ingestion import Transaction


class Lane(Protocol):
    """Where unsure messages wait for the LLM: by priority, then room by room."""

    def put(self, transaction: Transaction, questions: Sequence[Question]) -> None:
        """Add questions; one that waits already for the same run stays as it is."""

    def take(self, count: int, gather: float) -> list[Claim]:
        """Claim up to ``count`` questions of one room and one run, newest first, once ``count`` are
        there or the oldest waited ``gather`` s. Where these repeat each other, others of the room
        come along that say the same and were said at the time: a flood of one text is asked once.

        What a dead asker held comes again as the same batch, once, for the reply may have been paid
        for; after that, and after a retry, alone. However often askers die, it is not given up: a
        death counts as one attempt, and only the first. Nothing is claimed while the lane is
        paused.
        """

    def done(self, transaction: Transaction, claims: Sequence[Claim]) -> list[Claim]:
        """Remove what is still claimed by these claims, and return exactly those."""

    def retry(self, claims: Sequence[Claim], delay: float) -> None:
        """Let them come again in ``delay`` seconds; the attempt counts."""

    def release(self, claims: Sequence[Claim], delay: float = 0.0) -> None:
        """Let them come again in ``delay`` seconds, as if they had never been taken."""

    def expire(self, age: float) -> int:
        """Drop live questions that were put more than ``age`` seconds ago and that nobody holds, a
        bounded number; return how many.
        """

    def waiting(self) -> int:
        """How many questions are open, claimed ones included."""

    def pause(self) -> None:
        """Claim nothing from now on, in no process; what is put waits, what runs comes to its
        end.
        """

    def resume(self) -> None:
        """Claim again."""

    def paused(self) -> datetime | None:
        """Since when the lane is paused; None where it is not."""


class History(Protocol):
    """Looks back in a room."""

    def before(self, asked: Sequence[Message]) -> list[Message]:
        """Return the few messages said in the room before these, oldest first."""


class Answerer(Protocol):
    """Asks the LLM about messages of one room."""

    def answer(self, claims: Sequence[Claim], before: Sequence[Message]) -> list[Answer]:
        """Return one answer for each claim, in order.

        Args:
            claims: questions of one room and one run.
            before: the few messages said before them in the room, oldest first.

        Raises:
            LlmUnavailable: the server is away or asks us to wait; nothing was decided.
            BudgetSpent: asking would cost more than is left.
            LlmForbidden: quota, key or request are refused; only the operator can mend that.
        """


class Breaker(Protocol):
    """Decides when the LLM is asked next, and by how many at a time; one a process."""

    def places(self, most: int) -> int:
        """Return how many batches may be asked at a time now, of at most ``most``."""

    def wait(self) -> float:
        """Return the seconds until there is a place; 0 while there is."""


class Chat(Protocol):
    """A connection to a server: sends a request once, and never raises for what the server does."""

    def ask(self, request: Request, timeout: float) -> Completion:
        """Return how the call ended, after at most ``timeout`` seconds."""


class Ledger(Protocol):
    """What the LLM cost."""

    def book(self, attempt: Attempt) -> None:
        """Write an attempt down, durably, before its reply is used."""

    def spent(self, since: datetime) -> int:
        """Nanodollars booked since then."""


class Replies(Protocol):
    """Replies that were paid for: none is paid for twice, also when a crash makes the same messages
    come again in another company.

    A key is the hash of a whole request, or of one message with the prompt and model that it was
    asked with; a value holds no contact details.
    """

    def find(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Return what is kept under these keys."""

    def keep(
        self, replies: Mapping[str, bytes], about: Collection[tuple[str, str]] = (), /
    ) -> None:
        """Keep all of these in one transaction, durably, before any is used; a key that is known
        stays as it is.

        Args:
            about: identities of the messages that were shown. Once one of them was erased, nothing
                is kept, for a reply may quote it.
        """
