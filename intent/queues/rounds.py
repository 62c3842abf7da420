"""Deals rounds to what waits, so that a hot room does not hold up the others: a round holds one
message of each room, and messages are lent round by round.

This is start-time fair queueing (Goyal, Vin and Cheng 1996) with messages of equal size: what comes
in stands in the round that is being lent, or behind the last one of its room. What a process has
dealt is known to itself alone: a room that several processes put to has a share for each of them.
"""

from __future__ import annotations

from collections.abc import Iterable

Room = tuple[str, str]
"""(platform, room_id) of a room."""

ROOMS = 10_000
"""Rooms that are remembered before those are forgotten of which nothing waits any more."""


class Rounds:
    """The last round of each room; may be used by several threads, which then may deal a round of
    a room twice.
    """

    def __init__(self) -> None:
        self._last: dict[Room, int] = {}
        self._highest = 0

    def deal(self, rooms: Iterable[Room], first: int | None, now: int = 0) -> list[int]:
        """Return the rounds of messages, in the order in which they came.

        Args:
            rooms: the room of each message.
            first: the first round that waits; None where none does.
            now: microseconds since 1970 UTC. Where nothing waits the next round is at least that,
                so that processes go on from about the same one.
        """
        current = max(now, self._highest + 1) if first is None else first
        last = self._last
        if len(last) > ROOMS:
            last = self._last = {room: at for room, at in last.items() if at >= current}
        dealt: list[int] = []
        for room in rooms:
            last[room] = max(current, last.get(room, current - 1) + 1)
            dealt.append(last[room])
        self._highest = max(self._highest, *dealt)
        return dealt
