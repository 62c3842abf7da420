"""Keeps the log of what changes about leads from growing for ever."""

from __future__ import annotations

from datetime import timedelta
from threading import Event

from intent.store.engine import Database
from intent.store.lead_log import PRUNED_AT_ONCE, prune_changes


def prune_lead_changes(
    database: Database, keep: timedelta, stop: Event, *, at_once: int = PRUNED_AT_ONCE
) -> int:
    """Delete lines of the log that are older than ``keep``, a bounded number in each transaction;
    return how many.

    What an active hook has not read yet stays. A page or program that comes back with a cursor from
    before what is left is told to read everything anew.

    Args:
        stop: set to leave between two transactions.

    Raises:
        StoreUnavailable: the database is away; what was deleted before stays deleted.
    """
    deleted = 0
    while not stop.is_set():
        with database.begin() as transaction:
            gone = prune_changes(transaction, keep, at_once)
        deleted += gone
        if not gone:
            break
    return deleted
