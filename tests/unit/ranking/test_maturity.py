"""Orders that are not known yet are reckoned with: over all clicks, young ones too."""

from __future__ import annotations

import json

import numpy as np
import pytest

from intent.ranking.maturity import LEAST, maturity_from_data, measured_maturity

DAY = 86_400_000_000


def clicks(seed: int, size: int = 40_000) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return delays, whether an order is known, ages and whether there will be one: one click in
    ten, after a day in the mean; ages up to ten days.
    """
    chance = np.random.default_rng(seed)
    delay, age = chance.exponential(DAY, size), chance.random(size) * 10 * DAY
    buys = chance.random(size) < 0.1
    return delay, buys & (delay < age), age, buys


def test_the_rate_holds_orders_that_are_not_known_yet() -> None:
    delay, ordered, age, buys = clicks(1)
    found = measured_maturity(delay, ordered, age)
    assert ordered.mean() < 0.95 * buys.mean()
    assert found.rate == pytest.approx(buys.mean(), rel=0.03)
    assert found.share(np.array([DAY])) == pytest.approx(1 - np.exp(-1), abs=0.03)
    assert found.share(np.array([0.0, 90 * DAY])).tolist() == [LEAST, 1.0]


def test_weighed_clicks_have_the_true_rate_whatever_their_age() -> None:
    delay, ordered, age, buys = clicks(2)
    weights = measured_maturity(delay, ordered, age).weights(ordered, age)
    young = age < DAY
    assert ordered[young].mean() < 0.5 * buys[young].mean()
    weighed = np.average(ordered[young], weights=weights[young])
    assert weighed == pytest.approx(buys[young].mean(), rel=0.12)


def test_without_an_order_every_click_counts_once() -> None:
    none = np.zeros(3, dtype=bool)
    found = measured_maturity(np.zeros(3), none, np.ones(3))
    assert found.weights(none, np.array([1.0, 2.0, 3.0])).tolist() == [1.0, 1.0, 1.0]


def test_a_curve_that_was_written_and_read_is_the_same() -> None:
    delay, ordered, age, _ = clicks(3, 2_000)
    found = measured_maturity(delay, ordered, age)
    assert maturity_from_data(json.loads(json.dumps(found.data()))) == found
