"""Reads what changed about leads for many who follow them: in one consistent view, everything
once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from intent.model.lead import LeadChange
from intent.store.lead_log import read_changes
from intent.store.lead_shelf import (
    ShelfCounts,
    ShelfFilter,
    ShelvedLead,
    count_shelf,
    read_shelved,
    read_waiting,
)
from intent.store.schema import database_now

CHANGES_AT_ONCE = 200
"""Changes that are read at once."""


@dataclass(frozen=True, slots=True)
class InboxNews:
    """What has changed behind a cursor, as it stands now.

    Attributes:
        leads: changed leads that are among those asked for, the last changed last.
        gone: ids of changed leads that are not, or are none any more.
        erased: something was erased, nobody says what: all is to be read anew.
        cursor: behind all of it.
    """

    leads: tuple[ShelvedLead, ...]
    gone: tuple[str, ...]
    erased: bool
    cursor: str


class FollowedLeads:
    """The log and the shelf as they are at one instant; what several ask for is read once.

    Attributes:
        is_whole: nothing is left out.
    """

    is_whole = True

    def __init__(self, connection: Connection) -> None:
        """Read nothing yet."""
        self._connection = connection
        self._changes: dict[str, Sequence[LeadChange]] = {}
        self._news: dict[tuple[str, ShelfFilter], InboxNews] = {}
        self._counts: dict[str, ShelfCounts] = {}
        self._waiting: dict[str, Sequence[tuple[datetime, bool]]] = {}

    def changes(self, cursor: str) -> Sequence[LeadChange]:
        """Return the next changes behind a cursor, :data:`CHANGES_AT_ONCE` at most.

        Raises:
            StartAgain: the cursor leads nowhere any more; look at the inbox again.
        """
        if cursor not in self._changes:
            self._changes[cursor] = read_changes(self._connection, cursor, CHANGES_AT_ONCE)
        return self._changes[cursor]

    def news(self, cursor: str, asked: ShelfFilter) -> InboxNews:
        """Return what these changes are to who asks for some leads.

        Raises:
            StartAgain: the cursor leads nowhere any more.
        """
        if (cursor, asked) not in self._news:
            self._news[cursor, asked] = self._read(cursor, asked)
        return self._news[cursor, asked]

    def counts(self, room: str = "") -> ShelfCounts:
        """Return what waits, in all rooms or in one."""
        if room not in self._counts:
            self._counts[room] = count_shelf(self._connection, room)
        return self._counts[room]

    def waiting(self, room: str = "") -> Sequence[tuple[datetime, bool]]:
        """Return since when each lead waits, and whether it is hot, in all rooms or in one."""
        if room not in self._waiting:
            self._waiting[room] = read_waiting(self._connection, room)
        return self._waiting[room]

    def now(self) -> datetime:
        """Return the time, database clock."""
        return self._connection.execute(select(database_now())).scalar_one()

    def _read(self, cursor: str, asked: ShelfFilter) -> InboxNews:
        changes = self.changes(cursor)
        # A lead that changed twice is told once, where it changed last.
        order = {one.lead_id: place for place, one in enumerate(changes) if one.lead_id is not None}
        identities = {(one.platform, one.message_id) for one in changes if one.lead_id is not None}
        found = read_shelved(self._connection, sorted(identities), asked) if identities else []
        shown = {one.id for one in found}
        return InboxNews(
            leads=tuple(sorted(found, key=lambda one: order[one.id])),
            gone=tuple(one for one in order if one not in shown),
            erased=any(one.lead_id is None for one in changes),
            cursor=changes[-1].cursor if changes else cursor,
        )
