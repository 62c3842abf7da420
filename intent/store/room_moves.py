"""Notes which rooms are on their way between shards, and holds back what comes for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select

from intent.model.batch import Batch
from intent.model.errors import StoreUnavailable
from intent.store.schema import awaited_rooms, leaving_rooms

Room = tuple[str, str]
"""Platform and room id."""


@dataclass(frozen=True, slots=True)
class RoomMove:
    """A room that is in one shard and belongs to another; numbers from 1."""

    platform: str
    room_id: str
    source: int
    target: int

    @property
    def room(self) -> Room:
        """Platform and room id."""
        return self.platform, self.room_id


def note_leaving(transaction: Connection, moves: Sequence[RoomMove]) -> None:
    """Note what leaves this shard."""
    for one in moves:
        row = {"platform": one.platform, "room_id": one.room_id, "target": one.target}
        transaction.execute(leaving_rooms.insert(), row)


def note_awaited(transaction: Connection, moves: Sequence[RoomMove]) -> None:
    """Note what this shard waits for."""
    for one in moves:
        row = {"platform": one.platform, "room_id": one.room_id, "source": one.source}
        transaction.execute(awaited_rooms.insert(), row)


def read_leaving(connection: Connection, source: int) -> list[RoomMove]:
    """Return what leaves a shard, in one order."""
    c = leaving_rooms.c
    query = select(leaving_rooms).order_by(c.platform, c.room_id)
    rows = connection.execute(query)
    return [RoomMove(row.platform, row.room_id, source, row.target) for row in rows]


def is_awaited(connection: Connection, room: Room) -> bool:
    """Say whether a room has not come yet."""
    c = awaited_rooms.c
    query = select(c.source).where(c.platform == room[0], c.room_id == room[1])
    return connection.execute(query).first() is not None


def has_come(transaction: Connection, room: Room) -> None:
    """Note that a room is here: from the end of this transaction on."""
    c = awaited_rooms.c
    transaction.execute(delete(awaited_rooms).where(c.platform == room[0], c.room_id == room[1]))


def has_left(transaction: Connection, room: Room) -> None:
    """Note that nothing of a room is here any more."""
    c = leaving_rooms.c
    transaction.execute(delete(leaving_rooms).where(c.platform == room[0], c.room_id == room[1]))


def require_here(transaction: Connection, batches: Sequence[Batch]) -> None:
    """Do nothing if no room of these batches is on its way.

    Raises:
        StoreUnavailable: one is, and what comes for it waits until it is here.
    """
    c = awaited_rooms.c
    rows = transaction.execute(select(c.platform, c.room_id))
    awaited = {(row.platform, row.room_id) for row in rows}
    for batch in batches:
        named = {(one.platform, one.room_id) for one in batch.messages}
        named |= {(one.platform, one.room_id) for one in batch.retractions}
        named |= {(one.platform, one.room_id) for one in batch.gaps}
        if named & awaited:
            raise StoreUnavailable(
                "a room is on its way from another shard; if it does not come, run: intent shards "
                "add"
            )
