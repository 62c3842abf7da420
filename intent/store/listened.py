"""What is known of the sources that are listened to, in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import RowMapping, func, or_, select

from intent.model.batch import Gap
from intent.model.listening import ListenedSource, SourceNews, SourceState
from intent.store.engine import Database, insert_for
from intent.store.schema import database_now, listened_sources, positions, source_gaps

COUNTS = ("messages", "dropped", "reconnects")
NEWEST = ("last_arrival", "last_sent", "last_error", "error_timestamp")
"""What stays as it is where nothing newer is told."""


class SqlListenedSources:
    """Remembers what processes tell of the sources that they listen to."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def tell(self, news: Sequence[SourceNews]) -> None:
        """Store the news of sources, all of them or none.

        Raises:
            StoreUnavailable: the database is away; what was not stored is told again.
        """
        if not news:
            return
        with self._database.begin() as transaction:
            statement = insert_for(transaction, listened_sources)
            new, old = statement.excluded, listened_sources.c
            renewed = statement.on_conflict_do_update(
                index_elements=["source"],
                set_={
                    "scheme": new.scheme,
                    "state": new.state,
                    "seen_timestamp": database_now(),
                    **{name: old[name] + new[name] for name in COUNTS},
                    **{name: func.coalesce(new[name], old[name]) for name in NEWEST},
                },
            )
            # In one order, so that two processes never wait for each other.
            ordered = sorted(news, key=lambda one: one.source)
            transaction.execute(renewed, [_row(one) for one in ordered])


@dataclass(frozen=True, slots=True)
class SourceRecords:
    """All that is stored of sources, by name, in one consistent view.

    Attributes:
        now: the database's clock.
        positions: (token, when it was stored).
        gaps: (all, those that last).
        recent: the gaps that reach into the window that was asked for.
    """

    now: datetime
    listened: dict[str, ListenedSource]
    positions: dict[str, tuple[str, datetime]]
    gaps: dict[str, tuple[int, int]]
    recent: list[Gap]


def read_source_records(database: Database, window: timedelta) -> SourceRecords:
    """Return all that is stored of sources.

    Raises:
        StoreUnavailable: the database is away.
    """
    g, p = source_gaps.c, positions.c
    counted = select(g.source, func.count(), func.count() - func.count(g.until)).group_by(g.source)
    with database.read() as connection:
        now = connection.execute(select(database_now())).scalar_one()
        listened = connection.execute(select(listened_sources)).mappings().all()
        stood = connection.execute(select(p.source, p.token, p.stored_timestamp)).all()
        gaps = connection.execute(counted.where(g.source.is_not(None))).all()
        reaching = select(source_gaps).where(
            g.source.is_not(None), or_(g.until.is_(None), g.until > now - window)
        )
        recent = [Gap(**row) for row in connection.execute(reaching).mappings()]
    return SourceRecords(
        now=now,
        listened={row["source"]: _listened(row) for row in listened},
        positions={source: (token, at) for source, token, at in stood},
        gaps={source: (whole, open_) for source, whole, open_ in gaps},
        recent=recent,
    )


def read_newest_gaps(database: Database, limit: int) -> list[Gap]:
    """Return stretches in which a source saw nothing: those that last, then the newest.

    Raises:
        StoreUnavailable: the database is away.
    """
    g = source_gaps.c
    order = (g.until.is_not(None), g.since.desc(), g.platform, g.room_id)
    with database.read() as connection:
        query = select(source_gaps).order_by(*order).limit(limit)
        return [Gap(**row) for row in connection.execute(query).mappings()]


def _row(news: SourceNews) -> dict[str, object]:
    return {
        "source": news.source,
        "scheme": news.scheme,
        "state": news.state.value,
        "messages": news.messages,
        "dropped": news.dropped,
        "reconnects": news.reconnects,
        "last_arrival": news.arrived,
        "last_sent": news.sent,
        "last_error": news.error,
        "error_timestamp": news.error_at,
    }


def _listened(row: RowMapping) -> ListenedSource:
    return ListenedSource(
        source=row["source"],
        scheme=row["scheme"],
        state=SourceState(row["state"]),
        first_at=row["first_timestamp"],
        seen_at=row["seen_timestamp"],
        messages=row["messages"],
        dropped=row["dropped"],
        reconnects=row["reconnects"],
        arrived=row["last_arrival"],
        sent=row["last_sent"],
        error=row["last_error"],
        error_at=row["error_timestamp"],
    )
