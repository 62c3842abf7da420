"""Rows with claims and transactions in memory, as the SQL tables have them."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Generic, TypeVar

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
class Row(Generic[T]):
    """One row, and who has claimed it."""

    number: int
    value: T
    put: float
    available: float
    written: float
    attempts: int = 0
    token: str | None = None


class Rows(Generic[T]):
    """Rows with claims; ``lease`` in seconds, ``clock`` returns seconds."""

    def __init__(self, lease: float, clock: Callable[[], float]) -> None:
        self.lease, self.clock = lease, clock
        self.rows: dict[int, Row[T]] = {}
        self._numbers = itertools.count(1)

    def add(self, value: T) -> None:
        """Add a row that is available at once."""
        number = next(self._numbers)
        now = self.clock()
        self.rows[number] = Row(number, value, put=now, available=now, written=now)

    def available(self) -> list[Row[T]]:
        """Return what may be claimed now, oldest first."""
        now = self.clock()
        return sorted(
            (
                row
                for row in list(self.rows.values())
                if row.available <= now or row.written > now + 1
            ),
            key=lambda row: (row.available, row.number),
        )

    def claim(self, rows: Sequence[Row[T]], *, counted: bool = True) -> str:
        """Lend rows, and return the claim's token; a claim that nobody ends may count or not."""
        token, now = secrets.token_hex(16), self.clock()
        for row in rows:
            row.token, row.attempts = token, row.attempts + (1 if counted else 0)
            row.available, row.written = now + self.lease, now
        return token

    def valid(self, lent: Sequence[L]) -> list[L]:
        """Return what is still lent under its claim."""
        return [
            one
            for one in lent
            if one.receipt in self.rows and self.rows[one.receipt].token == one.token
        ]

    def settle(self, transaction: MemoryTransaction, lent: Sequence[L]) -> list[L]:
        """Remove the rows whose claim is still valid, and return what was lent under them."""
        valid = self.valid(lent)
        transaction.at_commit.append(lambda: self._drop([one.receipt for one in valid]))
        return valid

    def drop(self, which: Callable[[T], bool]) -> list[T]:
        """Remove rows whose value is of a kind, and return their values."""
        gone = {row.number: row.value for row in self.rows.values() if which(row.value)}
        self._drop(list(gone))
        return list(gone.values())

    def _drop(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            self.rows.pop(number, None)

    def release(self, lent: Sequence[Lent], *, delay: float, counted: bool) -> None:
        """End the claims that are still valid."""
        for one in self.valid(lent):
            row = self.rows[one.receipt]
            now = self.clock()
            row.token, row.available, row.written = None, now + delay, now
            row.attempts = one.attempts if counted else one.attempts - 1
