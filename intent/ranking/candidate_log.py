"""Reads what candidates are made of: who watched whom, what was asked, and which rooms are live."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray

from intent.features.offline.history import MARGIN
from intent.ranking.impression_log import opened_log, quoted
from intent.ranking.room_candidates import NOTHING_ASKED, AskedLeads, LiveRooms
from intent.store.times import microseconds

REMEMBERED = 30 * 86_400 * 1_000_000
"""Microseconds after which what somebody asked for is forgotten."""

_WATCHED = """
SELECT c.user_id, i.creator_id FROM clicks c
JOIN impressions i ON i.request_id = c.request_id AND i.platform = c.platform
  AND i.user_id = c.user_id AND i.room_id = c.room_id
WHERE epoch_us(c.created_timestamp) < {known} AND i.creator_id IS NOT NULL
ORDER BY c.clicked_at, c.user_id, c.room_id
"""

_ROOMS = """
SELECT room_id, any_value(creator_id) AS creator_id,
  epoch_us(min(served_at)) AS first, epoch_us(max(served_at)) AS last
FROM impressions WHERE creator_id IS NOT NULL GROUP BY room_id ORDER BY first, room_id
"""

_ASKED = """
SELECT user_id, creator_id, event, min(known) AS known FROM read_parquet('{facts}')
WHERE (mask & {lead}) <> 0 AND user_id IS NOT NULL AND creator_id IS NOT NULL
GROUP BY user_id, creator_id, event, message_id ORDER BY user_id, event
"""


@dataclass(frozen=True)
class RoomSpans:
    """Rooms and when they were shown, first and last, in microseconds."""

    rooms: list[str]
    creators: list[str]
    first: NDArray[np.int64]
    last: NDArray[np.int64]

    def live(self, at: int) -> LiveRooms:
        """Return the rooms that are live at an instant."""
        there = np.flatnonzero((self.first <= at) & (at <= self.last)).tolist()
        return LiveRooms([self.rooms[n] for n in there], [self.creators[n] for n in there])


class AskedLog:
    """Who asked whom for something, and when that was known."""

    def __init__(self, users: list[str], creators: list[str], event: list[int], known: list[int]):
        self._of: dict[str, list[tuple[int, int, str]]] = defaultdict(list)
        for user, creator, at, since in zip(users, creators, event, known, strict=True):
            self._of[user].append((at, since, creator))

    def before(self, user_id: str, at: int) -> AskedLeads:
        """Return what somebody had asked for by an instant, as it was known then."""
        held = self._of.get(user_id, [])
        held = held[bisect_left(held, (at - REMEMBERED,)) : bisect_left(held, (at,))]
        seen = [(creator, at - said) for said, since, creator in held if since + MARGIN < at]
        if not seen:
            return NOTHING_ASKED
        return AskedLeads([one for one, _ in seen], np.array([ago for _, ago in seen]))


def read_watched(log: Path, known: datetime) -> tuple[list[str], list[str]]:
    """Return viewer and creator of every click that was known before an instant."""
    with opened_log(log) as connection:
        found = connection.execute(_WATCHED.format(known=microseconds(known))).fetchall()
    return [user for user, _ in found], [creator for _, creator in found]


def read_rooms(log: Path) -> RoomSpans:
    """Return the rooms that were ever shown; where a platform says when rooms begin and end, that
    is better.
    """
    with opened_log(log) as connection:
        found = connection.execute(_ROOMS).fetchall()
    rooms, creators, first, last = (list(column) for column in zip(*found, strict=True))
    return RoomSpans(rooms, creators, np.array(first), np.array(last))


def read_asked(facts: Path, lead_bit: int) -> AskedLog:
    """Return what was asked for, from exported facts.

    Args:
        lead_bit: the bit of the group of lead intents in their mask.
    """
    pattern = f"{quoted(facts)}/date=*/*.parquet"
    with duckdb.connect() as connection:
        found = connection.execute(_ASKED.format(facts=pattern, lead=lead_bit)).fetchall()
    columns = [list(column) for column in zip(*found, strict=True)] or [[], [], [], []]
    return AskedLog(*columns)
