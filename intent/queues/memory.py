"""In-memory twins of the inbox and the ask lane, for tests and demos: the same promises, without a
database or a disk.
"""

from __future__ import annotations

import itertools
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Generic, TypeVar

from intent.model.batch import Accepted, Batch, Delivery, Gap, Position, Refused
from intent.model.message import Message
from intent.model.question import Claim, Priority, Question
from intent.queues.claims import Lent

T = TypeVar("T")
L = TypeVar("L", bound=Lent)


@dataclass
class MemoryTransaction:
    """Collects what is to happen at the commit."""

    at_commit: list[Callable[[], None]] = field(default_factory=list)


class MemoryTransactions:
    """Opens transactions whose effects happen together at the end, or not at all."""

    @contextmanager
    def begin(self) -> Iterator[MemoryTransaction]:
        """Open a transaction."""
        transaction = MemoryTransaction()
        yield transaction
        for effect in transaction.at_commit:
            effect()


@dataclass
class _Row(Generic[T]):
    number: int
    value: T
    put: float
    available: float
    attempts: int = 0
    token: str | None = None


class _Rows(Generic[T]):
    """Rows with claims, as in the SQL tables."""

    def __init__(self, lease: float, clock: Callable[[], float]) -> None:
        self.lease, self.clock = lease, clock
        self.rows: dict[int, _Row[T]] = {}
        self._numbers = itertools.count(1)

    def add(self, value: T) -> None:
        number = next(self._numbers)
        now = self.clock()
        self.rows[number] = _Row(number, value, put=now, available=now)

    def available(self) -> list[_Row[T]]:
        now = self.clock()
        return sorted(
            (row for row in list(self.rows.values()) if row.available <= now),
            key=lambda row: (row.available, row.number),
        )

    def claim(self, rows: Sequence[_Row[T]]) -> str:
        token = secrets.token_hex(16)
        for row in rows:
            row.token, row.attempts, row.available = (
                token,
                row.attempts + 1,
                self.clock() + self.lease,
            )
        return token

    def valid(self, lent: Sequence[L]) -> list[L]:
        return [
            one
            for one in lent
            if one.receipt in self.rows and self.rows[one.receipt].token == one.token
        ]

    def settle(self, transaction: MemoryTransaction, lent: Sequence[L]) -> list[L]:
        valid = self.valid(lent)
        transaction.at_commit.append(lambda: self._drop([one.receipt for one in valid]))
        return valid

    def _drop(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            self.rows.pop(number, None)

    def release(self, lent: Sequence[Lent], *, delay: float, counted: bool) -> None:
        for one in self.valid(lent):
            row = self.rows[one.receipt]
            row.token, row.available = None, self.clock() + delay
            row.attempts = row.attempts if counted else max(row.attempts - 1, 0)


class MemoryInbox:
    """The inbox in memory; ``lease`` in seconds, ``clock`` returns seconds."""

    def __init__(self, *, lease: float = 60.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._rows: _Rows[Message] = _Rows(lease, clock)
        self._known: set[tuple[str, str]] = set()
        self.dead_letters: list[tuple[Message, str]] = []
        self.refused: dict[str, Refused] = {}
        self._positions: dict[str, Position] = {}
        self._gaps: dict[tuple[str, str, datetime], Gap] = {}

    def put(self, batch: Batch) -> Accepted:
        """Store a batch; what is known already changes nothing."""
        new, refused = batch.messages, batch.refused
        for gap in batch.gaps:
            key = (gap.platform, gap.room_id, gap.since)
            until = gap.until or (self._gaps[key].until if key in self._gaps else None)
            self._gaps[key] = replace(gap, until=until)
        if batch.position is not None:
            self._positions[batch.position.source] = batch.position
        known, kept = len(self._known), len(self.refused)
        self.refused = {**{one.digest: one for one in refused}, **self.refused}
        for message in new:
            if message.identity not in self._known:
                self._known.add(message.identity)
                self._rows.add(message)
        accepted = len(self._known) - known
        return Accepted(
            new=accepted, repeated=len(new) - accepted, refused=len(self.refused) - kept
        )

    def position(self, source: str) -> Position | None:
        """Return where a source stood after the last batch that was put; None if it never did."""
        return self._positions.get(source)

    def gaps(self) -> list[Gap]:
        """Return all stretches in which a source was blind, oldest first."""
        return sorted(self._gaps.values(), key=lambda gap: (gap.since, gap.platform, gap.room_id))

    def take(self, count: int, size: int) -> list[Delivery]:
        """Claim up to ``count`` fresh messages of at most ``size`` bytes of text together, or one
        suspect alone.
        """
        rows = self._rows.available()[:count]
        batch: list[_Row[Message]] = []
        total = 0
        for row in rows:
            total += len(row.value.text.encode("utf-8"))
            if batch and (row.attempts > 0 or total > size):
                break
            batch.append(row)
            if row.attempts > 0:
                break
        token = self._rows.claim(batch)
        return [Delivery(row.value, row.number, token, row.attempts) for row in batch]

    def done(
        self, transaction: MemoryTransaction, deliveries: Sequence[Delivery]
    ) -> list[Delivery]:
        """Remove what is still claimed by these deliveries, and return exactly those."""
        return self._rows.settle(transaction, deliveries)

    def retry(self, deliveries: Sequence[Delivery], delay: float) -> None:
        """Let them come again in ``delay`` seconds; the attempt counts."""
        self._rows.release(deliveries, delay=delay, counted=True)

    def release(self, deliveries: Sequence[Delivery]) -> None:
        """Let them come again at once, as if they had never been taken."""
        self._rows.release(deliveries, delay=0.0, counted=False)

    def dead_letter(self, delivery: Delivery, reason: str) -> bool:
        """Make a dead letter of it; False when the claim was lost meanwhile."""
        if not self._rows.valid([delivery]):
            return False
        del self._rows.rows[delivery.receipt]
        self.dead_letters.append((delivery.message, reason))
        return True

    def waiting(self) -> int:
        """How many messages are not decided yet, claimed ones included."""
        return len(self._rows.rows)


class MemoryLane:
    """The ask lane in memory; ``find`` looks a question's message up, ``lease`` in seconds,
    ``clock`` returns seconds.
    """

    def __init__(
        self,
        find: Callable[[str, str], Message],
        *,
        lease: float = 120.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rows: _Rows[Question] = _Rows(lease, clock)
        self._find = find

    def put(self, transaction: MemoryTransaction, questions: Sequence[Question]) -> None:
        """Add questions; one that waits already for the same run stays as it is."""
        transaction.at_commit.append(lambda: self._add(questions))

    def take(self, count: int, gather: float) -> list[Claim]:
        """Claim up to ``count`` questions of one room and one run, newest first; a suspect comes
        with its old batch once, and then alone.
        """
        rows = sorted(self._next(count, gather), key=_newest, reverse=True)[:count]
        token = self._rows.claim(rows)
        return [
            Claim(
                row.value,
                self._find(row.value.platform, row.value.message_id),
                row.number,
                token,
                row.attempts,
            )
            for row in rows
        ]

    def _next(self, count: int, gather: float) -> list[_Row[Question]]:
        available = self._rows.available()
        for priority in Priority:
            here = [row for row in available if row.value.priority is priority]
            suspects = [row for row in here if row.attempts > 0]
            if suspects:
                first = suspects[0]
                return (
                    [row for row in here if row.token == first.token]
                    if first.token and first.attempts == 1
                    else [first]
                )
            ripe = self._ripe(here, count, gather)
            if ripe:
                return (
                    max(ripe, key=lambda room: max(map(_newest, room)))
                    if priority is Priority.LIVE
                    else min(ripe, key=lambda room: room[0].number)
                )
        return []

    def _ripe(
        self, rows: Sequence[_Row[Question]], count: int, gather: float
    ) -> list[list[_Row[Question]]]:
        rooms: dict[tuple[str, str, str], list[_Row[Question]]] = {}
        for row in rows:
            rooms.setdefault((row.value.run, row.value.platform, row.value.room_id), []).append(row)
        since = self._rows.clock() - gather
        return [room for room in rooms.values() if len(room) >= count or room[0].available <= since]

    def done(self, transaction: MemoryTransaction, claims: Sequence[Claim]) -> list[Claim]:
        """Remove what is still claimed by these claims, and return exactly those."""
        return self._rows.settle(transaction, claims)

    def retry(self, claims: Sequence[Claim], delay: float) -> None:
        """Let them come again in ``delay`` seconds; the attempt counts."""
        self._rows.release(claims, delay=delay, counted=True)

    def release(self, claims: Sequence[Claim], delay: float = 0.0) -> None:
        """Let them come again in ``delay`` seconds, as if they had never been taken."""
        self._rows.release(claims, delay=delay, counted=False)

    def expire(self, age: float) -> int:
        """Drop live questions that were put more than ``age`` seconds ago and that nobody holds;
        return how many.
        """
        now = self._rows.clock()
        free = [
            row
            for row in list(self._rows.rows.values())
            if row.token is None or row.available <= now
        ]
        old = [
            row.number
            for row in free
            if row.value.priority is Priority.LIVE and row.put < now - age
        ]
        for number in old:
            del self._rows.rows[number]
        return len(old)

    def waiting(self) -> int:
        """How many questions are open, claimed ones included."""
        return len(self._rows.rows)

    def _add(self, questions: Sequence[Question]) -> None:
        waiting = {
            (row.value.platform, row.value.message_id, row.value.run)
            for row in self._rows.rows.values()
        }
        for question in questions:
            if (question.platform, question.message_id, question.run) not in waiting:
                self._rows.add(question)


def _newest(row: _Row[Question]) -> tuple[datetime, int]:
    return row.value.event_timestamp, row.number
