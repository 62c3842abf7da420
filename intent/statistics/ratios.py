"""Compares a ratio between two arms whose units are rooms, creators or viewers: orders per viewer,
leads per message. A ratio of sums, not a mean of ratios: large rooms weigh more.

Sources: A. Deng, U. Knoblich and J. Lu, Applying the delta method in metric analytics, 2018 (units
that are many); A. Deng, Y. Xu, R. Kohavi and T. Walker, CUPED, 2013, as a covariate of the
regression; :mod:`intent.statistics.clusters` (rooms, which are few and of very different sizes).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.stats

from intent.statistics.clusters import fit_clusters, student
from intent.statistics.rooms import Estimate, Floats

_TREATED = 1


@dataclass(frozen=True, slots=True)
class ArmUnits:
    """What the units of an experiment brought, over any number of experiments at once.

    Attributes:
        numerators, denominators: sums of each unit, shape (..., units); a denominator of 0 is a
            unit that is not there.
        treated: 1 for units of the treatment, 0 for those of control, shape (..., units).
        covariate: something of each unit that was known before it was assigned, shape (...,
            units); NaN where nothing is known, which is taken as the mean of the others.
    """

    numerators: Floats
    denominators: Floats
    treated: Floats
    covariate: Floats | None = None


@dataclass(frozen=True, slots=True)
class ArmRatios:
    """The ratio of both arms, and what lies between them; every array of shape (...).

    Attributes:
        control, treated: the ratio of each arm, at the mean of the covariate.
        error: standard error of their difference.
        log_error: standard error of the logarithm of their ratio; NaN where an arm has none.
        freedom: degrees of freedom of both.
    """

    control: Floats
    treated: Floats
    error: Floats
    log_error: Floats
    freedom: Floats

    @property
    def difference(self) -> Floats:
        """Treated less control."""
        return self.treated - self.control

    @property
    def lift(self) -> Floats:
        """Treated over control, less one; NaN where control has none."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(self.treated / self.control - 1)

    def p(self) -> Floats:
        """Return the two-sided p-value of *there is no difference*; NaN where nobody can tell."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(
                2 * scipy.stats.t.sf(np.abs(self.difference / self.error), self.freedom)
            )

    def interval(self, level: float = 0.95) -> tuple[Floats, Floats]:
        """Return the ends of the interval of the difference."""
        reach = student(level, self.freedom) * self.error
        return self.difference - reach, self.difference + reach

    def lift_interval(self, level: float = 0.95) -> tuple[Floats, Floats]:
        """Return the ends of the interval of the lift, symmetric on the scale of logarithms."""
        reach = student(level, self.freedom) * self.log_error
        around = np.log1p(np.where(self.lift > -1, self.lift, np.nan))
        return np.expm1(around - reach), np.expm1(around + reach)

    def estimate(self, units: int, level: float = 0.95) -> Estimate:
        """Return the difference of one experiment."""
        low, high = self.interval(level)
        return Estimate(
            float(self.difference),
            float(low),
            float(high),
            float(self.error),
            float(self.p()),
            units,
            float(self.freedom),
        )


def compare_rooms(units: ArmUnits) -> ArmRatios:
    """Compare arms of few units of very different sizes: the error leaves one unit out at a time
    (CRV3), t with units less columns. NaN where one unit is all that an arm has.
    """
    rates = _rates(units)
    columns = [np.ones_like(rates), np.broadcast_to(units.treated, rates.shape)]
    if units.covariate is not None:
        known = centred(units.covariate, units.denominators)
        columns += [known] if known.any() else []
    fitted = fit_clusters(np.stack(columns, axis=-1), rates, units.denominators)
    control, effect = fitted.values[..., 0], fitted.values[..., _TREATED]
    present = (units.denominators > 0).sum(axis=-1)
    share = np.sqrt((present - 1) / present)
    left_out = fitted.left_out
    without = control[..., None] + left_out[..., 0]
    treated = without + effect[..., None] + left_out[..., _TREATED]
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(treated / without) - np.log((control + effect) / control)[..., None]
        log_error = share * np.sqrt((logs**2).sum(axis=-1))
    error = share * np.sqrt((left_out[..., _TREATED] ** 2).sum(axis=-1))
    freedom = np.maximum(present - len(columns), 1).astype(np.float64)
    return ArmRatios(
        control,
        control + effect,
        error,
        np.where(np.isfinite(log_error), log_error, np.nan),
        freedom,
    )


def compare_viewers(units: ArmUnits) -> ArmRatios:
    """Compare arms of many independent units by the delta method, t with Welch's degrees of
    freedom; a covariate is not looked at.
    """
    sides = [_side(units, units.treated == side) for side in (0, 1)]
    (control, low, few), (treated, high, many) = sides
    variance = low + high
    with np.errstate(divide="ignore", invalid="ignore"):
        freedom = variance**2 / (low**2 / (few - 1) + high**2 / (many - 1))
        log_error = np.sqrt(low / control**2 + high / treated**2)
    return ArmRatios(control, treated, np.sqrt(variance), log_error, freedom)


def centred(covariate: Floats, weights: Floats) -> Floats:
    """Return a covariate less its weighted mean; 0 where nothing is known of a unit."""
    known = ~np.isnan(covariate)
    heavy = np.where(known, weights, 0.0)
    filled = np.where(known, covariate, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        middle = (heavy * filled).sum(axis=-1) / heavy.sum(axis=-1)
    return np.asarray(np.where(known, filled - middle[..., None], 0.0))


def adjusted(units: ArmUnits) -> Floats:
    """Return numerators less what the covariate says of them, whatever the arms: what may be
    shuffled between arms as it is.
    """
    if units.covariate is None:
        return units.numerators
    rates = _rates(units)
    known = centred(units.covariate, units.denominators)
    fitted = fit_clusters(
        np.stack([np.ones_like(rates), known], axis=-1), rates, units.denominators
    )
    slope = np.nan_to_num(fitted.values[..., 1])
    return np.asarray(units.numerators - slope[..., None] * known * units.denominators)


def _rates(units: ArmUnits) -> Floats:
    there = units.denominators > 0
    return np.asarray(units.numerators / np.where(there, units.denominators, 1.0) * there)


def _side(
    units: ArmUnits, mine: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
) -> tuple[Floats, Floats, Floats]:
    """Return the ratio of one arm, its variance by the delta method, and its units."""
    over = np.where(mine, units.denominators, 0.0)
    total, count = over.sum(axis=-1), mine.sum(axis=-1).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(mine, units.numerators, 0.0).sum(axis=-1) / total
        residuals = np.where(mine, units.numerators - ratio[..., None] * over, 0.0)
        variance = count / (count - 1) * (residuals**2).sum(axis=-1) / total**2
    return ratio, variance, count
