"""Looks at the inboxes of several shards as at one: what waits in all of them, and what has changed
since one looked.

A cursor of all is the cursors of each, in the order of the shards; that of a shard that was away is
empty, and whoever comes with it once the shard is back reads everything anew.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TypeVar

from intent.model.errors import StartAgain
from intent.model.lead import LeadChange
from intent.operations.lead_inbox import ROOMS, InboxView, RoomOfLeads, look_in
from intent.store.engine import Database
from intent.store.followed_leads import FollowedLeads, InboxNews
from intent.store.lead_shelf import (
    ShelfCounts,
    ShelfFilter,
    ShelvedLead,
    count_waiting_leads,
    read_waiting,
)

T = TypeVar("T")

BETWEEN = "~"
"""Stands between the cursors of shards; none of them holds it."""


@dataclass(frozen=True, slots=True)
class ShardInbox:
    """The inbox of one shard: what is looked at, and since when each lead of it waits."""

    view: InboxView
    waiting: Sequence[tuple[datetime, bool]]


def look_at_shard(
    database: Database, asked: ShelfFilter, *, behind: str = "", limit: int
) -> ShardInbox:
    """Return the part of one shard, in one consistent view; see :func:`look_at_inbox`."""
    with database.read() as connection:
        view = look_in(connection, asked, behind=behind, limit=limit)
        return ShardInbox(view, read_waiting(connection, asked.room))


def inbox_of(found: Mapping[int, ShardInbox], members: int, *, limit: int) -> InboxView:
    """Return the inboxes of shards as one.

    Args:
        found: by number of the shard, those that answered.
        members: how many shards there are.
        limit: leads that are shown, at most.
    """
    views = {number: one.view for number, one in found.items()}
    together = heapq.merge(*(one.leads for one in views.values()), key=in_inbox, reverse=True)
    shown = list(islice(together, limit + 1))
    more = len(shown) > limit or any(one.older for one in views.values())
    shown = shown[:limit]
    away = [number for number in range(1, members + 1) if number not in found]
    waiting = [one for part in found.values() for one in part.waiting]
    return InboxView(
        leads=tuple(shown),
        older=shown[-1].place if more and shown else "",
        counts=count_waiting_leads(waiting, away),
        rooms=_rooms([room for one in views.values() for room in one.rooms]),
        cursor=_joined({number: one.cursor for number, one in views.items()}, members),
    )


def in_inbox(lead: ShelvedLead) -> tuple[object, ...]:
    """Return what the inbox is sorted by, the greatest first."""
    return lead.attention, lead.event_timestamp, lead.platform, lead.message_id


class FollowedShards:
    """The logs and shelves of shards; what :class:`FollowedLeads` is of one database."""

    def __init__(self, views: Mapping[int, FollowedLeads], members: int) -> None:
        """Prepare to read.

        Args:
            views: by number of the shard, those that answer; one at least.
            members: how many shards there are.
        """
        self._views, self._members = views, members
        self._news: dict[tuple[str, ShelfFilter], InboxNews] = {}

    @property
    def is_whole(self) -> bool:
        """Whether no shard is away."""
        return len(self._views) == self._members

    def changes(self, cursor: str) -> Sequence[LeadChange]:
        """Return the next changes behind a cursor, of each shard so many as one database gives.

        Raises:
            StartAgain: the cursor leads nowhere any more, or a shard has come back that it does not
                know; look at the inbox again.
        """
        places = self._places(cursor)
        found = self._each(lambda number, view: view.changes(places[number]))
        return [change for changes in found.values() for change in changes]

    def news(self, cursor: str, asked: ShelfFilter) -> InboxNews:
        """Return what these changes are to who asks for some leads.

        Raises:
            StartAgain: as :meth:`changes`.
        """
        if (cursor, asked) not in self._news:
            places = self._places(cursor)
            found = self._each(lambda number, view: view.news(places[number], asked))
            stand = {number: one.cursor for number, one in found.items()}
            self._news[cursor, asked] = InboxNews(
                leads=tuple(lead for one in found.values() for lead in one.leads),
                gone=tuple(gone for one in found.values() for gone in one.gone),
                erased=any(one.erased for one in found.values()),
                cursor=_joined(places | stand, self._members),
            )
        return self._news[cursor, asked]

    def counts(self, room: str = "") -> ShelfCounts:
        """Return what waits, in all rooms or in one."""
        found = self._each(lambda _, view: view.waiting(room))
        away = [number for number in range(1, self._members + 1) if number not in found]
        return count_waiting_leads([one for waits in found.values() for one in waits], away)

    def now(self) -> datetime:
        """Return the time, clock of the first database that answers."""
        return next(iter(self._views.values())).now()

    def _places(self, cursor: str) -> dict[int, str]:
        parts = cursor.split(BETWEEN)
        if len(parts) != self._members:
            raise StartAgain("that is no cursor of these shards; start again without one")
        places = dict(enumerate(parts, 1))
        if any(not places[number] for number in self._views):
            raise StartAgain("a shard is back that was away; start again without a cursor")
        return places

    def _each(self, read: Callable[[int, FollowedLeads], T]) -> dict[int, T]:
        return {number: read(number, view) for number, view in self._views.items()}


def _joined(cursors: Mapping[int, str], members: int) -> str:
    return BETWEEN.join(cursors.get(number, "") for number in range(1, members + 1))


def _rooms(found: Sequence[RoomOfLeads]) -> tuple[RoomOfLeads, ...]:
    """Return rooms of all shards; an id that several platforms use is one room, as in one shard."""
    rooms: dict[str, RoomOfLeads] = {}
    for one in found:
        if (other := rooms.get(one.room_id)) is not None:
            counts = (one.leads + other.leads, one.unanswered + other.unanswered)
            one = RoomOfLeads(one.room_id, *counts, max(one.newest, other.newest))
        rooms[one.room_id] = one
    ordered = sorted(rooms.values(), key=lambda room: room.room_id)
    ordered.sort(key=lambda room: room.newest, reverse=True)
    return tuple(ordered[:ROOMS])
