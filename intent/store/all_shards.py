"""Opens one view of the first shard, where outcomes are, and of all shards, where messages are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from sqlalchemy import Connection

from intent.store.engine import Database

Shards = tuple[Connection, ...]
"""Connections of all shards, the first one first."""


@contextmanager
def reading_all(database: Database, others: Sequence[Database]) -> Iterator[Shards]:
    """Yield a consistent view of each."""
    with ExitStack() as opened:
        yield tuple(opened.enter_context(one.read()) for one in (database, *others))


@contextmanager
def writing_all(database: Database, others: Sequence[Database]) -> Iterator[Shards]:
    """Yield a write transaction of each; they end the first one first, so that what the others
    refer to is there.
    """
    with ExitStack() as opened:
        behind = [opened.enter_context(one.begin()) for one in others]
        yield (opened.enter_context(database.begin()), *behind)
