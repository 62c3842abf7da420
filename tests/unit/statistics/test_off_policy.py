"""What another policy would have brought is what it brings, from a log of one that dealt otherwise."""

from __future__ import annotations

import numpy as np
import pytest

from intent.statistics.off_policy import (
    LoggedShows,
    ModelledRewards,
    doubly_robust,
    effective_impressions,
    inverse_propensity,
    self_normalised,
)

RATES = np.array([0.05, 0.1, 0.3])
LOGGED, WANTED = np.array([0.6, 0.3, 0.1]), np.array([0.1, 0.3, 0.6])
TRUTH = float(WANTED @ RATES)


def logged(seed: int, rows: int = 2000) -> tuple[LoggedShows, ModelledRewards]:
    random = np.random.default_rng(seed)
    shown = random.choice(3, rows, p=LOGGED)
    rewards = (random.random(rows) < RATES[shown]).astype(float)
    log = LoggedShows(rewards, LOGGED[shown], WANTED[shown], random.integers(0, 100, rows))
    guess = np.array([0.08, 0.08, 0.25])
    return log, ModelledRewards(guess[shown], np.full(rows, WANTED @ guess))


def test_all_three_estimates_hold_the_truth_and_a_model_shortens_their_interval() -> None:
    found = {name: [] for name in ("ips", "snips", "dr")}
    for seed in range(200):
        log, model = logged(seed)
        found["ips"].append(inverse_propensity(log))
        found["snips"].append(self_normalised(log))
        found["dr"].append(doubly_robust(log, model))
    spread = {}
    for name, estimates in found.items():
        covered = np.mean([one.low <= TRUTH <= one.high for one in estimates])
        assert covered >= 0.91, name
        values = np.array([one.value for one in estimates])
        assert values.mean() == pytest.approx(TRUTH, abs=0.003)
        spread[name] = values.std()
    assert spread["dr"] < spread["ips"]


def test_weights_are_bounded_and_say_how_many_impressions_they_are_worth() -> None:
    log = LoggedShows(np.ones(2), np.array([1e-6, 0.5]), np.array([0.5, 0.5]), np.arange(2))
    assert log.weights().tolist() == [100.0, 1.0]
    assert effective_impressions(log) == pytest.approx(101**2 / 10001)
    same = LoggedShows(np.ones(50), np.full(50, 0.2), np.full(50, 0.2), np.arange(50))
    assert effective_impressions(same) == pytest.approx(50)
