"""Reads an experiment: the split first, then the arms, the delays, what hosts can serve, and one
verdict.
"""

from __future__ import annotations

from datetime import datetime

import numpy as np

from intent.experiments.arm_findings import (
    ArmFinding,
    ArmTotal,
    CapacityFinding,
    DelayFinding,
    ExperimentReport,
    Outlook,
)
from intent.experiments.capacity import binds, find_capacity
from intent.experiments.comparing_arms import ViewerComparison, compare_all, pairs
from intent.experiments.delayed_orders import find_delays
from intent.experiments.spoken_verdict import Known, verdict_of
from intent.model.errors import WrongUse
from intent.model.experiment import ComparedRatio, Experiment, UnitKind
from intent.outcomes.unit_sums import UnitSums
from intent.statistics.blocks import HALF_LIVES
from intent.statistics.ratios import ArmUnits, compare_rooms, compare_viewers
from intent.statistics.sample_ratio import MISMATCH, sample_ratio_p

FEWEST = 4
"""Rooms, creators or blocks an arm below which nothing is said."""

MATURE = 0.9
"""Part of all orders that should have arrived before an experiment is read."""


def analyse(
    experiment: Experiment,
    sums: UnitSums,
    as_of: datetime,
    viewers: ViewerComparison = compare_viewers,
) -> ExperimentReport:
    """Return what an experiment found until ``as_of``.

    Raises:
        WrongUse: nothing of the metric was ever told, or orders were paid in several currencies.
    """
    totals = _totals(experiment, sums)
    _check(experiment, sums, totals)
    split_p = sample_ratio_p([one.units for one in totals], [arm.share for arm in experiment.arms])
    comparisons = compare_all(experiment, sums, viewers)
    delays = find_delays(experiment, sums) if "orders" in experiment.metric.parts else ()
    capacity = find_capacity(sums.leads)
    warnings = [
        *_split_warning(totals, split_p),
        *_burn_in_warning(experiment),
        *_delay_warning(delays),
        *_traffic_warning(experiment, sums),
        *_disagreement(comparisons),
        *_capacity_warning(experiment, capacity),
    ]
    outlook = _outlook(experiment, totals, split_p, comparisons, capacity)
    known = Known(experiment, totals, comparisons, capacity, split_p)
    return ExperimentReport(
        experiment=experiment,
        as_of=as_of,
        arms=totals,
        split_p=split_p,
        comparisons=comparisons,
        delays=delays,
        capacity=capacity,
        outlook=outlook,
        verdict=verdict_of(outlook, known),
        warnings=tuple(warnings),
    )


def _totals(experiment: Experiment, sums: UnitSums) -> tuple[ArmTotal, ...]:
    above, below = experiment.metric.parts
    shares, count = sum(arm.share for arm in experiment.arms), len(sums.arms)
    return tuple(
        ArmTotal(
            arm.name,
            int((sums.arms == number).sum()),
            count * arm.share / shares,
            float(sums.sums[above][sums.arms == number].sum()),
            float(sums.sums[below][sums.arms == number].sum()),
        )
        for number, arm in enumerate(experiment.arms)
    )


def _check(experiment: Experiment, sums: UnitSums, totals: tuple[ArmTotal, ...]) -> None:
    below = experiment.metric.parts[1]
    if not any(one.denominator for one in totals):
        raise WrongUse(
            f"no {below} of any exposed unit are stored since {experiment.started:%Y-%m-%d %H:%M}, "
            f"and {experiment.metric} needs them; see: intent experiment analyze --help (--metric)"
        )
    if experiment.metric is ComparedRatio.VALUE_PER_VIEWER and len(sums.currencies) > 1:
        raise WrongUse(
            f"orders were paid in {', '.join(sums.currencies)}: values of several currencies are "
            "not added up"
        )


def _outlook(
    experiment: Experiment,
    totals: tuple[ArmTotal, ...],
    split_p: float,
    comparisons: tuple[ArmFinding, ...],
    capacity: CapacityFinding | None,
) -> Outlook:
    if split_p < MISMATCH:
        return Outlook.SPLIT_IS_WRONG
    if min(one.units for one in totals) < FEWEST or all(np.isnan(one.p) for one in comparisons):
        return Outlook.TOO_FEW
    if experiment.unit is UnitKind.VIEWER and binds(capacity):
        return Outlook.DO_NOT_ROLL_OUT
    clear = [one for one in comparisons if one.p < 0.05]
    if any(one.treated > one.control for one in clear):
        return Outlook.BETTER
    return Outlook.WORSE if clear else Outlook.UNDECIDED


def _split_warning(totals: tuple[ArmTotal, ...], split_p: float) -> list[str]:
    if split_p >= MISMATCH:
        return []
    counts = ", ".join(f"{one.arm} {one.units:,} of {one.expected_units:,.0f}" for one in totals)
    return [
        f"The split is not the one that was dealt ({counts}; p = {split_p:.1g}): units were lost "
        "on their way. Find out where before you read anything below."
    ]


def _burn_in_warning(experiment: Experiment) -> list[str]:
    if experiment.unit is not UnitKind.TIME:
        return []
    if experiment.half_life is None:
        return [
            "Nobody said how long an arm is felt after a switch (--half-life): if it is felt for "
            "minutes, the difference between blocks is too small by as much."
        ]
    wanted = HALF_LIVES * experiment.half_life
    if experiment.burn_in >= wanted:
        return []
    return [
        f"The burn-in of {experiment.burn_in.total_seconds() / 60:g} min is shorter than "
        f"{HALF_LIVES} half-lives ({wanted.total_seconds() / 60:g} min): what the arm before "
        "leaves behind makes the difference too small. Start another with a longer one."
    ]


def _delay_warning(delays: tuple[DelayFinding, ...]) -> list[str]:
    day = [one for one in delays if one.hours == max(delay.hours for delay in delays)]
    quick = [one for one in delays if min(one.maturity) < MATURE]
    if not quick or not day:
        return []
    first = quick[0]
    return [
        f"Within {first.hours:g} h only {first.maturity[0]:.0%} of the orders of control and "
        f"{first.maturity[1]:.0%} of {first.arm} have arrived: a lift there may be nothing but "
        f"orders that come earlier. Read the one over {day[0].hours:g} h."
    ]


def _traffic_warning(experiment: Experiment, sums: UnitSums) -> list[str]:
    """Warn where rooms of an arm have more viewers: these came from somewhere."""
    if experiment.unit not in (UnitKind.ROOM, UnitKind.CREATOR) or not sums.sums["viewers"].any():
        return []
    found = []
    for pair in pairs(experiment, sums):
        kept = np.isin(sums.arms, (0, [arm.name for arm in experiment.arms].index(pair.arm)))
        people = sums.sums["viewers"][kept]
        moved = compare_rooms(ArmUnits(people, np.ones(len(people)), pair.units.treated))
        if float(moved.p()) < 0.05:
            found.append(
                f"Rooms of {pair.arm} have {float(moved.lift):+.0%} viewers beside control's. If "
                "they came from other rooms, a roll-out has nobody to move: do not multiply this "
                "by all rooms."
            )
    return found


def _disagreement(comparisons: tuple[ArmFinding, ...]) -> list[str]:
    return [
        f"{one.arm}: the interval that leaves rooms out and the test that deals them anew do not "
        f"agree (p {one.p:.3f} and {one.dealt_again_p:.3f}); with so few rooms wait for more."
        for one in comparisons
        if not np.isnan(one.dealt_again_p) and (one.p < 0.05) != (one.dealt_again_p < 0.05)
    ]


def _capacity_warning(experiment: Experiment, capacity: CapacityFinding | None) -> list[str]:
    if capacity is None:
        return []
    if np.isnan(capacity.turned_away):
        return [
            "Nobody tells which leads were answered, so whether hosts could serve more is not "
            "measured."
        ]
    if binds(capacity) and experiment.unit is not UnitKind.VIEWER:
        return [
            f"Hosts are at their limit ({capacity.turned_away:.0%} of leads were turned away in "
            "full minutes): more leads than now bring nothing without more hosts."
        ]
    return []
