"""Whoever looks every day for four weeks is fooled no more often than whoever looks once."""

from __future__ import annotations

import numpy as np
import pytest

from intent.statistics.anytime import FEWEST, anytime_reach
from intent.statistics.ratios import ArmUnits, compare_rooms
from tests.live_rooms import draw_rooms

DAYS, A_DAY = 28, 6


def looked(runs: int, effect: float = 0.0) -> tuple[float, float]:
    """Return how often some daily look finds a difference: always valid, and by one interval."""
    rooms = draw_rooms(runs, DAYS * A_DAY, effect=effect)
    always, once = np.zeros(runs, bool), np.zeros(runs, bool)
    for day in range(1, DAYS + 1):
        seen = slice(0, day * A_DAY)
        found = compare_rooms(
            ArmUnits(rooms.orders[:, seen], rooms.viewers[:, seen], rooms.treated[:, seen])
        )
        count = np.full(runs, float(day * A_DAY))
        reach = anytime_reach(found.error, count, DAYS * A_DAY, found.freedom)
        always |= np.abs(found.difference) > reach
        once |= np.nan_to_num(found.p(), nan=1.0) < 0.05
    return float(always.mean()), float(once.mean())


def test_twenty_eight_daily_looks_are_fooled_five_times_in_a_hundred_at_most() -> None:
    always, once = looked(300)
    assert always <= 0.05
    assert once > 0.15, "ordinary intervals are not made for looking"


def test_it_finds_what_there_is_and_says_nothing_of_few_units() -> None:
    always, _ = looked(100, effect=1.5)
    assert always >= 0.5
    few = anytime_reach(np.array(0.1), np.array(FEWEST - 1.0), 100, np.array(5.0))
    assert np.isinf(few)


@pytest.mark.simulate
def test_daily_looks_whole() -> None:
    always, once = looked(2000)
    power, _ = looked(2000, effect=0.8)
    print(
        f"28 daily looks: {always:.1%} false alarms, {once:.1%} by ordinary intervals; "
        f"an effect of +80 % is found in {power:.0%}"
    )
    assert always <= 0.05
