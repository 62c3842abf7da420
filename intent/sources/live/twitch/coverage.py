"""Keeps account of what was seen of each room, over connections that come and go: until when, and
between which instants nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from intent.model.batch import Gap

CROSSING = timedelta(seconds=2)
"""By how much comments may come out of their order: of the last seconds before a connection was
lost nobody knows that all were there.
"""

NOT_LISTENING = "nobody listened"


@dataclass(slots=True)
class _Room:
    """What is known of a room.

    Attributes:
        room_id: the platform's number for it; empty until it is known.
        seen: until when all was seen.
        since: where that stretch began.
        joins: the connections that are in it, each with when it came in.
        reason: why nobody sees it, where nobody does.
    """

    room_id: str = ""
    seen: datetime | None = None
    since: datetime | None = None
    joins: dict[int, datetime] = field(default_factory=dict)
    reason: str = NOT_LISTENING

    @property
    def sure(self) -> datetime | None:
        """Until when all was surely seen: what a gap begins with."""
        if self.seen is None or not self.joins:
            return self.seen
        return max(self.seen - CROSSING, self.since or self.seen - CROSSING)


class Coverage:
    """Which stretches of which rooms were seen. Connections are told apart by numbers; instants are
    the platform's where it tells them, and else this machine's.

    A room counts as seen until the newest thing that a connection brought which was in the room
    all the time since: that is proof, and the time of day is none.
    """

    def __init__(self, platform: str, rooms: Iterable[str], token: str | None) -> None:
        """Begin, or go on where somebody stood.

        Args:
            rooms: what to listen to, by name.
            token: what :meth:`token` returned before; what cannot be read counts as nothing.
        """
        self._platform = platform
        self._rooms = {room: _Room() for room in rooms}
        for room, stood in _stood(token).items():
            if room in self._rooms:
                self._rooms[room] = stood

    def token(self) -> str:
        """Return where all rooms stand, for whoever goes on from here."""
        return json.dumps(
            {
                room: [one.room_id, one.sure.isoformat(), one.reason]
                for room, one in self._rooms.items()
                if one.sure is not None
            }
        )

    def room_id(self, room: str) -> str | None:
        """Return the platform's number for a room, once it is known."""
        known = self._rooms.get(room)
        return known.room_id or None if known else None

    def was_seen(self, room: str) -> bool:
        """Whether anybody ever was in a room."""
        return self._rooms[room].seen is not None

    def joined(self, link: int, room: str, room_id: str, at: datetime) -> list[Gap]:
        """Note that a connection came into a room; return the gap that this ends, if it does."""
        one = self._rooms.get(room)
        if one is None or link in one.joins:
            return []
        gaps: list[Gap] = []
        if one.room_id not in ("", room_id):  # another channel has taken the name
            one.seen = None
        if not one.joins:
            if one.seen is not None and one.seen < at:
                gaps = [self._gap(one, at, one.reason)]
            one.seen = one.since = at
        one.room_id, one.reason = room_id, NOT_LISTENING
        one.joins[link] = at
        return gaps

    def heard(self, link: int, at: datetime) -> None:
        """Note that all which a connection was sent until an instant has come."""
        for one in self._rooms.values():
            joined = one.joins.get(link)
            if joined is not None and one.seen is not None and joined <= one.seen < at:
                one.seen = at

    def lost(self, link: int, reason: str) -> list[Gap]:
        """Note that a connection is no more; return the gaps that begin with it, or that it leaves
        before another one came.
        """
        return [gap for one in self._rooms.values() for gap in self._left(one, link, reason)]

    def _left(self, one: _Room, link: int, reason: str) -> list[Gap]:
        if link not in one.joins:
            return []
        sure = one.sure
        del one.joins[link]
        assert one.seen is not None
        if not one.joins:
            one.seen, one.reason = sure, reason
            return [self._gap(one, None, reason)]
        first = min(one.joins.values())
        if first <= one.seen:
            return []
        one.seen = sure
        gap = self._gap(one, first, reason)
        one.seen = one.since = first
        return [gap]

    def _gap(self, one: _Room, until: datetime | None, reason: str) -> Gap:
        assert one.seen is not None
        return Gap(self._platform, one.room_id, one.seen, until, reason)


def _stood(token: str | None) -> Mapping[str, _Room]:
    try:
        read = json.loads(token or "{}")
        return {
            room: _Room(room_id, datetime.fromisoformat(seen), reason=reason)
            for room, (room_id, seen, reason) in read.items()
        }
    except (ValueError, TypeError, AttributeError):
        return {}
