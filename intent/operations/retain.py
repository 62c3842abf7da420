"""Deletes what is older than it is kept; features stay right inside their windows."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from threading import Event

from intent.model.retention_policy import RetentionPolicy
from intent.ports.features import FeatureState
from intent.store.engine import Database
from intent.store.expiry import (
    READ_FOR_EACH,
    before,
    count_aged,
    delete_aged,
    expire_messages,
)
from intent.store.measured_tables import measure_tables

AT_ONCE = 200
"""Messages in one transaction, at most; ten times as many rows of what hangs on nothing else."""


def would_delete(database: Database, policy: RetentionPolicy) -> dict[str, int]:
    """Return how many rows of each kind are older than they are kept."""
    with database.read() as connection:
        return {
            name: count_aged(connection, name, before(connection, days))
            for name, days in asdict(policy).items()
            if days is not None
        }


def retain(
    database: Database, features: FeatureState, policy: RetentionPolicy, *, stop: Event
) -> dict[str, int]:
    """Delete what is older than it is kept; return how many rows of each kind.

    What was counted of a deleted message is taken out of features with it: counts over 30 days and
    less do not change, decayed counters lose the rest of what faded, and who said nothing since is
    as if never seen.

    Raises:
        StoreUnavailable: the database is away; what was deleted stays deleted, and the same call
            goes on.
    """
    gone: dict[str, int] = {}
    for name, days in asdict(policy).items():
        if days is not None and not stop.is_set():
            with database.read() as connection:
                limit = before(connection, days)
            if name == "messages":
                gone[name] = _expire_messages(database, features, limit, stop)
            else:
                gone[name] = _delete_aged(database, name, limit, stop)
    return gone


def _expire_messages(
    database: Database, features: FeatureState, limit: datetime, stop: Event
) -> int:
    gone, after, more = 0, None, True
    while more and not stop.is_set():
        if gone == AT_ONCE:  # there is more to do than to look at the tables
            measure_tables(database, *READ_FOR_EACH)
        with database.begin() as transaction:
            some, stood, after = expire_messages(transaction, limit, after, AT_ONCE)
            features.remove(transaction, stood)
        gone += some
        more = after is not None
    return gone


def _delete_aged(database: Database, name: str, limit: datetime, stop: Event) -> int:
    gone, some = 0, 1
    while some and not stop.is_set():
        with database.begin() as transaction:
            some = delete_aged(transaction, name, limit, AT_ONCE * 10)
        gone += some
    return gone
