"""Orders that are not known yet are reckoned with: over all clicks, young ones too."""

from __future__ import annotations

import json

import numpy as np
import pytest

from intent.ranking.impression_log import NEVER, ShownRows
from intent.ranking.maturity import maturity_from_data, measured_maturity

DAY = 86_400_000_000


def clicks(seed: int, size: int = 40_000, back: float = 0.0) -> tuple[ShownRows, np.ndarray]:
    """Return clicks, and which have an order that stands in the end: one in ten orders, after a day
    in the mean, and a share ``back`` of them is taken back a day later in the mean; ages up to ten
    days.
    """
    chance = np.random.default_rng(seed)
    known = 20_000 * DAY
    clicked = known - (chance.random(size) * 10 * DAY).astype(np.int64)
    told = clicked + chance.exponential(DAY, size).astype(np.int64)
    taken = told + chance.exponential(DAY, size).astype(np.int64)
    buys, returns = chance.random(size) < 0.1, chance.random(size) < back
    told_at = np.where(buys & (told < known), told, NEVER)
    shown = ShownRows(
        request=np.arange(size),
        served=clicked,
        position=np.ones(size, dtype=np.int64),
        clicked_at=clicked,
        told_at=told_at,
        taken_at=np.where((told_at != NEVER) & returns & (taken < known), taken, NEVER),
        known=known,
    )
    return shown, buys & ~returns


def test_the_rate_holds_orders_that_are_not_known_yet() -> None:
    shown, buys = clicks(1)
    found = measured_maturity(shown)
    assert shown.ordered.mean() < 0.95 * buys.mean()
    assert found.rate == pytest.approx(buys.mean(), rel=0.03)
    assert found.told.share(np.array([DAY])) == pytest.approx(1 - np.exp(-1), abs=0.03)
    assert found.told.share(np.array([0.0, 90 * DAY])).tolist() == [0.0, 1.0]


def test_weighed_clicks_have_the_true_rate_whatever_their_age() -> None:
    shown, buys = clicks(2)
    weights = measured_maturity(shown).weights(shown)
    young = shown.age < DAY
    assert shown.ordered[young].mean() < 0.5 * buys[young].mean()
    weighed = np.average(shown.ordered[young], weights=weights[young])
    assert weighed == pytest.approx(buys[young].mean(), rel=0.12)


def test_orders_that_will_be_taken_back_are_reckoned_with() -> None:
    shown, stands = clicks(4, size=120_000, back=0.3)
    found = measured_maturity(shown)
    assert found.taken.rate == pytest.approx(0.3, abs=0.02)
    assert found.rate == pytest.approx(stands.mean(), rel=0.03)
    young = shown.age < 2 * DAY
    weighed = np.average(shown.ordered[young], weights=found.weights(shown)[young])
    assert weighed == pytest.approx(stands[young].mean(), rel=0.1)


def test_without_an_order_every_click_counts_once() -> None:
    shown, _ = clicks(5, 3)
    shown.told_at[:] = shown.taken_at[:] = NEVER
    assert measured_maturity(shown).weights(shown).tolist() == [1.0, 1.0, 1.0]


def test_a_curve_that_was_written_and_read_is_the_same() -> None:
    found = measured_maturity(clicks(3, 2_000, back=0.2)[0])
    assert maturity_from_data(json.loads(json.dumps(found.data()))) == found
