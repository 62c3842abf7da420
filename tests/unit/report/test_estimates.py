"""An expected number of leads has an interval that covers as it says."""

from __future__ import annotations

import random

import pytest

from intent.report.estimates import ProbabilitySum


def summed(*probabilities: float) -> ProbabilitySum:
    total = ProbabilitySum()
    for one in probabilities:
        total.add(round(one * 1_000_000))
    return total


def test_certain_messages_have_no_interval() -> None:
    found = summed(1, 1, 0).expected()
    assert (found.value, found.low, found.high) == (2, 2, 2)


def test_the_interval_stays_between_none_and_all() -> None:
    found = summed(0.01, 0.01).expected()
    assert found.low == 0
    assert summed(0.99, 0.99).expected().high == 2


def test_messages_that_were_summed_before_count_as_one_by_one() -> None:
    many, one_by_one = ProbabilitySum(), summed(0.25, 0.5)
    many.add_many(2, 750_000, 250_000 * 750_000 + 500_000 * 500_000)
    assert many.expected() == one_by_one.expected()


def test_it_covers_the_truth_where_the_probabilities_hold() -> None:
    drawn = random.Random(20261127)
    covered = 0
    for _ in range(400):
        probabilities = [drawn.random() ** 3 for _ in range(200)]
        truth = sum(drawn.random() < one for one in probabilities)
        found = summed(*probabilities).expected()
        covered += found.low <= truth <= found.high
    assert covered / 400 == pytest.approx(0.95, abs=0.03)
