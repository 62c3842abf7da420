"""Feature state: intent counts by user, creator, room and item, changed in the transaction that saves a decision.

Decayed counters are a (value, time) pair: the value is right as of the newest event counted, and is decayed again when it is read. The result does
not depend on the order of events, so a recomputation from decisions gives the same state.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, case, delete, func, literal, tuple_

from intent.decision import Decision
from intent.message import Message
from intent.ports import Entry
from intent.store.engine import insert_for
from intent.store.schema import feature_counters
from intent.store.times import microseconds

HALF_LIVES = {"decayed_30m": 1800, "decayed_1d": 86_400, "decayed_30d": 2_592_000}
"""Seconds after which an event counts half, by column."""

ENTITIES = ("user", "creator", "room", "item")

FORGOTTEN = 200
"""After so many half-lives (a factor of 2**-200) an event counts nothing; it keeps databases from raising an underflow."""

Key = tuple[str, str, str, str]
"""(entity, platform, key, intent)."""


@dataclass(frozen=True, slots=True)
class Counter:
    """One row of ``feature_counters``: a count, and decayed counts in the order of :data:`HALF_LIVES` as of ``at`` (microseconds)."""

    count: int = 0
    decayed: tuple[float, ...] = (0.0,) * len(HALF_LIVES)
    at: int = 0

    def plus(self, delta: int, at: int) -> Counter:
        """Return the counter with ``delta`` events more at ``at`` microseconds, before or after what it holds."""
        newest = max(self.at, at)
        decayed = tuple(
            value * _decay(newest - self.at, half_life) + delta * _decay(newest - at, half_life)
            for value, half_life in zip(self.decayed, HALF_LIVES.values(), strict=True)
        )
        return Counter(self.count + delta, decayed, newest)

    def seen_at(self, at: int) -> Counter:
        """Return the counter as it reads at ``at`` microseconds, not before its newest event."""
        return Counter(self.count, tuple(v * _decay(max(at - self.at, 0), h) for v, h in zip(self.decayed, HALF_LIVES.values(), strict=True)), at)


class SqlFeatureState:
    """Feature state in SQL; ``groups`` are counted as if each were a label of its own."""

    def __init__(self, groups: Mapping[str, frozenset[str]]) -> None:
        self._groups = groups

    def add(self, transaction: Connection, entries: Sequence[Entry]) -> None:
        """Count inserted entries: new minus previous, at the event's time."""
        self._count(transaction, count(change for entry in entries for change in changes(entry, self._groups)))

    def remove(self, transaction: Connection, entries: Sequence[Entry]) -> None:
        """Uncount messages; ``decision`` is the one that stood for readers. To be called after their decisions are deleted."""
        counters = count((key, -delta, at) for entry in entries for key, delta, at in changes(entry, self._groups))
        self._count(transaction, counters)
        c = feature_counters.c
        touched = sorted({key[:3] for key in counters})
        transaction.execute(delete(feature_counters).where(c.count == 0, tuple_(c.entity, c.platform, c.key).in_(touched)))

    def _count(self, transaction: Connection, counters: Mapping[Key, Counter]) -> None:
        if not counters:
            return
        statement = insert_for(transaction, feature_counters)
        new, old = statement.excluded, feature_counters.c
        updates = {"count": old.count + new.count, "decayed_at": case((new.decayed_at > old.decayed_at, new.decayed_at), else_=old.decayed_at)}
        for column, half_life in HALF_LIVES.items():
            forward = old[column] * _sql_decay(new.decayed_at - old.decayed_at, half_life) + new[column]
            backward = old[column] + new[column] * _sql_decay(old.decayed_at - new.decayed_at, half_life)
            updates[column] = case((new.decayed_at > old.decayed_at, forward), else_=backward)
        keys = ["entity", "platform", "key", "intent"]
        # Sorted, so that two workers never wait for each other's rows in a circle.
        rows = [_row(key, counters[key]) for key in sorted(counters)]
        transaction.execute(statement.on_conflict_do_update(index_elements=keys, set_=updates), rows)


def changes(entry: Entry, groups: Mapping[str, frozenset[str]]) -> Iterator[tuple[Key, int, int]]:
    """Yield (key, delta, microseconds) for what one inserted entry changes."""
    new, old = _intents(entry.decision, groups), _intents(entry.previous, groups)
    at = microseconds(entry.message.sent_at)
    for intent in sorted(new ^ old):
        for entity, key in entities(entry.message):
            yield (entity, entry.message.platform, key, intent), (1 if intent in new else -1), at


def count(events: Iterable[tuple[Key, int, int]]) -> dict[Key, Counter]:
    """Add up changes by key."""
    counters: defaultdict[Key, Counter] = defaultdict(Counter)
    for key, delta, at in events:
        counters[key] = counters[key].plus(delta, at)
    return dict(counters)


def entities(message: Message) -> Iterator[tuple[str, str]]:
    """Yield (entity, id) for every entity that the message names."""
    for entity, key in zip(ENTITIES, (message.user_id, message.creator_id, message.room_id, message.item_id), strict=True):
        if key is not None:
            yield entity, key


def _intents(decision: Decision | None, groups: Mapping[str, frozenset[str]]) -> set[str]:
    if decision is None:
        return set()
    labels = set(decision.labels)
    return labels | {group for group, members in groups.items() if labels & members}


def _decay(gap: int, half_life: int) -> float:
    periods: float = gap / (half_life * 1_000_000)
    return 0.0 if periods > FORGOTTEN else 0.5**periods


def _sql_decay(gap: ColumnElement[int], half_life: int) -> ColumnElement[float]:
    periods = gap / literal(half_life * 1_000_000.0)
    return case((periods > FORGOTTEN, 0.0), else_=func.power(0.5, periods))


def _row(key: Key, counter: Counter) -> dict[str, str | int | float]:
    named = dict(zip(("entity", "platform", "key", "intent"), key, strict=True))
    return {**named, "count": counter.count, **dict(zip(HALF_LIVES, counter.decayed, strict=True)), "decayed_at": counter.at}
