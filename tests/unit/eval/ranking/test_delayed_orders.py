"""How many of all clicks end in an order is said right a day after the last of them."""

from __future__ import annotations

import numpy as np
import pytest

from eval.world.decided import MeasuredDecisions
from eval.world.knobs import WorldKnobs
from eval.world.past import come_to_pass
from eval.world.population import DAY
from intent.ranking.maturity import measured_curve

MANY = WorldKnobs(impressions=40_000, days=6, creators=60, need=2.0, buying=8.0, capacity=0)


def off_by(worlds: int, decisions: MeasuredDecisions) -> tuple[float, float]:
    """Return by how much the share of clicks with an order is off, relative, a day after the last
    click: as it is counted then, and after what the delay says is still to come.
    """
    counted = corrected = true = 0.0
    for seed in range(worlds):
        past = come_to_pass(MANY, seed, decisions)
        clicks = np.flatnonzero(past.happened.clicked)
        told = np.full(len(past.happened.clicked), np.iinfo(np.int64).max)
        told[past.bought.row] = past.bought.known
        since, known = past.clicked_at[clicks], told[clicks]
        now = since.max() + DAY
        seen = known < now
        curve = measured_curve(known - since, seen, now - since)
        true += float((known < np.iinfo(np.int64).max).mean())
        counted += float(seen.mean())
        corrected += curve.rate
    return counted / true - 1, corrected / true - 1


def test_what_is_still_to_come_is_said(decisions: MeasuredDecisions) -> None:
    counted, corrected = off_by(3, decisions)
    assert counted < -0.01
    assert abs(corrected) < abs(counted)


@pytest.mark.simulate
def test_what_is_still_to_come_is_said_whole(decisions: MeasuredDecisions) -> None:
    counted, corrected = off_by(40, decisions)
    print(
        f"orders of clicks, a day after the last: {counted:+.2%} as counted, {corrected:+.2%} now"
    )
    assert abs(corrected) <= 0.01
