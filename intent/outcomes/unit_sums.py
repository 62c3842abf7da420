"""Adds up what the units of an experiment brought, after they were exposed and in what came before
it began.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
from sqlalchemy import Connection

from intent.model.errors import WrongUse
from intent.model.experiment import Experiment, UnitKind, block_begin
from intent.outcomes.exposures import Exposure, read_exposures
from intent.outcomes.outcome_events import OutcomeEvent, OutcomeEvents
from intent.statistics.arrivals import WaitingUnits
from intent.statistics.rooms import Floats, Integers

LOOK_BACK = timedelta(days=60)
"""How far before its begin an experiment looks for what its units did."""

SUMS = ("impressions", "clicks", "viewers", "messages", "leads", "orders", "value")

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class RoomLeads:
    """The leads of one room: when each was said, and when it was answered, in seconds; NaN for
    never.
    """

    said: Floats
    answered: Floats


@dataclass(frozen=True, slots=True)
class UnitSums:
    """What units brought; all arrays have one place for each unit.

    Attributes:
        arms: number of the unit's arm.
        rooms: number of the room that a block is of; of any other unit its own.
        sums: by the names of :data:`SUMS`.
        earlier: the same before the experiment began: of a viewer or creator their own, of a room
            those of its creator's last one; NaN where nothing is known, or time is dealt.
        clicks: what was entered after exposure, with how long the order took; its rooms are
            numbers of units.
        leads: of each room since the experiment began, whoever said them.
        currencies: that orders were paid in.
    """

    arms: Integers
    rooms: Integers
    sums: dict[str, Floats]
    earlier: dict[str, Floats]
    clicks: WaitingUnits
    leads: tuple[RoomLeads, ...]
    currencies: tuple[str, ...]


def read_unit_sums(
    connection: Connection,
    experiment: Experiment,
    until: datetime,
    shards: Sequence[Connection] = (),
) -> UnitSums:
    """Read what the exposed units of an experiment brought until an instant; ``shards`` are where
    messages are, if not there alone where exposures are.

    Raises:
        WrongUse: nothing was exposed.
    """
    exposed = [one for one in read_exposures(connection, experiment) if one.exposed_at < until]
    if not exposed:
        raise WrongUse(
            f"nothing was exposed under {experiment.name!r} yet; see: intent experiment assign"
        )
    events = OutcomeEvents(connection, experiment.started - LOOK_BACK, until, shards).read()
    return sum_units(experiment, exposed, events, until)


def sum_units(
    experiment: Experiment,
    exposed: Iterable[Exposure],
    events: Iterable[OutcomeEvent],
    until: datetime,
) -> UnitSums:
    """Add events up by unit; clicks come before the orders that follow them."""
    tally = _Tally(experiment, list(exposed))
    for event in events:
        tally.add(event)
    return tally.result(until)


@dataclass(slots=True)
class _Counts:
    """Sums of units as they are met."""

    sums: dict[str, dict[Key, float]] = field(
        default_factory=lambda: {name: defaultdict(float) for name in SUMS}
    )
    people: set[tuple[Key, str]] = field(default_factory=set)

    def add(self, key: Key, event: OutcomeEvent) -> None:
        self.sums[event.name][key] += 1
        if event.name == "orders":
            self.sums["value"][key] += event.value
        if event.name == "clicks" and event.user_id is not None:
            person = (key, event.user_id)
            if person not in self.people:
                self.people.add(person)
                self.sums["viewers"][key] += 1

    def of(self, name: str, keys: Iterable[Key | None], missing: float) -> Floats:
        """Return a sum of each key; where nothing was met, or there is no key, ``missing``."""
        found = self.sums[name]
        known = self._met() if np.isnan(missing) else frozenset()
        return np.array(
            [
                missing
                if key is None or (np.isnan(missing) and key not in known)
                else found.get(key, 0.0)
                for key in keys
            ]
        )

    def _met(self) -> frozenset[Key]:
        return frozenset(key for sums in self.sums.values() for key in sums)


class _Tally:
    def __init__(self, experiment: Experiment, exposed: list[Exposure]) -> None:
        self._experiment, self._exposed = experiment, exposed
        self._units = {(one.platform, one.unit_id): one for one in exposed}
        self._keys: list[Key] = list(self._units)
        self._during, self._before = _Counts(), _Counts()
        self._creator: dict[Key, Key] = {}
        self._last: dict[Key, tuple[datetime, Key]] = {}
        self._clicks: dict[tuple[Key, str | None, str | None, datetime], float | None] = {}
        self._leads: dict[Key, list[tuple[float, float]]] = defaultdict(list)
        self._currencies: set[str] = set()

    def add(self, event: OutcomeEvent) -> None:
        room = (event.platform, event.room_id or "")
        if event.creator_id is not None and event.room_id is not None:
            self._creator[room] = (event.platform, event.creator_id)
        if event.at < self._experiment.started:
            self._add_before(event, room)
            return
        if event.name == "leads":
            # Of everybody: a host serves those who were dealt nothing, too.
            answered = event.entered.timestamp() if event.entered else np.nan
            self._leads[room].append((event.at.timestamp(), answered))
        key = self._unit(event)
        if key is None:
            return
        self._during.add(key, event)
        if event.name == "clicks":
            self._clicks[key, event.user_id, event.room_id, event.at] = None
        elif event.name == "orders":
            self._currencies |= {event.currency} if event.currency else set()
            if event.entered is not None:
                click = (key, event.user_id, event.room_id, event.entered)
                if self._clicks.get(click, 0.0) is None:
                    self._clicks[click] = (event.at - event.entered).total_seconds()

    def _add_before(self, event: OutcomeEvent, room: Key) -> None:
        unit = self._experiment.unit
        if unit is UnitKind.ROOM:
            self._before.add(room, event)
            creator = self._creator.get(room)
            if creator is not None and event.at >= self._last.get(creator, (event.at, room))[0]:
                self._last[creator] = (event.at, room)
        elif unit is UnitKind.VIEWER and event.user_id is not None:
            self._before.add((event.platform, event.user_id), event)
        elif unit is UnitKind.CREATOR and event.creator_id is not None:
            self._before.add((event.platform, event.creator_id), event)

    def _unit(self, event: OutcomeEvent) -> Key | None:
        """Return the key of the exposed unit that an event counts for, if any."""
        named = {
            UnitKind.VIEWER: event.user_id,
            UnitKind.ROOM: event.room_id,
            UnitKind.CREATOR: event.creator_id,
            UnitKind.TIME: event.room_id,
        }[self._experiment.unit]
        if named is None:
            return None
        at = event.at
        if self._experiment.unit is UnitKind.TIME:
            # An order belongs to the block in which its buyer came in.
            at = event.entered if event.name == "orders" and event.entered else at
            named = self._experiment.block_of(named, at)
            if at - block_begin(named)[1] < self._experiment.burn_in:
                return None
        key = (event.platform, named)
        unit = self._units.get(key)
        return key if unit is not None and unit.exposed_at <= event.at else None

    def result(self, until: datetime) -> UnitSums:
        sums = {name: self._during.of(name, self._keys, 0.0) for name in SUMS}
        if self._experiment.unit is UnitKind.VIEWER:
            sums["viewers"] = np.ones(len(self._keys))
        past = [self._past(key) for key in self._keys]
        earlier = {name: self._before.of(name, past, np.nan) for name in SUMS}
        if self._experiment.unit is UnitKind.VIEWER:
            earlier["viewers"] = np.where(np.isnan(earlier["clicks"]), np.nan, 1.0)
        names = [arm.name for arm in self._experiment.arms]
        arms = np.array([names.index(self._units[key].arm) for key in self._keys])
        return UnitSums(
            arms=arms,
            rooms=self._rooms(),
            sums=sums,
            earlier=earlier,
            clicks=self._waiting(until),
            leads=tuple(
                RoomLeads(*(np.array(side) for side in zip(*sorted(said), strict=True)))
                for said in self._leads.values()
            ),
            currencies=tuple(sorted(self._currencies)),
        )

    def _past(self, key: Key) -> Key | None:
        if self._experiment.unit is UnitKind.ROOM:
            creator = self._creator.get(key)
            return self._last[creator][1] if creator in self._last else None
        return None if self._experiment.unit is UnitKind.TIME else key

    def _rooms(self) -> Integers:
        if self._experiment.unit is not UnitKind.TIME:
            return np.arange(len(self._keys))
        named = [f"{platform}\x1f{block_begin(unit)[0]}" for platform, unit in self._keys]
        return np.asarray(np.unique(named, return_inverse=True)[1], dtype=np.int64)

    def _waiting(self, until: datetime) -> WaitingUnits:
        number = {key: place for place, key in enumerate(self._keys)}
        waits = [
            wait if wait is not None else (until - at).total_seconds()
            for (_, _, _, at), wait in self._clicks.items()
        ]
        return WaitingUnits(
            np.array(waits, dtype=np.float64),
            np.array([wait is not None for wait in self._clicks.values()], dtype=bool),
            np.array([number[key] for key, *_ in self._clicks], dtype=np.int64),
        )
