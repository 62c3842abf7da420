"""Widens an interval that knows the test sample by what is due to the fit: who fits again, on rows
or columns drawn otherwise, gets other losses on the same test.

A gain of one fit over the mean of ``n`` others has their variance ``1 + 1/n`` times beside that of
the test sample. Degrees of freedom: F. E. Satterthwaite, 1946.
"""

from __future__ import annotations

import numpy as np
import scipy.stats

from intent.statistics.rooms import Estimate, Floats


def with_refits(found: Estimate, losses: Floats, *, level: float = 0.95) -> Estimate:
    """Return the estimate of a gain with an interval that knows the fit, too.

    Args:
        losses: mean loss of each of the fits that the gain is over, all on the same test; at least
            two.
    """
    if len(losses) < 2 or np.isnan(found.error):
        return Estimate(found.value, np.nan, np.nan, np.nan, np.nan, found.rooms, found.freedom)
    sample = found.error**2
    fit = float(losses.var(ddof=1)) * (1 + 1 / len(losses))
    total = sample + fit
    if total <= 0:
        return found
    freedom = total**2 / (sample**2 / max(found.freedom, 1.0) + fit**2 / (len(losses) - 1))
    error = float(np.sqrt(total))
    width = float(scipy.stats.t.ppf((1 + level) / 2, freedom)) * error
    p = float(2 * scipy.stats.t.sf(abs(found.value) / error, freedom))
    return Estimate(
        found.value, found.value - width, found.value + width, error, p, found.rooms, freedom
    )
