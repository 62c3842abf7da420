"""An interval that knows the fit is wider, and holds nothing where fits are all there is."""

from __future__ import annotations

import numpy as np
import pytest

from intent.statistics.refits import with_refits
from intent.statistics.rooms import mean


def test_fits_that_agree_leave_the_interval_as_it_is() -> None:
    chance = np.random.default_rng(1)
    found = mean(chance.normal(size=400), np.arange(400))
    told = with_refits(found, np.array([0.3, 0.3, 0.3]))
    assert told.error == pytest.approx(found.error)
    assert told.low == pytest.approx(found.low, rel=1e-3)


def test_a_single_fit_says_nothing_of_fits() -> None:
    found = mean(np.arange(10.0), np.arange(10))
    assert np.isnan(with_refits(found, np.array([1.0])).low)


def test_luck_of_the_fit_is_no_gain() -> None:
    """A gain of one fit over three others that differ as it does, on a large test sample."""
    alarms = {"users alone": 0, "users and fits": 0}
    runs = 600
    chance = np.random.default_rng(7)
    rooms = np.arange(300)
    for _ in range(runs):
        luck = chance.normal(0, 1, 4)
        losses = chance.normal(0, 5, (1, 300)) + luck[:, None] + chance.normal(0, 1, (4, 300))
        found = mean(losses[1:].mean(axis=0) - losses[0], rooms)
        told = with_refits(found, losses[1:].mean(axis=1))
        alarms["users alone"] += found.low > 0 or found.high < 0
        alarms["users and fits"] += told.low > 0 or told.high < 0
    assert alarms["users alone"] / runs > 0.5
    assert alarms["users and fits"] / runs < 0.08
