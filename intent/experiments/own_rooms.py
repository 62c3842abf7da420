"""What an installation's own rooms are like: how large, how often, and how much their rates differ;
what a plan draws its rooms from.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import scipy.optimize
import scipy.special

from intent.model.errors import WrongUse
from intent.model.experiment import ComparedRatio
from intent.outcomes.outcome_events import OutcomeEvent
from intent.statistics.rooms import Floats

_SPREADS = (-12.0, 3.0)
"""Logarithms of the spreads that are looked at."""

FEWEST = 2
"""Rooms that a plan needs."""


@dataclass(frozen=True, slots=True)
class RoomHistory:
    """Rooms as they were.

    Attributes:
        numerators, denominators: of the metric, one for each room, shape (rooms,).
        minutes: how long each lasted, 1 at least.
        creators: number of each room's creator; rooms of nobody have one each.
        viewers: distinct people of all rooms.
        days: how long it took.
        ranked: the metric counts clicks or orders, which rankers can be told apart by.
    """

    numerators: Floats
    denominators: Floats
    minutes: Floats
    creators: np.ndarray[tuple[int, ...], np.dtype[np.int64]]
    viewers: int
    days: float
    ranked: bool = True

    @property
    def rate(self) -> float:
        """The ratio over all rooms."""
        return float(self.numerators.sum() / self.denominators.sum())

    @property
    def a_day(self) -> float:
        """Rooms a day."""
        return len(self.numerators) / self.days

    def spread(self) -> float:
        """Return the squared coefficient of variation of the rooms' true rates: what is left of
        their differences when chance (Poisson) is taken out; the likeliest one if rates are gamma
        distributed (P. McCullagh and J. A. Nelder, Generalized linear models, 1989, 6.2.3).
        """
        expected = self.rate * self.denominators

        def unlikely(logarithm: float) -> float:
            size = np.exp(-logarithm)
            return -float(
                (
                    scipy.special.gammaln(self.numerators + size)
                    - scipy.special.gammaln(size)
                    - size * np.log1p(expected / size)
                    + self.numerators * np.log(expected / (expected + size))
                ).sum()
            )

        found = scipy.optimize.minimize_scalar(unlikely, bounds=_SPREADS, method="bounded")
        return float(np.exp(found.x))


def read_history(
    events: Iterable[OutcomeEvent], metric: ComparedRatio, since: datetime, until: datetime
) -> RoomHistory:
    """Return the rooms that events tell of.

    Raises:
        WrongUse: too few rooms hold what the metric counts, or it counts money.
    """
    if metric is ComparedRatio.VALUE_PER_VIEWER:
        raise WrongUse("a plan draws counts, and money is none: plan for orders_per_viewer")
    rooms: dict[tuple[str, str], _Room] = {}
    everybody: set[tuple[str, str]] = set()
    for event in events:
        if event.room_id is None:
            continue
        room = rooms.setdefault((event.platform, event.room_id), _Room(event.at, event.at))
        room.add(event)
        if event.user_id is not None:
            everybody.add((event.platform, event.user_id))
    above, below = metric.parts
    held = [
        (key, room.counted(above), room.counted(below), room)
        for key, room in sorted(rooms.items())
        if room.counted(below) > 0
    ]
    if len(held) < FEWEST or not any(top for _, top, _, _ in held):
        raise WrongUse(
            f"a plan is made of your own rooms, and only {len(held)} of the last "
            f"{(until - since).days} days hold {above} and {below}; another --metric, or more "
            "--days, may have more"
        )
    names = [room.creator or "\x1f".join(key) for key, _, _, room in held]
    last = max(room.last for _, _, _, room in held)
    first = min(room.first for _, _, _, room in held)
    return RoomHistory(
        np.array([top for _, top, _, _ in held]),
        np.array([bottom for _, _, bottom, _ in held]),
        np.array([room.minutes() for _, _, _, room in held]),
        np.unique(names, return_inverse=True)[1],
        len(everybody),
        max((last - first).total_seconds() / 86_400, 1.0),
        above in {"clicks", "orders"},
    )


@dataclass(slots=True)
class _Room:
    first: datetime
    last: datetime
    sums: dict[str, float] = field(default_factory=dict)
    people: set[str] = field(default_factory=set)
    creator: str | None = None

    def add(self, event: OutcomeEvent) -> None:
        if event.name != "orders":
            self.first, self.last = min(self.first, event.at), max(self.last, event.at)
        self.sums[event.name] = self.sums.get(event.name, 0.0) + 1
        self.sums["value"] = self.sums.get("value", 0.0) + event.value
        self.creator = event.creator_id or self.creator
        if event.name == "clicks" and event.user_id is not None:
            self.people.add(event.user_id)

    def counted(self, name: str) -> float:
        return float(len(self.people)) if name == "viewers" else self.sums.get(name, 0.0)

    def minutes(self) -> float:
        return max((self.last - self.first).total_seconds() / 60, 1.0)
