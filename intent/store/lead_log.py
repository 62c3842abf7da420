"""The log of what changes about leads, in the order in which it became visible.

Whoever decides, takes back or handles writes a line in the same transaction, so that there is one
exactly when the change is there. A reader keeps a cursor and asks for what came behind it; nothing
is skipped, and nothing comes twice.

On PostgreSQL a transaction that began earlier may commit later, with lower numbers than those that
were read already. So each line carries the number of the transaction that wrote it, and only lines
below the oldest transaction that still runs are read: nobody can write one among them any more
(postgresql.org/docs/current/functions-info.html, pg_snapshot_xmin). A write transaction that stays
open therefore holds readers back, and loses nothing. SQLite has one writer at a time, and its
numbers are in the order of the commits.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Row,
    RowMapping,
    delete,
    literal,
    literal_column,
    select,
    text,
    tuple_,
    update,
)

from intent.model.errors import StartAgain
from intent.model.hook import HookState
from intent.model.lead import ChangeKind, LeadChange
from intent.store.identities import Identity, parts
from intent.store.schema import database_now, hooks, lead_changes
from intent.store.times import microseconds

PRUNED = "pruned"
"""Kind of the one line that stands where older ones were deleted; no reader is given it."""

PRUNED_AT_ONCE = 1_000
"""Lines that are deleted in one transaction, at most."""

_OLDEST_RUNNING = literal_column(
    "pg_snapshot_xmin(pg_current_snapshot())::text::bigint", BigInteger
)
_NEXT_WRITER = literal_column("pg_snapshot_xmax(pg_current_snapshot())::text::bigint", BigInteger)
_CURSOR = re.compile(r"([0-9a-f]{1,15})-([0-9a-f]{1,15})-([0-9a-f]{1,15})")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a reader stands: behind the line ``number`` of transaction ``writer``, written
    ``written`` microseconds after 1970; number 0 is before the first line of that transaction.
    """

    writer: int
    number: int
    written: int

    def __str__(self) -> str:
        return f"{self.writer:x}-{self.number:x}-{self.written:x}"


def log_changes(transaction: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Write lines; each has kind, platform, message_id, room_id, and revision or action."""
    if rows:
        empty = {"revision": None, "action": None}
        transaction.execute(lead_changes.insert(), [{**empty, **row} for row in rows])


def newest_cursor(connection: Connection) -> str:
    """Return the cursor behind everything that can be read now."""
    now = microseconds(connection.execute(select(database_now())).scalar_one())
    if connection.dialect.name == "postgresql":
        return str(_Place(connection.execute(select(_OLDEST_RUNNING)).scalar_one(), 0, now))
    number = _given(connection)
    line = select(lead_changes.c.created_timestamp).where(lead_changes.c.id == number)
    written = connection.execute(line).scalar_one_or_none()
    return str(_Place(0, number, now if written is None else microseconds(written)))


def read_changes(connection: Connection, cursor: str | None, count: int) -> list[LeadChange]:
    """Return the next lines behind a cursor, ``count`` at most; empty when there is nothing new.

    Args:
        connection: of a read transaction, whose view is one.
        cursor: of the last line that was read, or of :func:`newest_cursor`; None for the oldest
            line that is kept.

    Raises:
        StartAgain: the cursor is none of this database, or lines behind it are gone already.
    """
    c = lead_changes.c
    place = _Place(0, 0, 0) if cursor is None else _checked(connection, cursor)
    query = (
        select(lead_changes)
        .where(tuple_(c.writer, c.id) > tuple_(literal(place.writer), literal(place.number)))
        .where(c.kind != PRUNED, *_is_settled(connection))
        .order_by(c.writer, c.id)
        .limit(count)
    )
    return [_change(row) for row in connection.execute(query)]


def prune_changes(transaction: Connection, keep: timedelta, most: int = PRUNED_AT_ONCE) -> int:
    """Delete the oldest lines that are older than ``keep``, ``most`` of them; return how many.

    Nothing is deleted that an active hook has not read yet. Any other reader that is slower still
    is told to start again.
    """
    c = lead_changes.c
    if transaction.dialect.name == "postgresql":
        _adopt(transaction)
    limit = transaction.execute(select(database_now())).scalar_one() - keep
    oldest = (
        select(c.writer, c.id, c.created_timestamp)
        .where(c.kind != PRUNED, *_is_settled(transaction))
        .order_by(c.writer, c.id)
        .limit(most)
        .subquery()
        .c
    )
    place = tuple_(oldest.writer, oldest.id)
    read = [place <= tuple_(literal(one.writer), literal(one.number)) for one in _held(transaction)]
    old = (
        select(oldest.writer, oldest.id)
        .where(oldest.created_timestamp < limit, *read)
        .order_by(oldest.writer.desc(), oldest.id.desc())
        .limit(1)
    )
    newest = transaction.execute(old).one_or_none()
    if newest is None:
        return 0
    empty = dict.fromkeys(("platform", "message_id", "room_id", "revision", "action"))
    # First the mark: of two who prune at once, one finds that the line is one already, or gone.
    here = update(lead_changes).where(c.id == newest.id, c.kind != PRUNED)
    if not transaction.execute(here.values(kind=PRUNED, **empty)).rowcount:
        return 0
    up_to = tuple_(c.writer, c.id) <= tuple_(literal(newest.writer), literal(newest.id))
    gone = delete(lead_changes).where(up_to, c.id != newest.id)
    transaction.execute(gone.where(c.kind == PRUNED))
    return transaction.execute(gone).rowcount + 1


def _held(transaction: Connection, *, asleep: bool = False) -> list[_Place]:
    """Return where active hooks stand, or all with ``asleep``; one that stands nowhere in this log
    starts again anyway.
    """
    query = select(hooks.c.position)
    if not asleep:
        query = query.where(hooks.c.state == HookState.ACTIVE.value)
    found = []
    for position in transaction.execute(query).scalars():
        try:
            found.append(_checked(transaction, position))
        except StartAgain:
            continue
    return found


def unread_changes(connection: Connection, identities: Sequence[Identity]) -> list[dict[str, Any]]:
    """Return the lines of these messages that a hook has still to read, as :func:`log_changes`
    writes them, in their order.
    """
    places = _held(connection, asleep=True)
    if not places:
        return []
    c = lead_changes.c
    least = min(places, key=lambda one: (one.writer, one.number))
    behind = tuple_(c.writer, c.id) > tuple_(literal(least.writer), literal(least.number))
    columns = (c.kind, c.platform, c.message_id, c.room_id, c.revision, c.action)
    found: list[RowMapping] = []
    for part in parts(identities):
        mine = select(*columns, c.writer, c.id).where(
            tuple_(c.platform, c.message_id).in_(part), c.kind != PRUNED, behind
        )
        found += connection.execute(mine).mappings().all()
    found.sort(key=lambda row: (row["writer"], row["id"]))
    return [{one.name: row[one.name] for one in columns} for row in found]


def erase_changes(transaction: Connection, identities: Sequence[Identity]) -> None:
    """Delete the lines of these messages, and say that something was erased if there were any."""
    c, gone = lead_changes.c, 0
    for part in parts(identities):
        mine = delete(lead_changes).where(tuple_(c.platform, c.message_id).in_(part))
        gone += transaction.execute(mine).rowcount
    if gone:
        nobody = dict.fromkeys(("platform", "message_id", "room_id"))
        log_changes(transaction, [{"kind": ChangeKind.ERASED.value, **nobody}])


def _adopt(transaction: Connection) -> None:
    """Bring lines of another server, from which this database was restored, before our own."""
    c = lead_changes.c
    later = select(_NEXT_WRITER).scalar_subquery()
    transaction.execute(update(lead_changes).where(c.writer >= later).values(writer=0))


def _is_settled(connection: Connection) -> Sequence[ColumnElement[bool]]:
    if connection.dialect.name != "postgresql":
        return ()
    # a subquery, so that it is asked once and the index is used
    return (lead_changes.c.writer < select(_OLDEST_RUNNING).scalar_subquery(),)


def _checked(connection: Connection, cursor: str) -> _Place:
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise StartAgain("that is no cursor of this log; start again without one")
    place = _Place(*(int(part, 16) for part in found.groups()))
    if _is_foreign(connection, place):
        raise StartAgain(
            "that cursor is of another database, or of this one before it was "
            "restored; start again without one"
        )
    c = lead_changes.c
    behind = tuple_(c.writer, c.id) > tuple_(literal(place.writer), literal(place.number))
    pruned = select(c.id).where(c.kind == PRUNED, behind).limit(1)
    if connection.execute(pruned).first() is not None:
        raise StartAgain(
            "what came behind that cursor is not kept any more; start again without one"
        )
    return place


def _is_foreign(connection: Connection, place: _Place) -> bool:
    c = lead_changes.c
    line = select(c.writer, c.created_timestamp).where(c.id == place.number)
    row = connection.execute(line).one_or_none()
    if row is not None:
        return (row.writer, microseconds(row.created_timestamp)) != (place.writer, place.written)
    if connection.dialect.name == "postgresql":
        # A cursor of when nobody wrote stands before the first line of whoever writes next.
        return place.writer > connection.execute(select(_NEXT_WRITER)).scalar_one()
    return place.writer != 0 or place.number > _given(connection)


def _given(connection: Connection) -> int:
    """Return the highest number that was ever given on SQLite."""
    query = text("SELECT max(seq) FROM sqlite_sequence WHERE name = 'lead_changes'")
    return connection.execute(query).scalar_one() or 0


def _change(row: Row[Any]) -> LeadChange:
    place = _Place(row.writer, row.id, microseconds(row.created_timestamp))
    return LeadChange(
        cursor=str(place),
        kind=ChangeKind(row.kind),
        platform=row.platform or "",
        message_id=row.message_id or "",
        room_id=row.room_id or "",
        revision=row.revision,
        action=row.action,
        created_timestamp=row.created_timestamp,
    )
