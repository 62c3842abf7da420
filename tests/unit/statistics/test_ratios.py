"""Ratios of two arms: as tea-tasting has them for viewers, and honest where units are rooms."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from intent.statistics.randomisation import randomisation_p
from intent.statistics.ratios import ArmUnits, adjusted, compare_rooms, compare_viewers
from tests.live_rooms import draw_rooms

ROOMS = (8, 16, 30, 60, 120)


def share(of: np.ndarray) -> float:
    return float(np.mean(of))


def alarms(p_values: np.ndarray) -> float:
    return share(p_values < 0.05)


def drawn(runs: int, rooms: int, **of: float) -> tuple[ArmUnits, ArmUnits]:
    """Return experiments without and with what the creator's earlier room did."""
    rooms_ = draw_rooms(runs, rooms, **of)
    plain = ArmUnits(rooms_.orders, rooms_.viewers, rooms_.treated)
    return plain, ArmUnits(rooms_.orders, rooms_.viewers, rooms_.treated, rooms_.earlier)


def dealt_again(units: ArmUnits, run: int) -> float:
    return randomisation_p(
        adjusted(units)[run], units.denominators[run], units.treated[run], draws=499, seed=run
    )


def test_the_delta_method_equals_tea_tastings() -> None:
    import tea_tasting

    random = np.random.default_rng(4)
    clicks, arms = random.poisson(6, 900) + 1, random.integers(0, 2, 900)
    orders = random.binomial(clicks, 0.1 + 0.02 * arms)
    table = pa.table({"variant": arms, "orders": orders, "clicks": clicks})
    experiment = tea_tasting.Experiment(rate=tea_tasting.RatioOfMeans("orders", "clicks"))
    theirs = experiment.analyze(table)["rate"]
    ours = compare_viewers(ArmUnits(orders * 1.0, clicks * 1.0, arms * 1.0))
    assert ours.control == pytest.approx(theirs.control, rel=1e-9)
    assert ours.treated == pytest.approx(theirs.treatment, rel=1e-9)
    assert ours.p() == pytest.approx(theirs.pvalue, rel=1e-9)
    low, high = ours.interval()
    assert low == pytest.approx(theirs.effect_size_ci_lower, rel=1e-9)
    assert high == pytest.approx(theirs.effect_size_ci_upper, rel=1e-9)


@pytest.mark.parametrize("rooms", [8, 30])
def test_rooms_raise_few_false_alarms_and_their_intervals_cover(rooms) -> None:
    plain, earlier = drawn(600, rooms)
    for units in (plain, earlier):
        found = compare_rooms(units)
        low, high = found.interval()
        assert alarms(found.p()) <= 0.07
        assert share((low <= 0) & (high >= 0)) >= 0.93
    assert alarms(np.array([dealt_again(plain, run) for run in range(300)])) <= 0.07
    assert alarms(compare_viewers(plain).p()) > 0.07, "as if rooms were many: too many alarms"


def test_an_earlier_room_of_the_creator_takes_a_quarter_of_the_variance_away() -> None:
    plain, earlier = drawn(600, 60, day=0.1, viewers=300.0)
    before, after = (compare_rooms(units).difference.var() for units in (plain, earlier))
    assert after <= 0.75 * before


def test_a_lift_has_an_interval_that_holds_the_truth() -> None:
    plain, _ = drawn(600, 60, effect=0.5)
    low, high = compare_rooms(plain).lift_interval()
    assert share((low <= 0.5) & (high >= 0.5)) == pytest.approx(0.95, abs=0.03)


def test_a_room_without_viewers_and_a_creator_without_a_past_change_nothing_else() -> None:
    plain, earlier = drawn(1, 12)
    more = ArmUnits(
        *(np.append(of[0], [0.0, 0.0]) for of in (plain.numerators, plain.denominators)),
        np.append(plain.treated[0], [0.0, 1.0]),
    )
    alone, padded = compare_rooms(plain), compare_rooms(more)
    assert padded.p() == pytest.approx(alone.p()[0])
    unknown = ArmUnits(
        earlier.numerators, earlier.denominators, earlier.treated, np.full((1, 12), np.nan)
    )
    assert compare_rooms(unknown).p() == alone.p()


@pytest.mark.simulate
@pytest.mark.parametrize("rooms", ROOMS)
def test_rooms_raise_five_false_alarms_in_a_hundred_whole(rooms) -> None:
    plain, earlier = drawn(2000, rooms)
    dealt = alarms(np.array([dealt_again(plain, run) for run in range(2000)]))
    found, viewers = compare_rooms(plain), compare_viewers(plain)
    with_past = compare_rooms(earlier)
    low, high = found.interval()
    covered = share((low <= 0) & (high >= 0))
    print(
        f"A/A {rooms} rooms: rooms as units {alarms(found.p()):.1%}, with the creator's past "
        f"{alarms(with_past.p()):.1%}, dealt anew {dealt:.1%}, as if many "
        f"{alarms(viewers.p()):.1%}; coverage {covered:.1%}"
    )
    most = 0.07 if rooms == min(ROOMS) else 0.065
    assert 0.03 <= alarms(found.p()) <= most
    assert 0.03 <= alarms(with_past.p()) <= most
    assert 0.025 <= dealt <= most
    assert 0.93 <= covered <= 0.97


@pytest.mark.simulate
@pytest.mark.parametrize("rooms", ROOMS[1:])
def test_the_creators_past_shortens_without_more_alarms_whole(rooms) -> None:
    plain, earlier = drawn(2000, rooms, day=0.1, viewers=300.0)
    before, after = compare_rooms(plain), compare_rooms(earlier)
    times = float(after.difference.var() / before.difference.var())
    print(f"past: {rooms} rooms, variance x {times:.2f}, alarms {alarms(after.p()):.1%}")
    assert times <= 0.75
    assert alarms(after.p()) <= 0.065
