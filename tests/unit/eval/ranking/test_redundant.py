"""Features that say the same are found where both are there, and the first named stays."""

from __future__ import annotations

import numpy as np
import pytest

from eval.ranking.redundant import correlated_pairs, kept_by_rule


def test_pairs_are_taken_over_rows_that_have_both_and_constants_have_none() -> None:
    chance = np.random.default_rng(1)
    one = chance.normal(size=60_000)
    other = np.where(chance.random(60_000) < 0.5, np.nan, 3 * one + 7)
    matrix = np.column_stack([one, chance.normal(size=60_000), other, -one, np.ones(60_000)])
    matrix = np.column_stack([matrix, np.full(60_000, np.nan)])
    found = correlated_pairs(matrix, "abcdef")
    assert [(pair.one, pair.other) for pair in found] == [("a", "c"), ("a", "d"), ("c", "d")]
    assert found[0].correlation == pytest.approx(1)
    assert found[1].correlation == pytest.approx(-1)
    assert kept_by_rule("abcdef", found) == ["a", "b", "e", "f"]
