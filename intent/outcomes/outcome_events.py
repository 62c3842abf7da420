"""Reads what happened in a stretch of time, one event after the other: impressions, clicks,
messages, leads and orders, each with its room, its creator and its person.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Select, select, union

from intent.model.message import AuthorRole
from intent.model.outcomes import Conversion, ConversionKind
from intent.outcomes.reading import AT_ONCE, read_conversions
from intent.store.schema import clicks, impressions, leads, messages

REACH = timedelta(days=7)
"""An order that names no room belongs to the room that its buyer entered last, this long before."""

Room = tuple[str, str]


@dataclass(frozen=True, slots=True)
class OutcomeEvent:
    """Something that happened.

    Attributes:
        name: ``impressions``, ``clicks``, ``messages``, ``leads`` or ``orders``.
        user_id, room_id, creator_id: None where nobody said.
        value: of an order, in units of its currency; 0 for everything else.
        entered: when its buyer entered the room of an order last; when a lead was answered.
    """

    name: str
    platform: str
    user_id: str | None
    room_id: str | None
    creator_id: str | None
    at: datetime
    value: float = 0.0
    currency: str | None = None
    entered: datetime | None = None


class OutcomeEvents:
    """Reads events between two instants, the second one left out."""

    def __init__(
        self,
        connection: Connection,
        since: datetime,
        until: datetime,
        shards: Sequence[Connection] = (),
    ) -> None:
        """Prepare; ``shards`` are where messages are, if not there alone where outcomes are."""
        self._connection, self._since, self._until = connection, since, until
        self._shards = shards or (connection,)
        self._creators = self._creators_of_rooms()
        self._entered: dict[tuple[str, str], list[tuple[datetime, str]]] = defaultdict(list)

    def read(self) -> Iterator[OutcomeEvent]:
        """Yield all events; clicks come before orders, which may name no room."""
        yield from self._told("impressions", impressions, impressions.c.served_at)
        for event in self._told("clicks", clicks, clicks.c.clicked_at, clicks.c.request_id):
            if event.user_id is not None and event.room_id is not None:
                person = (event.platform, event.user_id)
                self._entered[person].append((event.at, event.room_id))
            yield event
        said = messages.c.author_role == AuthorRole.VIEWER.value
        yield from self._told("messages", messages, messages.c.sent_at, where=said)
        yield from self._leads()
        for entered in self._entered.values():
            entered.sort()
        # What was ordered long after a click is looked for as long as anything is known.
        for one in chain.from_iterable(map(read_conversions, self._shards)):
            ordered = one.kind is ConversionKind.ORDER and one.status.stands
            if ordered and self._since <= one.event_timestamp < self._until:
                yield self._order(one)

    def _told(self, name: str, table: Any, at: Any, *beside: Any, where: Any = True) -> Any:
        c = table.c
        query = select(c.platform, c.user_id, c.room_id, at.label("at"), *beside)
        if table is clicks:
            # A click is told again once it is known how long they stayed.
            query = query.distinct()
        if where is not True:
            query = query.where(where)
        for row in self._rows(query.where(at >= self._since, at < self._until)):
            creator = self._creators.get((row.platform, row.room_id))
            yield OutcomeEvent(name, row.platform, row.user_id, row.room_id, creator, row.at)

    def _leads(self) -> Iterator[OutcomeEvent]:
        c = leads.c
        query = select(c.platform, c.user_id, c.room_id, c.event_timestamp, c.answered_timestamp)
        query = query.where(
            c.stands, c.event_timestamp >= self._since, c.event_timestamp < self._until
        )
        for row in self._rows(query):
            yield OutcomeEvent(
                "leads",
                row.platform,
                row.user_id,
                row.room_id,
                self._creators.get((row.platform, row.room_id)),
                row.event_timestamp,
                entered=row.answered_timestamp,
            )

    def _order(self, one: Conversion) -> OutcomeEvent:
        platform, at = one.platform or "", one.event_timestamp
        seen = [
            (entered, room)
            for entered, room in self._before(platform, one.user_id, at)
            if one.room_id is None or room == one.room_id
        ]
        entered, room = seen[-1] if seen else (None, one.room_id)
        return OutcomeEvent(
            "orders",
            platform,
            one.user_id,
            room,
            one.creator_id or self._creators.get((platform, room or "")),
            at,
            value=(one.value_micros or 0) / 1_000_000,
            currency=one.currency,
            entered=entered,
        )

    def _before(
        self, platform: str, user_id: str | None, at: datetime
    ) -> list[tuple[datetime, str]]:
        known = self._entered.get((platform, user_id or ""), [])
        place = bisect_right(known, at, key=lambda one: one[0])
        return [one for one in known[:place] if one[0] >= at - REACH]

    def _creators_of_rooms(self) -> dict[Room, str]:
        told = [
            select(table.c.platform, table.c.room_id, table.c.creator_id).where(
                table.c.creator_id.is_not(None)
            )
            for table in (messages, impressions)
        ]
        query = union(*told)
        return {
            (row.platform, row.room_id): row.creator_id
            for one in self._shards
            for row in one.execute(query)
        }

    def _rows(self, query: Select[Any]) -> Any:
        paged = query.execution_options(yield_per=AT_ONCE)
        return chain.from_iterable(one.execute(paged) for one in self._shards)
