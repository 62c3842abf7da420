"""What was caused is told by what was withheld at random, and by nothing else."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from intent.outcomes.causing import CausedOrders, DealtTouch, UnitOrder, caused_orders
from tests.conftest import EPOCH

DAY = timedelta(days=1)
LATER = EPOCH + timedelta(days=60)


def tried(
    chance: random.Random, base: float, effect: float, units: int = 600, delay: float = 0.0
) -> CausedOrders:
    """Deal units to arms by coin; who is given buys with ``base + effect``, the others with
    ``base``, after ``delay`` days at most.
    """
    touches, orders = [], []
    for number in range(units):
        unit, given = ("tiktok", f"u-{number}"), chance.random() < 0.5
        touches.append(DealtTouch(unit, EPOCH, given))
        if chance.random() < base + effect * given:
            orders.append(UnitOrder(unit, EPOCH + delay * chance.random() * DAY))
    found = caused_orders(touches, orders, 7 * DAY, LATER)
    assert found is not None
    return found


def test_the_difference_of_the_arms_is_what_was_caused() -> None:
    found = tried(random.Random(1), 0.1, 0.3, units=4_000)
    assert found.low < 0.3 < found.high
    assert found.high - found.low < 0.08
    made, low, high = found.caused
    assert low < made < high
    assert made == pytest.approx(found.difference * found.given)
    assert found.p < 0.001


def test_who_was_dealt_too_lately_is_left_out_and_counted() -> None:
    old = [DealtTouch(("tiktok", f"o-{n}"), EPOCH, n % 2 == 0) for n in range(40)]
    young = [DealtTouch(("tiktok", f"y-{n}"), LATER - DAY, n % 2 == 0) for n in range(10)]
    orders = [UnitOrder(one.unit, one.at) for one in young]
    found = caused_orders([*old, *young], orders, 7 * DAY, LATER)
    assert found is not None
    assert (found.given, found.withheld, found.young, found.rate_given) == (20, 20, 10, 0.0)
    assert found.maturity == pytest.approx(0.8)


def test_the_first_dealing_counts_and_orders_within_its_window() -> None:
    touches = [DealtTouch(("p", f"u-{n}"), EPOCH, n < 10) for n in range(20)]
    again = [DealtTouch(one.unit, EPOCH + DAY, not one.given) for one in touches]
    orders = [
        UnitOrder(("p", "u-0"), EPOCH + DAY),
        UnitOrder(("p", "u-0"), EPOCH + 2 * DAY),
        UnitOrder(("p", "u-1"), EPOCH - DAY),
        UnitOrder(("p", "u-2"), EPOCH + 8 * DAY),
        UnitOrder(("p", "stranger"), EPOCH),
    ]
    found = caused_orders([*again, *touches], orders, 7 * DAY, LATER)
    assert found is not None
    assert (found.rate_given, found.rate_withheld) == (pytest.approx(0.2), pytest.approx(0.0))


def test_a_handful_says_nothing() -> None:
    touches = [DealtTouch(("p", f"u-{n}"), EPOCH, n < 4) for n in range(20)]
    assert caused_orders(touches, [], DAY, LATER) is None


@pytest.mark.parametrize(("base", "effect"), [(0.1, 0.03), (0.08, 0.0)])
def test_the_interval_holds_the_truth_about_nineteen_times_in_twenty(
    base: float, effect: float
) -> None:
    chance = random.Random(2)
    held = 0
    for _ in range(200):
        found = tried(chance, base, effect)
        held += found.low <= effect <= found.high
    assert 0.91 <= held / 200 <= 0.99
