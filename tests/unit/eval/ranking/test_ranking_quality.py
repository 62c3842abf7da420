"""Measures of rankers on rows whose answer is known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from eval.measure.ranking_quality import area_under_roc, calibration_error, gain_of_lists


def test_the_area_counts_pairs_in_order_and_half_of_ties() -> None:
    truth = np.array([True, False, True, False])
    assert area_under_roc(truth, np.array([0.9, 0.1, 0.8, 0.2])) == 1
    assert area_under_roc(truth, np.array([0.5, 0.5, 0.5, 0.5])) == 0.5
    assert area_under_roc(truth, np.array([0.9, 0.8, 0.3, 0.1])) == pytest.approx(3 / 4)
    assert math.isnan(area_under_roc(np.ones(2, dtype=bool), np.zeros(2)))


def test_the_error_is_how_far_what_is_said_lies_from_what_is_true() -> None:
    chance = np.random.default_rng(1)
    said = chance.random(200_000)
    truth = chance.random(200_000) < said
    assert calibration_error(truth, said) < 0.006
    assert calibration_error(truth, np.clip(said + 0.1, 0, 1)) == pytest.approx(0.095, abs=0.01)


def test_a_list_in_the_order_of_its_gains_has_all_of_them() -> None:
    request = np.array([0, 0, 0, 1, 1, 2])
    gain = np.array([3.0, 1.0, 2.0, 0.0, 1.0, 0.0])
    assert gain_of_lists(request, gain, gain) == 1
    turned = gain_of_lists(request, gain, np.array([1.0, 2.0, 3.0, 9.0, 1.0, 1.0]))
    best = 3 + 2 / math.log2(3) + 1 / 2
    first = (2 + 1 / math.log2(3) + 3 / 2) / best
    assert turned == pytest.approx((first + 1 / math.log2(3)) / 2)
    assert math.isnan(gain_of_lists(request, np.zeros(6), gain))
