"""What a plan promises is what an experiment finds."""

from __future__ import annotations

import numpy as np
import pytest

from intent.experiments.own_rooms import RoomHistory
from intent.experiments.planning import (
    alarms_of,
    draw_rooms_like,
    plan_units,
    power_at,
    visible_effect,
)
from intent.statistics.ratios import ArmUnits, compare_rooms
from tests.live_rooms import draw_rooms


def history(rooms: int = 2000, seed: int = 99, **of: float) -> RoomHistory:
    drawn = draw_rooms(1, rooms, seed=seed, **of)
    return RoomHistory(
        drawn.orders[0],
        drawn.viewers[0],
        np.full(rooms, 120.0),
        np.arange(rooms) // 2,
        viewers=int(drawn.viewers.sum()),
        days=rooms / 20,
    )


def kept(rooms: int, runs: int, convert: float, seed: int = 99) -> tuple[float, float]:
    """Return the effect that is promised to be found in 80 of 100, and in how many it is."""
    own = history(convert=convert, seed=seed)
    promised = visible_effect(draw_rooms_like(own, rooms, runs))
    lived = draw_rooms(runs, rooms, effect=promised, convert=convert)
    found = compare_rooms(ArmUnits(lived.orders, lived.viewers, lived.treated))
    right = (found.p() < 0.05) & (found.difference > 0)
    return promised, float(right.mean())


def test_a_planned_effect_is_found_about_four_times_in_five() -> None:
    promised, power = kept(60, 800, 0.02)
    assert 0.3 < promised < 1.5
    assert power == pytest.approx(0.8, abs=0.07)


def test_more_rooms_see_less_and_plans_do_not_alarm() -> None:
    few, many = (draw_rooms_like(history(), rooms, 400) for rooms in (30, 120))
    assert visible_effect(many) < visible_effect(few)
    assert alarms_of(many) <= 0.08
    assert power_at(many, 0.0) <= 0.06


def test_the_spread_of_rates_is_what_chance_does_not_explain() -> None:
    assert history(mood=0.5).spread() == pytest.approx(np.expm1(0.25), rel=0.25)
    assert history(mood=0.0).spread() < 0.03


def test_every_unit_is_planned_and_fewer_viewers_are_needed_when_viewers_are_dealt() -> None:
    found = {one.unit: one for one in plan_units(history(200), [7.0], 30.0, runs=100)}
    assert set(found) == {"room", "creator", "time", "viewer", "interleaving"}
    assert found["room"].units == 140
    assert found["time"].units == 140 * 4
    longer = {one.unit: one for one in plan_units(history(200), [28.0], 30.0, runs=100)}
    assert longer["room"].visible < found["room"].visible
    assert longer["creator"].visible < found["creator"].visible
    assert found["interleaving"].visible < found["viewer"].visible < found["room"].visible


def test_too_few_rooms_see_nothing() -> None:
    found = {one.unit: one for one in plan_units(history(20), [1.0], 90.0, runs=100)}
    assert "rooms are shorter than two blocks" in found["time"].note
    tiny = RoomHistory(
        np.ones(3), np.full(3, 9.0), np.full(3, 60.0), np.arange(3), viewers=27, days=3.0
    )
    assert np.isnan(plan_units(tiny, [2.0], 30.0, runs=50)[0].visible)


@pytest.mark.simulate
@pytest.mark.parametrize(("rooms", "convert"), [(60, 0.02), (120, 0.02), (30, 0.1), (60, 0.1)])
def test_planned_power_whole(rooms, convert) -> None:
    plans = [kept(rooms, 1000, convert, seed=seed) for seed in range(6)]
    promised, found = (np.array(side) for side in zip(*plans, strict=True))
    print(
        f"plan: {rooms} rooms, {convert:.0%} order: promised {promised.mean():+.0%}, found in "
        f"{found.mean():.1%} ({found.min():.1%} to {found.max():.1%} by whose rooms)"
    )
    assert found.mean() == pytest.approx(0.8, abs=0.05)
