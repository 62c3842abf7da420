"""Says the verdict of an experiment in plain sentences; the first one alone says what to do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from intent.experiments.arm_findings import ArmFinding, ArmTotal, CapacityFinding, Outlook
from intent.model.experiment import Experiment, UnitKind

_NAMES = {
    UnitKind.VIEWER: "viewers",
    UnitKind.ROOM: "rooms",
    UnitKind.CREATOR: "creators",
    UnitKind.TIME: "blocks of time",
}

SMALLEST = 0.001
"""A p-value below is only said to be so."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the sentences are made of."""

    experiment: Experiment
    totals: tuple[ArmTotal, ...]
    comparisons: tuple[ArmFinding, ...]
    capacity: CapacityFinding | None
    split_p: float


def units_of(experiment: Experiment) -> str:
    """Return what is dealt, in words."""
    return _NAMES[experiment.unit]


def metric_in_words(experiment: Experiment) -> str:
    """Return the metric in words."""
    return experiment.metric.value.replace("_", " ")


def verdict_of(outlook: Outlook, known: Known) -> tuple[str, ...]:
    """Return the sentences."""
    counted = " and ".join(f"{one.units:,} ({one.arm})" for one in known.totals)
    return (
        _first(outlook, known),
        *(_compared(one, known.experiment) for one in known.comparisons),
        f"It rests on {counted} {units_of(known.experiment)}.",
    )


def _first(outlook: Outlook, known: Known) -> str:
    best = max(known.comparisons, key=lambda one: np.nan_to_num(one.lift, nan=-np.inf))
    name = known.experiment.name
    if outlook is Outlook.SPLIT_IS_WRONG:
        return f"Do not read {name}: units were lost between the arms."
    if outlook is Outlook.TOO_FEW:
        return f"{name} has too few {units_of(known.experiment)} to say anything."
    if outlook is Outlook.DO_NOT_ROLL_OUT:
        capacity = known.capacity
        assert capacity is not None, "it is its verdict"
        return (
            f"Do not roll out on this: hosts answer {capacity.most:g} leads a minute at most, and "
            f"{capacity.turned_away:.0%} of leads were turned away in such minutes. What one "
            "viewer gains another loses; deal rooms or time instead."
        )
    if outlook is Outlook.BETTER:
        return f"{best.arm} is better: {metric_in_words(known.experiment)} {_lift(best)}."
    if outlook is Outlook.WORSE:
        worst = min(known.comparisons, key=lambda one: np.nan_to_num(one.lift, nan=np.inf))
        return f"{worst.arm} is worse: {metric_in_words(known.experiment)} {_lift(worst)}."
    seen = min(one.detectable for one in known.comparisons)
    small = f" Smaller effects than about {seen:.0%} could not be seen." if seen == seen else ""
    return f"{name} shows no difference.{small}"


def chance_in_words(p: float) -> str:
    """Return a p-value, never as if it were nothing."""
    return "< 0.001" if p < SMALLEST else f"= {p:.3f}"


def _lift(one: ArmFinding) -> str:
    if np.isnan(one.lift_low):
        return f"by {one.treated - one.control:+.4g} (from {one.low:+.4g} to {one.high:+.4g})"
    return f"{one.lift:+.1%} (from {one.lift_low:+.1%} to {one.lift_high:+.1%})"


def _compared(one: ArmFinding, experiment: Experiment) -> str:
    if np.isnan(one.p):
        return f"{one.arm}: nobody can tell yet."
    always = "holds" if one.always else "does not hold"
    anew = one.dealt_again_p
    dealt = "" if np.isnan(anew) else f", {chance_in_words(anew)} by dealing them anew"
    return (
        f"{one.arm} beside {experiment.control}: {one.treated:.4g} against {one.control:.4g} "
        f"{metric_in_words(experiment)}, {_lift(one)}; p {chance_in_words(one.p)}{dealt}. "
        f"Looked at every day, a difference {always}."
    )
