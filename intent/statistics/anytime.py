"""Intervals that hold at every look: whoever looks each day and stops at the first significant one
is fooled one time in four by ordinary intervals.

Source: I. Waudby-Smith, D. Arbour, R. Sinha, E. H. Kennedy and A. Ramdas, Time-uniform central
limit theory and asymptotic confidence sequences, 2024. It holds for many units; with few, the error
is stretched as Student's t is beside the normal.
"""

from __future__ import annotations

import numpy as np

from intent.statistics.clusters import student
from intent.statistics.rooms import Floats

FEWEST = 8
"""Units below which nothing is said: an error that is estimated from fewer knows too little."""


def anytime_reach(
    error: Floats, units: Floats, planned: float, freedom: Floats, *, level: float = 0.95
) -> Floats:
    """Return how far the interval reaches to both sides at this look; infinite for too few units.

    Args:
        error: standard error at this look, shape (...).
        units: units at this look, shape (...).
        planned: units at which the interval should be the shortest it can be.
        freedom: degrees of freedom of the error, shape (...).
        level: coverage over all looks together.
    """
    alpha = 1 - level
    tuned = (-2 * np.log(alpha) + np.log(-2 * np.log(alpha) + 1)) / planned
    grown = units * tuned + 1
    with np.errstate(divide="ignore", invalid="ignore"):
        times = np.sqrt(2 * grown / (units * tuned) * np.log(np.sqrt(grown) / alpha))
        stretched = student(level, np.maximum(freedom, 1)) / student(level, np.inf)
        reach = times * stretched * error
    return np.asarray(np.where((units >= FEWEST) & np.isfinite(reach), reach, np.inf))
