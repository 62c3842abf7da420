"""A split that lost units is told, and an honest one is not."""

from __future__ import annotations

import numpy as np
import pytest

from intent.statistics.sample_ratio import MISMATCH, sample_ratio_p


def alarms(share: float, units: int, times: int) -> float:
    counts = np.random.default_rng(9).binomial(units, share, times)
    return float(np.mean([sample_ratio_p([one, units - one], [1, 1]) < MISMATCH for one in counts]))


def test_honest_splits_alarm_less_than_three_in_a_thousand_and_48_to_52_nearly_always() -> None:
    assert alarms(0.5, 50_000, 1500) <= 0.003
    assert alarms(0.48, 50_000, 300) >= 0.99


def test_shares_need_not_be_equal_nor_add_up_to_one() -> None:
    assert sample_ratio_p([900, 100], [9, 1]) == pytest.approx(1.0)
    assert sample_ratio_p([900, 100], [1, 1]) < MISMATCH
    assert sample_ratio_p([0, 0], [1, 1]) == 1.0
    with pytest.raises(ValueError, match="one share above 0 for each arm"):
        sample_ratio_p([1, 2], [1, 0])


@pytest.mark.simulate
def test_sample_ratios_whole() -> None:
    honest, lost = alarms(0.5, 50_000, 20_000), alarms(0.48, 50_000, 2000)
    print(f"sample ratio: {honest:.2%} of honest splits, {lost:.1%} of 48:52 at 50,000")
    assert honest <= 0.003
    assert lost >= 0.99
