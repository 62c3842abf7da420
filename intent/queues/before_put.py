"""What every put asks first, in one query."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, exists, func, select, text

from intent.store.schema import (
    FRESH,
    awaited_rooms,
    database_now,
    inbox,
    retractions,
    shard_places,
    tombstones,
)


@dataclass(frozen=True, slots=True)
class BeforePut:
    """What a put knows before it stores anything; where nobody was erased and nothing was taken
    back, and that is most databases, it need not ask further.

    Attributes:
        erased: whether anybody was erased so far.
        taken_back: whether anything was taken back so far.
        now: the database's clock.
        first_round: the first round of what waits to be lent; None where nothing does.
        members: of how many shards this database is one; 0 where all rooms are in it.
        awaits: whether rooms are on their way to it.
    """

    erased: bool
    taken_back: bool
    now: datetime
    first_round: int | None
    members: int
    awaits: bool


def before_put(transaction: Connection) -> BeforePut:
    """Ask what every put asks first."""
    erased, taken_back, now, first, members, awaits = transaction.execute(_query()).one()
    return BeforePut(bool(erased), bool(taken_back), now, first, members, bool(awaits))


@cache
def _query() -> Select[Any]:
    """Return the query, which is made once."""
    first = select(func.min(inbox.c.round_number)).where(text(FRESH)).scalar_subquery()
    return select(
        exists(select(tombstones.c.key)),
        exists(select(retractions.c.platform)),
        database_now(),
        first,
        func.coalesce(select(shard_places.c.members).scalar_subquery(), 0),
        exists(select(awaited_rooms.c.source)),
    )
