"""Lets who takes messages back, or edits them, do so while nobody else puts, erases or replays."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

_LOCK = 7_238_914_403
"""Number of the advisory lock on PostgreSQL, beside that of the migrations."""


def in_turn(transaction: Connection, *, alone: bool) -> None:
    """Wait for our turn, until the transaction ends.

    A retraction and its message, or two edits of one message, may come at the same time on two
    connections, and neither would see the other; an edit beside an erasure would leave a message
    that waits and is gone. So who brings retractions or edits comes alone, and all others who add
    messages to the queue, or take them out of the world, come together. SQLite has one writer at a
    time.
    """
    if transaction.dialect.name == "postgresql":
        lock = func.pg_advisory_xact_lock if alone else func.pg_advisory_xact_lock_shared
        transaction.execute(select(lock(_LOCK)))
