"""Looks at the inbox of leads: what waits, and what has changed since one looked."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from intent.model.errors import WrongUse
from intent.model.lead import LeadState, read_lead_id
from intent.ports.ingestion import Transaction
from intent.store.engine import Database
from intent.store.followed_leads import FollowedLeads
from intent.store.lead_actions import DoneWithLead, read_actions
from intent.store.lead_log import newest_cursor
from intent.store.lead_shelf import (
    ShelfCounts,
    ShelfFilter,
    ShelvedLead,
    count_shelf,
    read_lead_rooms,
    read_shelf,
    read_shelved,
)

ROOMS = 200
"""Rooms that are listed."""

AT_ONCE = 200
"""Leads that are read at once."""


@dataclass(frozen=True, slots=True)
class RoomOfLeads:
    """A room with leads: how many, how many of them nobody answered, when the newest was said."""

    room_id: str
    leads: int
    unanswered: int
    newest: datetime


@dataclass(frozen=True, slots=True)
class InboxView:
    """The inbox at one instant.

    Attributes:
        leads: hot and unanswered ones first.
        older: stands for what comes behind them; empty where nothing does.
        cursor: of the log of changes: what comes behind it is not seen here.
    """

    leads: tuple[ShelvedLead, ...]
    older: str
    counts: ShelfCounts
    rooms: tuple[RoomOfLeads, ...]
    cursor: str


def look_at_inbox(
    database: Database, asked: ShelfFilter, *, behind: str = "", limit: int = 40
) -> InboxView:
    """Return the inbox in one consistent view.

    Args:
        behind: the ``older`` of the page before.

    Raises:
        WrongUse: ``behind`` is no place in the inbox.
    """
    with database.read() as connection:
        return look_in(connection, asked, behind=behind, limit=limit)


def look_in(
    connection: Transaction, asked: ShelfFilter, *, behind: str = "", limit: int
) -> InboxView:
    """Return the inbox as somebody's transaction sees it."""
    cursor = newest_cursor(connection)
    found = read_shelf(connection, asked, behind=behind, limit=limit + 1)
    shown = found[:limit]
    return InboxView(
        leads=tuple(shown),
        older=shown[-1].place if len(found) > limit else "",
        counts=count_shelf(connection, asked.room),
        rooms=tuple(RoomOfLeads(*row) for row in read_lead_rooms(connection, ROOMS)),
        cursor=cursor,
    )


def walk_inbox(
    database: Database, asked: ShelfFilter, *, behind: str = "", limit: int | None = None
) -> Iterator[ShelvedLead]:
    """Yield what is asked for in the order of the inbox, a part at a time: each part is read for
    itself, so nobody is held up by who reads slowly.

    Args:
        behind: the place of the last one that was seen.
        limit: at most so many.

    Raises:
        WrongUse: ``behind`` is no place in the inbox.
    """
    left = sys.maxsize if limit is None else limit
    while left:
        count = min(AT_ONCE, left)
        with database.read() as connection:
            part = read_shelf(connection, asked, behind=behind, limit=count)
        yield from part
        if len(part) < count:
            return
        left -= count
        behind = part[-1].place


def look_at_lead(database: Database, lead: str) -> ShelvedLead | None:
    """Return one lead by its id, also one that somebody said to be none; None where there is none,
    or it is one no more for another reason.
    """
    try:
        identity = read_lead_id(lead)
    except WrongUse:
        return None
    with database.read() as connection:
        for asked in (ShelfFilter(), ShelfFilter(state=LeadState.NOT_A_LEAD.value)):
            if found := read_shelved(connection, [identity], asked):
                return found[0]
    return None


def look_at_history(database: Database, lead: ShelvedLead) -> list[DoneWithLead]:
    """Return what was done with a lead, the oldest first."""
    with database.read() as connection:
        return read_actions(connection, lead.platform, lead.message_id)


@contextmanager
def follow_inbox(database: Database) -> Iterator[FollowedLeads]:
    """Yield one view of what changed, for everybody who follows the inbox.

    Raises:
        StoreUnavailable: the database is away.
    """
    with database.read() as connection:
        yield FollowedLeads(connection)
