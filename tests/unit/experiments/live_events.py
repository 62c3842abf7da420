"""Events of live rooms whose truth is known: who came in, what they asked, and what they ordered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from intent.model.experiment import ComparedRatio, Experiment, UnitKind, read_arms
from intent.outcomes.exposures import Exposure
from intent.outcomes.outcome_events import OutcomeEvent
from intent.outcomes.unit_sums import UnitSums, sum_units

START = datetime(2026, 11, 2, 10, tzinfo=UTC)
UNTIL = START + timedelta(days=10)
ROOM_MINUTES = 90


@dataclass(frozen=True)
class Live:
    """How rooms are.

    Attributes:
        effect: relative, of the treatment on the chance of an order.
        hastened: by what the treatment multiplies the time to an order.
        a_minute: leads that a host can answer in a minute; 0 for all.
        asked: leads a minute.
        moved: relative, of the treatment on the viewers of a room.
    """

    rooms: int = 24
    viewers: int = 40
    convert: float = 0.15
    effect: float = 0.0
    hastened: float = 1.0
    a_minute: int = 0
    asked: float = 0.5
    moved: float = 0.0


def tried(unit: UnitKind = UnitKind.ROOM, **changes: object) -> Experiment:
    values: dict[str, object] = {
        "name": "boost",
        "unit": unit,
        "arms": read_arms(["control", "boost"]),
        "metric": ComparedRatio.ORDERS_PER_VIEWER,
        "started": START,
        "salt": "boost",
    }
    return Experiment(**{**values, **changes})  # type: ignore[arg-type]


def lived(experiment: Experiment, live: Live, seed: int) -> UnitSums:
    """Return what the units of an experiment brought in such rooms."""
    random = np.random.default_rng(seed)
    events = list(_events(experiment, live, random, seed))
    return sum_units(experiment, _exposed(experiment, events), events, UNTIL)


def _unit(experiment: Experiment, user: str, room: str, creator: str, at: datetime) -> str:
    return {
        UnitKind.VIEWER: user,
        UnitKind.ROOM: room,
        UnitKind.CREATOR: creator,
        UnitKind.TIME: experiment.block_of(room, at) if experiment.block else "",
    }[experiment.unit]


def _exposed(experiment: Experiment, events: list[OutcomeEvent]) -> list[Exposure]:
    first: dict[str, datetime] = {}
    for event in events:
        if event.at >= START and event.name == "clicks":
            unit = _unit(
                experiment,
                event.user_id or "",
                event.room_id or "",
                event.creator_id or "",
                event.at,
            )
            first[unit] = min(first.get(unit, event.at), event.at)
    return [Exposure("t", unit, experiment.arm_of("t", unit), at) for unit, at in first.items()]


def _events(
    experiment: Experiment, live: Live, random: np.random.Generator, seed: int
) -> Iterator[OutcomeEvent]:
    orders = []
    for number in range(live.rooms):
        mood = float(np.exp(0.4 * random.standard_normal()))
        for before in (True, False):
            room, creator = f"r{seed}-{number}-{before}", f"c{seed}-{number}"
            begin = START + timedelta(days=-3 if before else 1, minutes=7 * number)
            boosted = not before and _boosted(experiment, "", room, creator, begin)
            people = live.viewers * float(np.exp(0.5 * random.standard_normal()))
            people *= 1 + live.moved * (boosted and experiment.unit is UnitKind.ROOM)
            for viewer in range(max(int(people), 2)):
                user = f"u{seed}-{number}-{before}-{viewer}"
                at = begin + timedelta(minutes=float(random.uniform(0, ROOM_MINUTES)))
                yield OutcomeEvent("clicks", "t", user, room, creator, at)
                boosted = not before and _boosted(experiment, user, room, creator, at)
                if random.random() < live.convert * mood * (1 + live.effect * boosted):
                    hours = float(random.exponential(0.7 if random.random() < 0.7 else 20))
                    hours *= live.hastened if boosted else 1
                    when = at + timedelta(hours=hours)
                    orders.append(("orders", "t", user, room, creator, when, 10.0, "USD", at))
            yield from _asked(live, random, room, creator, begin)
    for order in orders:
        yield OutcomeEvent(*order)


def _boosted(experiment: Experiment, user: str, room: str, creator: str, at: datetime) -> bool:
    return experiment.arm_of("t", _unit(experiment, user, room, creator, at)) == "boost"


def _asked(
    live: Live, random: np.random.Generator, room: str, creator: str, begin: datetime
) -> Iterator[OutcomeEvent]:
    for minute in range(ROOM_MINUTES):
        count = int(random.poisson(live.asked))
        seconds = np.sort(random.uniform(0, 55, count))
        for place, second in enumerate(seconds):
            at = begin + timedelta(minutes=minute, seconds=float(second))
            answered = not live.a_minute or place < live.a_minute
            reply = at + timedelta(seconds=3) if answered else None
            user = f"{room}-{minute}-{place}"
            yield OutcomeEvent("messages", "t", user, room, creator, at)
            yield OutcomeEvent("leads", "t", user, room, creator, at, entered=reply)
