"""Compares arms by what was ordered within an hour, a day and the horizon of the click, each with
how many of the orders have arrived by then.
"""

from __future__ import annotations

import numpy as np

from intent.experiments.arm_findings import DelayFinding
from intent.model.experiment import Experiment
from intent.outcomes.unit_sums import UnitSums
from intent.statistics.arrivals import ArrivalCurve, WaitingUnits, arrival_curve, order_delays
from intent.statistics.clusters import student
from intent.statistics.rooms import Floats, Integers

HOUR = 3600.0
HORIZON = 7 * 24 * HOUR
"""Orders that take longer than this are not looked for."""

GROUPS = 200
"""Units are left out by this many groups at most."""

_FEWEST = 2
"""Orders an arm below which nothing is said of their delays."""


def find_delays(experiment: Experiment, sums: UnitSums) -> tuple[DelayFinding, ...]:
    """Return a finding for each arm and delay; empty where too few orders follow a click."""
    clicks = sums.clicks
    if not len(clicks.waits):
        return ()
    arm_of_click = sums.arms[clicks.rooms]
    horizon = min(HORIZON, float(clicks.waits[~clicks.ordered].max(initial=HOUR)))
    steps = order_delays(clicks)
    sides = []
    for number in range(len(experiment.arms)):
        mine = arm_of_click == number
        groups = clicks.rooms[mine] % GROUPS
        side = WaitingUnits(clicks.waits[mine], clicks.ordered[mine], groups)
        if side.ordered.sum() < _FEWEST:
            return ()
        sides.append((arrival_curve(side, steps), np.unique(side.rooms)))
    return tuple(
        _finding(arm.name, delay, horizon, sides[0], sides[number])
        for number, arm in enumerate(experiment.arms)
        if number
        for delay in sorted({HOUR, 24 * HOUR, horizon})
        if delay <= horizon
    )


def _finding(
    arm: str,
    delay: float,
    horizon: float,
    control: tuple[ArrivalCurve, Integers],
    treated: tuple[ArrivalCurve, Integers],
) -> DelayFinding:
    base, other = control[0].by(delay), treated[0].by(delay)
    maturity = (control[0].maturity(delay, horizon), treated[0].maturity(delay, horizon))
    if base <= 0 or other <= 0:
        nothing = float("nan")
        return DelayFinding(arm, delay / HOUR, nothing, nothing, nothing, maturity)
    changes = np.concatenate([_changes(*control, delay), _changes(*treated, delay)])
    units = len(changes)
    error = float(np.sqrt((units - 1) / units * (changes**2).sum()))
    reach = float(student(0.95, max(units - 2, 1))) * error
    lift = float(np.log(other / base))
    return DelayFinding(
        arm,
        delay / HOUR,
        float(np.expm1(lift)),
        float(np.expm1(lift - reach)),
        float(np.expm1(lift + reach)),
        maturity,
    )


def _changes(curve: ArrivalCurve, units: Integers, delay: float) -> Floats:
    """Return what the logarithm of the share becomes without one unit, less what it is."""
    place = int(np.searchsorted(curve.delays, delay, side="right")) - 1
    without = curve.without[units, place]
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(without / curve.share[place]))
