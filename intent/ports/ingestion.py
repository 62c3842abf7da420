"""Seams on the way in: where messages come from, and where they wait to be decided."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeAlias

from intent.model.batch import Accepted, Backlog, Batch, Delivery, Gap, Position
from intent.model.listening import SourceNews
from intent.model.message import Message

Transaction: TypeAlias = Any
"""An open transaction. It is handed from adapter to adapter and looked into by none but its own
kind.
"""


class Transactions(Protocol):
    """Opens write transactions: committed when the block ends, rolled back when it raises."""

    def begin(self) -> AbstractContextManager[Transaction]: ...


class Source(Protocol):
    """Where messages come from."""

    def read(self) -> Iterator[Batch]:
        """Yield what is there, a bounded number at once; an empty batch means *nothing right now*.

        A batch is stored before the next one is asked for: a source acknowledges to its platform
        when it goes on after a ``yield``, and never before. A live source hands over what came
        within 200 ms, and an empty batch at least once a second; it returns when its stream has
        ended for good.

        Raises:
            SourceLost: the connection was lost; built again, from where it stands, it may go on.
            OperatorError: only a person can mend it, such as a token that was taken back.
        """


class Publisher(Protocol):
    """Hands messages to a broker, from which a source reads them."""

    def publish(self, messages: Sequence[Message]) -> None:
        """Return once the broker has confirmed all of them, in their order.

        Raises:
            Later: it did not; some of them may be there, and to publish them again is harmless.
            OperatorError: only a person can mend it.
        """

    def close(self) -> None:
        """End the connection."""


class Positions(Protocol):
    """Remembers where sources stand and where they were blind; written by :meth:`Inbox.put`."""

    def position(self, source: str) -> Position | None:
        """Return where a source stood after the last batch that was put; None if it never did."""

    def gaps(self) -> list[Gap]:
        """Return all stretches in which a source was blind, oldest first."""


class ListenedSources(Protocol):
    """Remembers what is told of the sources that are listened to."""

    def tell(self, news: Sequence[SourceNews]) -> None:
        """Add what became of sources since they were told of last, all of it or nothing.

        Raises:
            Later: it could not be stored.
        """


class Spool(Protocol):
    """Where batches wait while the inbox is away: in order, durable, bounded."""

    @property
    def waiting(self) -> bool:
        """Whether any batch waits."""

    def append(self, batch: Batch, *, beyond: bool = False) -> None:
        """Keep a batch durably behind those that wait; ``beyond`` the limit, too, when we leave.

        Raises:
            Later: there is no room for it.
        """

    def drain(self, put: Callable[[Batch], object]) -> None:
        """Hand what waits to ``put``, oldest first, and forget it; an error leaves the rest."""


class Inlet(Protocol):
    """Takes messages in, to wait until they are decided."""

    def put(self, batch: Batch) -> Accepted:
        """Store all of a batch in one transaction, durably before returning; what is known already
        changes nothing.
        """

    def put_all(self, batches: Sequence[Batch]) -> list[Accepted]:
        """Store several batches as if one were put after the other, in one transaction: all of
        them or none, durably before returning. Return what became of each, in their order.
        """

    def backlog(self, most: int) -> Backlog:
        """Return what waits, counted up to ``most``."""


class Inbox(Inlet, Protocol):
    """Where messages wait to be decided: delivered at least once, oldest first."""

    def take(self, count: int, size: int) -> list[Delivery]:
        """Claim up to ``count`` fresh messages of at most ``size`` bytes of text together (one
        always fits), or half of the suspects that a worker died of together; the two take turns.
        """

    def done(self, transaction: Transaction, deliveries: Sequence[Delivery]) -> list[Delivery]:
        """Remove what is still claimed by these deliveries, and return exactly those."""

    def retry(self, deliveries: Sequence[Delivery], delay: float) -> None:
        """Let them come again in ``delay`` seconds; the attempt counts."""

    def release(self, deliveries: Sequence[Delivery]) -> None:
        """Let them come again at once, as if they had never been taken."""

    def dead_letter(self, delivery: Delivery, reason: str) -> bool:
        """Make a dead letter of it; False when the claim was lost meanwhile."""

    def due(self) -> float | None:
        """Seconds until the next message may be claimed, 0 if one may now; None if none waits."""

    def waiting(self) -> int:
        """How many messages are not decided yet, claimed ones included."""


class Sealing(Protocol):
    """Makes lines that only who has a key can read."""

    def seal(self, line: bytes) -> bytes:
        """Return a line without an end of line in it."""

    def unseal(self, line: bytes) -> bytes:
        """Return a line as it was, or raise ValueError."""
