"""Recomputes the feature state from decisions, and compares."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select

from intent.features.state import HALF_LIVES, Counter, changes, count
from intent.message import Kind, Message
from intent.ports import Entry
from intent.store.decisions import current_decisions
from intent.store.rows import decision_from
from intent.store.schema import feature_counters

TOLERANCE = 1e-9
"""Relative and absolute; decayed counts are sums of floats, and their last digits depend on the order of events."""


@dataclass(frozen=True, slots=True)
class StateCheck:
    """How the stored state compares with a recomputation: numbers of counters."""

    recomputed: int
    mismatched: int
    missing: int
    extra: int

    @property
    def holds(self) -> bool:
        """Whether both are equal."""
        return not (self.mismatched or self.missing or self.extra)


def check_state(connection: Connection, groups: Mapping[str, frozenset[str]]) -> StateCheck:
    """Recompute all counters from current decisions, in the reader's one consistent view. Needs memory for one counter a key."""
    expected = count(change for entry in _entries(connection) for change in changes(entry, groups))
    recomputed, mismatched, extra = len(expected), 0, 0
    for row in connection.execution_options(yield_per=5000).execute(select(feature_counters)):
        stored = Counter(row._mapping["count"], tuple(getattr(row, column) for column in HALF_LIVES), row.decayed_at)
        computed = expected.pop((row.entity, row.platform, row.key, row.intent), None)
        if computed is None:
            extra += not _same(stored, Counter())
        else:
            mismatched += not _same(stored, computed)
    return StateCheck(recomputed, mismatched, missing=len(expected), extra=extra)


def _same(one: Counter, other: Counter) -> bool:
    at = max(one.at, other.at)
    pairs = zip(one.seen_at(at).decayed, other.seen_at(at).decayed, strict=True)
    return one.count == other.count and all(math.isclose(a, b, rel_tol=TOLERANCE, abs_tol=TOLERANCE) for a, b in pairs)


def _entries(connection: Connection) -> Iterator[Entry]:
    for row in connection.execution_options(yield_per=5000).execute(select(current_decisions)).mappings():
        message = Message.model_construct(
            platform=row["platform"],
            room_id=row["room_id"],
            message_id=row["message_id"],
            user_id=row["user_id"],
            kind=Kind.COMMENT,
            text="",
            sent_at=row["event_timestamp"],
            creator_id=row["creator_id"],
            item_id=row["item_id"],
        )
        yield Entry(message, decision_from(row), row["revision"], row["run"])
