"""Seams on the way in: where messages come from, and where they wait to be decided."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeAlias

from intent.model.batch import Accepted, Delivery, Refused
from intent.model.message import Message

Transaction: TypeAlias = Any
"""An open transaction. It is handed from adapter to adapter and looked into by none but its own
kind.
"""


class Transactions(Protocol):
    """Opens write transactions: committed when the block ends, rolled back when it raises."""

    def begin(self) -> AbstractContextManager[Transaction]: ...


class Source(Protocol):
    """Where messages come from. ``None`` means *nothing right now*: a good moment to hand on what
    was read.
    """

    def read(self) -> Iterator[Message | Refused | None]: ...


class Inbox(Protocol):
    """Where messages wait to be decided: delivered at least once, oldest first."""

    def put(self, messages: Sequence[Message], refused: Sequence[Refused] = ()) -> Accepted:
        """Store messages and refused payloads durably before returning; what is known already
        changes nothing.
        """

    def take(self, count: int, size: int) -> list[Delivery]:
        """Claim up to ``count`` messages of at most ``size`` bytes of text together (one always
        fits); a suspect comes alone.
        """

    def done(self, transaction: Transaction, deliveries: Sequence[Delivery]) -> list[Delivery]:
        """Remove what is still claimed by these deliveries, and return exactly those."""

    def retry(self, deliveries: Sequence[Delivery], delay: float) -> None:
        """Let them come again in ``delay`` seconds; the attempt counts."""

    def release(self, deliveries: Sequence[Delivery]) -> None:
        """Let them come again at once, as if they had never been taken."""

    def dead_letter(self, delivery: Delivery, reason: str) -> bool:
        """Make a dead letter of it; False when the claim was lost meanwhile."""

    def waiting(self) -> int:
        """How many messages are not decided yet, claimed ones included."""
