"""Orders that are still to come are counted as such, and a lift of the first hour is no lift."""

from __future__ import annotations

import numpy as np
import pytest

from intent.statistics.arrivals import WaitingUnits, arrival_curve, order_delays

HOUR, DAY = 3600.0, 86400.0


def orders(
    random: np.random.Generator, median: float, age: np.ndarray, convert: float = 0.1
) -> WaitingUnits:
    """Draw viewers of whom 70 % of those who order do so around the median, the rest in days."""
    count = len(age)
    soon = random.random(count) < 0.7
    delay = np.where(
        soon, median * np.exp(random.standard_normal(count)), random.exponential(2 * DAY, count)
    )
    ordered = (random.random(count) < convert) & (delay <= age)
    return WaitingUnits(np.where(ordered, delay, age), ordered, random.integers(0, 30, count))


def test_the_share_that_will_order_is_right_long_before_all_have() -> None:
    random = np.random.default_rng(3)
    age = random.uniform(0, 14 * DAY, 200_000)
    units = orders(random, HOUR / 2, age)
    curve, seen = arrival_curve(units), units.ordered.mean()
    assert curve.by(12 * DAY) == pytest.approx(0.1, rel=0.02)
    assert seen < 0.097
    assert curve.maturity(HOUR, 12 * DAY) == pytest.approx(0.53, abs=0.03)


def test_a_treatment_that_only_brings_orders_forward_is_a_lift_in_the_first_hour_alone() -> None:
    random = np.random.default_rng(4)
    age = np.full(100_000, 14 * DAY)
    slow, quick = (arrival_curve(orders(random, median, age)) for median in (HOUR / 2, HOUR / 4))
    assert quick.by(HOUR) / slow.by(HOUR) > 1.15
    assert quick.by(14 * DAY) / slow.by(14 * DAY) == pytest.approx(1.0, abs=0.03)


def test_without_censoring_it_is_the_plain_share_and_a_room_less_is_the_rest() -> None:
    units = WaitingUnits(
        np.array([1.0, 2.0, 9.0, 9.0, 3.0, 9.0]),
        np.array([True, True, False, False, True, False]),
        np.array([0, 0, 0, 1, 1, 1]),
    )
    curve = arrival_curve(units)
    assert curve.delays.tolist() == [1.0, 2.0, 3.0]
    assert curve.share == pytest.approx([1 / 6, 2 / 6, 3 / 6])
    assert curve.without[0] == pytest.approx([0, 0, 1 / 3])
    assert curve.by(0.5) == 0.0
    assert curve.by(2.5) == pytest.approx(1 / 3)


def test_one_that_was_watched_shortly_counts_only_while_it_was() -> None:
    units = WaitingUnits(
        np.array([1.0, 2.0, 4.0]), np.array([False, True, False]), np.zeros(3, int)
    )
    assert arrival_curve(units).share == pytest.approx([1 / 2])


def test_many_instants_become_few_steps() -> None:
    units = WaitingUnits(np.arange(1.0, 5001), np.ones(5000, bool), np.zeros(5000, int))
    assert len(order_delays(units)) <= 2048
    assert arrival_curve(units).by(5000) == pytest.approx(1.0)
