"""Interleaves two rankings into one list by team draft, so that each person compares both: two
captains pick their best room that is left, and who picks first is tossed for every round.

Source: F. Radlinski, M. Kurup and T. Joachims, How does clickthrough data reflect retrieval
quality?, 2008. Rooms on top that both rankings agree on say nothing and belong to nobody.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Generic, TypeVar

Room = TypeVar("Room", bound=Hashable)


@dataclass(frozen=True, slots=True)
class DraftedList(Generic[Room]):
    """A list to show.

    Attributes:
        rooms: in the order to show them.
        teams: of each room, 0 or 1 for the ranking that picked it; None where both agree.
    """

    rooms: tuple[Room, ...]
    teams: tuple[int | None, ...]


def team_draft(
    first: Sequence[Room], second: Sequence[Room], most: int, chance: Random
) -> DraftedList[Room]:
    """Return a list of ``most`` rooms out of two rankings of the same rooms.

    Args:
        first, second: rankings, the best room first.
        chance: tosses; seeded by the request, a list is drawn again as it was.
    """
    rooms: list[Room] = []
    teams: list[int | None] = []
    for one, other in zip(first[:most], second[:most], strict=False):
        if one != other:
            break
        rooms.append(one)
        teams.append(None)
    left = (iter(first), iter(second))
    taken = set(rooms)
    while len(rooms) < most:
        begins = chance.randrange(2)
        before = len(rooms)
        for team in (begins, 1 - begins):
            pick = next((room for room in left[team] if room not in taken), None)
            if pick is not None and len(rooms) < most:
                rooms.append(pick)
                teams.append(team)
                taken.add(pick)
        if len(rooms) == before:
            break
    return DraftedList(tuple(rooms), tuple(teams))
