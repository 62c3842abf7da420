"""Tells whether arms hold as many units as they should: where they do not, some were lost, and no
difference between the arms can be trusted (A. Fabijan and others, Diagnosing sample ratio mismatch,
2019).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.stats

MISMATCH = 0.001
"""A p-value below this is an alarm: one honest split in a thousand."""


def sample_ratio_p(counts: Sequence[int], shares: Sequence[float]) -> float:
    """Return the p-value of *units were dealt by these shares* (chi-squared).

    Args:
        counts: units of each arm.
        shares: what part of all units each arm should get; they need not add up to 1.

    Raises:
        ValueError: shares that are not above zero, or not one for each arm.
    """
    if len(counts) != len(shares) or min(shares) <= 0:
        raise ValueError("one share above 0 for each arm")
    total = sum(counts)
    if total == 0:
        return 1.0
    expected = np.asarray(shares, dtype=np.float64) / sum(shares) * total
    return float(scipy.stats.chisquare(np.asarray(counts), expected).pvalue)
