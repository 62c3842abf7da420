"""Reads outcomes as they were known on a day: of every conversion the revisions known then."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby

from sqlalchemy import Connection, Select, and_, select

from intent.model.outcomes import Conversion, ConversionEvent, ConversionLink, LinkMethod
from intent.outcomes.conversion_rows import standing
from intent.store.conversion_revisions import event_from
from intent.store.identities import parts
from intent.store.schema import conversion_links, conversions, database_now, messages

AT_ONCE = 5_000
"""Rows that are fetched at once."""


def read_conversions(
    connection: Connection, *, as_of: datetime | None = None, source: str | None = None
) -> Iterator[Conversion]:
    """Yield all conversions in the order of their ids, each as it stood at ``as_of`` (now if not
    given): the last revision known then. What was not known then is left out.
    """
    query = _known(as_of)
    if source is not None:
        query = query.where(conversions.c.source == source)
    yield from _standing(connection, query)


def read_conversion(
    connection: Connection, conversion_id: str, *, as_of: datetime | None = None
) -> Conversion | None:
    """Return one conversion as it stood; None where it was not known, or never placed."""
    query = _known(as_of).where(conversions.c.conversion_id == conversion_id)
    return next(_standing(connection, query), None)


def read_chosen(
    connection: Connection, conversion_ids: Sequence[str], *, as_of: datetime | None = None
) -> dict[str, Conversion]:
    """Return these conversions as they stood, by id."""
    found: dict[str, Conversion] = {}
    for some in parts(conversion_ids):
        query = _known(as_of).where(conversions.c.conversion_id.in_(some))
        found.update({one.conversion_id: one for one in _standing(connection, query)})
    return found


def read_revisions(
    connection: Connection, conversion_id: str
) -> list[tuple[int, datetime, ConversionEvent]]:
    """Return what was said of a conversion: number, when we knew, and what was said."""
    query = _known(None).where(conversions.c.conversion_id == conversion_id)
    return [
        (row["revision"], row["created_timestamp"], event_from(row))
        for row in connection.execute(query).mappings()
    ]


def read_links(
    connection: Connection,
    *,
    as_of: datetime | None = None,
    run: str | None = None,
    conversion_id: str | None = None,
) -> Iterator[ConversionLink]:
    """Yield links in one order, as known at ``as_of`` (now if not given)."""
    k = conversion_links.c
    query = select(conversion_links).order_by(
        k.conversion_id, k.platform, k.message_id, k.method, k.run
    )
    if as_of is not None:
        query = query.where(k.created_timestamp <= as_of)
    if run is not None:
        query = query.where(k.run == run)
    if conversion_id is not None:
        query = query.where(k.conversion_id == conversion_id)
    for row in connection.execute(query.execution_options(yield_per=AT_ONCE)).mappings():
        yield ConversionLink(
            row["conversion_id"],
            row["platform"],
            row["message_id"],
            LinkMethod(row["method"]),
            row["confidence"],
            row["window_seconds"],
            row["run"],
        )


def read_linked_keys(
    shards: Sequence[Connection], as_of: datetime, run: str = "production"
) -> dict[str, dict[str, str]]:
    """Return platform, user, room and creator of the last message before each conversion that a run
    has linked by then, by conversion_id, over all shards.
    """
    k, m = conversion_links.c, messages.c
    query = (
        select(k.conversion_id, m.platform, m.user_id, m.room_id, m.creator_id)
        .add_columns(m.sent_at, m.message_id)
        .join_from(
            conversion_links,
            messages,
            and_(m.platform == k.platform, m.message_id == k.message_id),
        )
        .where(k.run.in_((run, "by_hand")), k.created_timestamp <= as_of)
        .order_by(k.conversion_id, m.sent_at, m.message_id)
    )
    found: dict[str, dict[str, str]] = {}
    rows = [row for one in shards for row in one.execute(query).mappings()]
    if len(shards) > 1:
        rows.sort(key=lambda row: (row["sent_at"], row["message_id"]))
    for row in rows:
        names = ("platform", "user_id", "room_id", "creator_id")
        found[row["conversion_id"]] = {one: row[one] for one in names if row[one] is not None}
    return found


def read_clock(connection: Connection) -> datetime:
    """Return the instant that the database believes it is."""
    now: datetime = connection.execute(select(database_now())).scalar_one()
    return now


def _known(as_of: datetime | None) -> Select[tuple[object, ...]]:
    c = conversions.c
    query = select(conversions).order_by(c.conversion_id, c.revision)
    return query if as_of is None else query.where(c.created_timestamp <= as_of)


def _standing(connection: Connection, query: Select[tuple[object, ...]]) -> Iterator[Conversion]:
    rows = connection.execute(query.execution_options(yield_per=AT_ONCE)).mappings()
    for _, revisions in groupby(rows, key=lambda row: row["conversion_id"]):
        if (found := standing(list(revisions))) is not None:
            yield found
