"""Reads and writes which shard a database is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection, delete, false, literal, select

from intent.model.shard_map import ShardPlace
from intent.store.outcome_erasure import COMMENT_SOURCE
from intent.store.schema import (
    clicks,
    conversions,
    database_now,
    exposures,
    impressions,
    messages,
    shard_places,
)
from intent.store.turns import in_turn


def read_place(connection: Connection) -> ShardPlace | None:
    """Return which shard this database is; None where all rooms are in it."""
    row = connection.execute(select(shard_places)).one_or_none()
    return None if row is None else ShardPlace(row.number, row.members)


def write_place(transaction: Connection, place: ShardPlace) -> None:
    """Say which shard this database is, once all that put by what was said before have ended."""
    in_turn(transaction, alone=True)
    transaction.execute(delete(shard_places))
    row = {"number": place.number, "members": place.members}
    transaction.execute(shard_places.insert(), row)


def now_of(connection: Connection) -> datetime:
    """Return the database's clock."""
    return connection.execute(select(database_now())).scalar_one()


def holds_what_stays(connection: Connection) -> str | None:
    """Return the name of a table that has rows which are of no room; None for none."""
    of_room = {conversions: conversions.c.source == COMMENT_SOURCE}
    for table in (conversions, impressions, clicks, exposures):
        query = select(literal(1)).select_from(table).where(~of_room.get(table, false()))
        if connection.execute(query.limit(1)).first():
            return table.name.replace("_", " ")
    return None


def read_rooms(connection: Connection) -> list[tuple[str, str]]:
    """Return all rooms with messages, as platform and room id."""
    m = messages.c
    query = select(m.platform, m.room_id).distinct().order_by(m.platform, m.room_id)
    return [(row.platform, row.room_id) for row in connection.execute(query)]


def read_identities(connection: Connection) -> Iterator[tuple[str, str]]:
    """Yield the identities of all messages, in the order of their bytes."""
    m = messages.c
    query = select(m.platform, m.message_id)
    binary = "C" if connection.dialect.name == "postgresql" else "BINARY"
    ordered = query.order_by(m.platform.collate(binary), m.message_id.collate(binary))
    for row in connection.execute(ordered.execution_options(yield_per=5000)):
        yield row.platform, row.message_id


def holds_message(connection: Connection, platform: str, message_id: str) -> bool:
    """Say whether a message is in this database."""
    m = messages.c
    query = select(m.platform).where(m.platform == platform, m.message_id == message_id)
    return connection.execute(query).first() is not None
