"""Counts what an operator looks at: what waits, what is decided, what is dead."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, func, select

from intent.store.engine import Database
from intent.store.schema import (
    ask_lane,
    database_now,
    dead_letters,
    decisions,
    inbox,
    messages,
    positions,
    source_gaps,
)

LOOKED_AT = 60_000
"""Newest decisions among which those of the last minute are counted; more are shown as so many."""

MOST_REASONS = 10


@dataclass(frozen=True, slots=True)
class Overview:
    """Counts as of ``now``, the database's clock.

    Attributes:
        waiting: messages without a decision, those being decided included.
        waiting_since: when the oldest of them was accepted.
        decided_last_minute: decisions stored in the last 60 seconds, at most :data:`LOOKED_AT`.
        last_decided: when the newest decision was stored.
        dead: dead letters by reason, the most frequent first, at most :data:`MOST_REASONS`.
        dead_total: all dead letters.
        asking: questions that are open.
        asking_since: when the oldest of them was put.
        sources: seconds since each source last stored where it stands.
        blind: rooms in which a source sees nothing right now.
    """

    now: datetime
    waiting: int
    waiting_since: datetime | None
    decided_last_minute: int
    last_decided: datetime | None
    dead: dict[str, int]
    dead_total: int
    asking: int
    asking_since: datetime | None
    sources: dict[str, float]
    blind: int


def read_overview(database: Database) -> Overview:
    """Count, in one consistent view.

    Raises:
        StoreUnavailable: the database is away.
    """
    with database.read() as connection:
        now = connection.execute(select(database_now())).scalar_one()
        recent = (
            select(decisions.c.created_timestamp)
            .order_by(decisions.c.id.desc())
            .limit(LOOKED_AT)
            .subquery()
        )
        last_minute = select(func.count()).where(
            recent.c.created_timestamp > now - timedelta(seconds=60)
        )
        newest = select(decisions.c.created_timestamp).order_by(decisions.c.id.desc()).limit(1)
        reasons = (
            select(dead_letters.c.reason, func.count().label("letters"))
            .group_by(dead_letters.c.reason)
            .order_by(func.count().desc(), dead_letters.c.reason)
            .limit(MOST_REASONS)
        )
        return Overview(
            now=now,
            waiting=_count(connection, inbox),
            waiting_since=waiting_since(connection),
            decided_last_minute=connection.execute(last_minute).scalar_one(),
            last_decided=connection.execute(newest).scalar_one_or_none(),
            dead={row.reason: row.letters for row in connection.execute(reasons)},
            dead_total=_count(connection, dead_letters),
            asking=_count(connection, ask_lane),
            asking_since=connection.execute(
                select(func.min(ask_lane.c.wanted_timestamp))
            ).scalar_one_or_none(),
            sources={
                row.source: max((now - row.stored_timestamp).total_seconds(), 0.0)
                for row in connection.execute(select(positions).order_by(positions.c.source))
            },
            blind=connection.execute(
                select(func.count()).where(source_gaps.c.until.is_(None))
            ).scalar_one(),
        )


def _count(connection: Connection, table: object) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar_one()  # type: ignore[arg-type]


def waiting_since(connection: Connection) -> datetime | None:
    """Return when the message that has waited longest was accepted; None if none waits."""
    # Numbers are given in the order of arrival: the smallest has waited longest.
    of_message = and_(
        messages.c.platform == inbox.c.platform, messages.c.message_id == inbox.c.message_id
    )
    oldest = (
        select(messages.c.accepted_timestamp)
        .join_from(inbox, messages, of_message)
        .order_by(inbox.c.id)
        .limit(1)
    )
    return connection.execute(oldest).scalar_one_or_none()
