"""What is said by day holds how few were seen that day, and how few the ranker learnt from."""

from __future__ import annotations

import numpy as np

from eval.ranking.trained import head_quality
from intent.ranking.impression_log import NEVER, ShownRows

LISTS, RATE, LEARNT = 2_000, 0.035, 330
"""Lists of one click each on one day, orders a click, and orders that the ranker learnt from."""


def test_an_interval_by_day_holds_one_as_often_as_it_says() -> None:
    chance = np.random.default_rng(3)
    nothing = np.full(LISTS, NEVER)
    numbers = np.arange(LISTS)
    shown = ShownRows(numbers, nothing * 0, nothing * 0 + 1, nothing, nothing, nothing, 1)
    held = dict.fromkeys((0.0, LEARNT**-0.5), 0)
    for _ in range(400):
        said = np.full(LISTS, RATE * chance.poisson(LEARNT) / LEARNT)
        truth = chance.random(LISTS) < RATE
        for level in held:
            (day,) = head_quality(truth, said, shown, level).by_day.values()
            held[level] += day.low <= 1 and (day.high is None or day.high >= 1)
    without, with_level = held.values()
    assert 0.93 * 400 <= with_level <= 0.975 * 400
    assert without < with_level
