"""Where sources stand, and the stretches in which they were blind."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, func, select

from intent.model.batch import Gap, Position
from intent.store.engine import Database, insert_for
from intent.store.schema import database_now, positions, source_gaps


class SqlPositions:
    """Positions and gaps in SQL, as the inbox stored them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def position(self, source: str) -> Position | None:
        """Return where a source stood after the last batch that was put; None if it never did."""
        query = select(positions.c.token).where(positions.c.source == source)
        with self._database.read() as connection:
            token = connection.execute(query).scalar_one_or_none()
        return None if token is None else Position(source, token)

    def gaps(self) -> list[Gap]:
        """Return all stretches in which a source was blind, oldest first."""
        g = source_gaps.c
        query = select(source_gaps).order_by(g.since, g.platform, g.room_id)
        with self._database.read() as connection:
            return [Gap(**row) for row in connection.execute(query).mappings()]


def record_position(transaction: Connection, position: Position) -> None:
    """Store where a source stands, instead of where it stood."""
    statement = insert_for(transaction, positions)
    renewed = statement.on_conflict_do_update(
        index_elements=["source"],
        set_={"token": statement.excluded.token, "stored_timestamp": database_now()},
    )
    transaction.execute(renewed, {"source": position.source, "token": position.token})


def record_gaps(transaction: Connection, gaps: Sequence[Gap]) -> None:
    """Store gaps; one that is known is closed, and never opened again."""
    if not gaps:
        return
    statement = insert_for(transaction, source_gaps)
    new, old = statement.excluded, source_gaps.c
    closed = statement.on_conflict_do_update(
        index_elements=["platform", "room_id", "since"],
        set_={
            "until": func.coalesce(new.until, old.until),
            "reason": new.reason,
            "source": func.coalesce(new.source, old.source),
        },
    )
    rows = [
        {
            "platform": gap.platform,
            "room_id": gap.room_id,
            "since": gap.since,
            "until": gap.until,
            "reason": gap.reason,
            "source": gap.source,
        }
        for gap in gaps
    ]
    transaction.execute(closed, rows)
