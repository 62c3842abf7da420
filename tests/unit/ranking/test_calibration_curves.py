"""Curves make probabilities of scores, and lose no order."""

from __future__ import annotations

import json

import numpy as np
import pytest

from intent.ranking.calibration_curves import (
    MANY,
    IsotonicCurve,
    LogisticCurve,
    curve_from_data,
    fitted_curve,
    fitted_shift,
    logit,
)

SIZE = 100_000


def scores(seed: int, size: int, rate: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return scores that are twice too sure and too high, labels, and true probabilities."""
    chance = np.random.default_rng(seed)
    true = 1 / (1 + np.exp(-chance.normal(logit(np.array(rate)), 0.8, size)))
    said = 1 / (1 + np.exp(-(2 * logit(true) + 2)))
    return said, (chance.random(size) < true).astype(int), true


@pytest.mark.parametrize(
    ("rate", "kind"), [(0.3, IsotonicCurve), (0.01, LogisticCurve)], ids=["many", "few"]
)
def test_a_curve_that_was_fitted_on_some_rows_is_right_on_others(rate: float, kind: type) -> None:
    said, labels, _ = scores(1, SIZE, rate)
    assert (labels.sum() >= MANY) == (kind is IsotonicCurve)
    curve = fitted_curve(said, labels)
    assert isinstance(curve, kind)
    other, _, true = scores(2, SIZE, rate)
    assert curve.apply(other).mean() == pytest.approx(true.mean(), rel=0.05)
    assert np.abs(curve.apply(other) - true).mean() < 0.15 * true.mean()
    assert curve_from_data(json.loads(json.dumps(curve.data()))) == curve


def test_what_stood_before_another_does_not_come_behind_it() -> None:
    said, labels, _ = scores(3, 20_000, 0.3)
    meant = fitted_curve(said, labels).apply(np.sort(said))
    assert (np.diff(meant) >= 0).all()
    assert len(np.unique(meant)) > 0.9 * len(meant)


def test_weights_say_how_much_a_row_counts() -> None:
    said, labels, true = scores(4, 20_000, 0.01)
    curve = fitted_curve(said, labels, 1.0 + labels)
    assert curve.apply(said).mean() == pytest.approx(2 * true.mean(), rel=0.2)


def test_without_both_labels_nothing_is_changed() -> None:
    said = np.array([0.1, 0.4])
    assert fitted_curve(said, np.zeros(2)).apply(said) == pytest.approx(said)


def test_a_group_is_right_on_average_though_one_curve_for_all_leaves_it_too_low() -> None:
    chance = np.random.default_rng(5)
    group = chance.random(40_000) < 0.1
    labels = chance.random(len(group)) < np.where(group, 0.03, 0.01)
    said = np.where(group, 0.018, 0.011)
    curve = fitted_curve(said, labels)
    assert curve.apply(said)[group].sum() < 0.9 * labels[group].sum()
    shift = fitted_shift(curve.apply(said), labels, group)
    meant = shift.apply(curve.apply(said), group)
    for inside in (group, ~group):
        assert meant[inside].sum() == pytest.approx(labels[inside].sum(), rel=0.02)


def test_a_group_of_which_nothing_is_known_stays_as_it_is() -> None:
    said, labels = np.array([0.1, 0.2, 0.3]), np.array([0, 0, 1])
    shift = fitted_shift(said, labels, np.zeros(3, dtype=bool))
    assert shift.inside == pytest.approx(0.0, abs=1e-9)
