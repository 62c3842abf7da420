"""Compares the arms of an experiment with its control: by rooms, by blocks of time or by
viewers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from intent.experiments.arm_findings import ArmFinding
from intent.model.experiment import Experiment, UnitKind
from intent.outcomes.unit_sums import UnitSums
from intent.statistics.anytime import anytime_reach
from intent.statistics.blocks import compare_blocks, within_rooms
from intent.statistics.clusters import student
from intent.statistics.randomisation import randomisation_p
from intent.statistics.ratios import (
    ArmRatios,
    ArmUnits,
    adjusted,
    compare_rooms,
    compare_viewers,
)
from intent.statistics.rooms import Floats, Integers, holm

POWER = 0.8

ViewerComparison = Callable[[ArmUnits], ArmRatios]
"""How arms of viewers are compared."""


@dataclass(frozen=True, slots=True)
class PairOfArms:
    """Control and one other arm.

    Attributes:
        rooms: number of each unit's room, where blocks of time are dealt.
    """

    arm: str
    units: ArmUnits
    rooms: Integers | None


def pairs(experiment: Experiment, sums: UnitSums) -> list[PairOfArms]:
    """Return each arm beside control."""
    above, below = experiment.metric.parts
    rates = _earlier(sums, above, below)
    found = []
    for number, arm in enumerate(experiment.arms[1:], start=1):
        kept = np.isin(sums.arms, (0, number))
        units = ArmUnits(
            sums.sums[above][kept],
            sums.sums[below][kept],
            (sums.arms[kept] == number).astype(np.float64),
            rates[kept] if np.nanmax(rates, initial=0.0) > 0 else None,
        )
        blocks = experiment.unit is UnitKind.TIME
        found.append(PairOfArms(arm.name, units, sums.rooms[kept] if blocks else None))
    return found


def compare_all(
    experiment: Experiment, sums: UnitSums, viewers: ViewerComparison = compare_viewers
) -> tuple[ArmFinding, ...]:
    """Compare every arm with control, p-values adjusted for their number."""
    found = [_compare(experiment, pair, viewers) for pair in pairs(experiment, sums)]
    adjusted_p = holm([one.p for one in found])
    return tuple(replace(one, p=p) for one, p in zip(found, adjusted_p, strict=True))


def _compare(experiment: Experiment, pair: PairOfArms, viewers: ViewerComparison) -> ArmFinding:
    units, times, dealt = pair.units, 1.0, float("nan")
    if pair.rooms is not None:
        parts = (units.numerators, units.denominators)
        ratios = compare_blocks(*parts, units.treated, pair.rooms)
        dealt = randomisation_p(
            within_rooms(*parts, pair.rooms), parts[1], units.treated, strata=pair.rooms
        )
    elif experiment.unit is UnitKind.VIEWER:
        ratios = viewers(units)
    else:
        ratios = compare_rooms(units)
        dealt = randomisation_p(adjusted(units), units.denominators, units.treated)
        if units.covariate is not None:
            plain = compare_rooms(replace(units, covariate=None))
            times = float((ratios.error / plain.error) ** 2)
    return _finding(pair, ratios, experiment.planned, dealt, times)


def _finding(
    pair: PairOfArms, ratios: ArmRatios, planned: int | None, dealt: float, times: float
) -> ArmFinding:
    count = float((pair.units.denominators > 0).sum())
    low, high = ratios.interval()
    lift_low, lift_high = ratios.lift_interval()
    reach = float(
        anytime_reach(ratios.error, np.array(count), planned or max(count, 1.0), ratios.freedom)
    )
    difference, control = float(ratios.difference), float(ratios.control)
    quantiles = student(0.95, ratios.freedom) + student(2 * POWER - 1, ratios.freedom)
    return ArmFinding(
        arm=pair.arm,
        control=control,
        treated=float(ratios.treated),
        low=float(low),
        high=float(high),
        lift=float(ratios.lift),
        lift_low=float(lift_low),
        lift_high=float(lift_high),
        p=float(ratios.p()),
        dealt_again_p=dealt,
        always_low=difference - reach,
        always_high=difference + reach,
        detectable=float(quantiles * ratios.error) / control if control > 0 else float("nan"),
        variance_times=times,
    )


def _earlier(sums: UnitSums, above: str, below: str) -> Floats:
    """Return the rate of each unit before the experiment; NaN where nothing is known."""
    over = sums.earlier[below]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(over > 0, sums.earlier[above] / over, np.nan)
