"""Where nothing has an effect, experiments on whole worlds are silent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import pytest

from eval.world.knobs import EFFECTS, WorldKnobs
from eval.world.made import World
from intent.experiments.analysis import analyse
from intent.experiments.arm_findings import Outlook
from intent.model.experiment import ComparedRatio, Experiment, UnitKind, read_arms
from intent.outcomes.exposures import Exposure
from intent.outcomes.outcome_events import OutcomeEvent
from intent.outcomes.unit_sums import sum_units

IMPRESSIONS = 10_000
READ = (
    (UnitKind.ROOM, ComparedRatio.CLICKS_PER_IMPRESSION),
    (UnitKind.CREATOR, ComparedRatio.ORDERS_PER_CLICK),
)


def events_of(world: World) -> Iterator[OutcomeEvent]:
    """Yield what a world's tables tell, clicks before orders."""
    creators: dict[str, str] = {}
    for row in world.tables["impressions"].to_pylist():
        creators[row["room_id"]] = row["creator_id"]
        named = (row["platform"], row["user_id"], row["room_id"], row["creator_id"])
        yield OutcomeEvent("impressions", *named, row["served_at"])
    for row in world.tables["clicks"].to_pylist():
        room = row["room_id"]
        named = (row["platform"], row["user_id"], room, creators[room])
        yield OutcomeEvent("clicks", *named, row["clicked_at"])
    last = {row["conversion_id"]: row for row in world.tables["conversions"].to_pylist()}
    for row in last.values():
        if row["status"] == "paid" and row["room_id"] is not None:
            named = (row["platform"], row["user_id"], row["room_id"], row["creator_id"])
            yield OutcomeEvent("orders", *named, row["event_timestamp"], 1.0, "USD")


def alarms(worlds: Iterable[World]) -> dict[str, float]:
    found: dict[str, list[bool]] = {unit.value: [] for unit, _ in READ}
    for world in worlds:
        events = list(events_of(world))
        begin, end = min(one.at for one in events), max(one.at for one in events)
        for unit, metric in READ:
            arms = read_arms(["control", "boost"])
            tried = Experiment("boost", unit, arms, metric, begin, f"salt-{world.seed}")
            key = "room_id" if unit is UnitKind.ROOM else "creator_id"
            units = sorted({getattr(one, key) for one in events if getattr(one, key)})
            exposed = [Exposure("world", one, tried.arm_of("world", one), begin) for one in units]
            report = analyse(tried, sum_units(tried, exposed, events, end), end)
            found[unit.value].append(report.outlook in {Outlook.BETTER, Outlook.WORSE})
    return {unit: float(np.mean(one)) for unit, one in found.items()}


def zeroed(made: Callable[..., World], count: int, **knobs: float) -> Iterator[World]:
    silent = {name: type(getattr(WorldKnobs(), name))(0) for name in EFFECTS}
    for seed in range(count):
        yield made(seed, **silent, **knobs)


def test_worlds_without_any_effect_alarm_seldom(made: Callable[..., World]) -> None:
    assert max(alarms(zeroed(made, 2)).values()) <= 0.5


@pytest.mark.simulate
@pytest.mark.timeout(3600)
def test_two_hundred_worlds_without_any_effect_whole(made: Callable[..., World]) -> None:
    found = alarms(zeroed(made, 200, impressions=IMPRESSIONS, creators=200))
    print(f"200 worlds with every knob at zero: A/B alarms {found}")
    assert max(found.values()) <= 0.09
