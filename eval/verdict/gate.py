"""May it ship? Three-valued non-inferiority against the baseline, limits, and messages that must be
right.

A check passes when the one-sided 95 % bound of the harm lies below the margin. It fails when the
harm is beyond the margin *and* shown to be harm (one-sided 5 %, Holm-adjusted within the gate's
family). Everything between is inconclusive, and says how many messages would settle it, or that no
suite like this one will. What stands in too few rooms is inconclusive, whatever became of it.
Passing all checks of a family needs no correction (intersection-union test); only failing does.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from eval.measure.estimating import FEW_ROOMS, difference, estimate, rooms_holding, units
from eval.measure.finished import FinishedRun, select
from eval.measure.registry import JUDGED, METRICS, Metric, metric_named, value_of
from eval.measure.scored import Scored
from eval.run.suite import Gate
from eval.verdict.checks import Check, GateReport, Verdict
from eval.verdict.numbers import number, p_words
from intent.model.errors import OperatorError
from intent.model.taxonomy import Taxonomy
from intent.statistics.rooms import Estimate, above_zero, detectable, holm, messages_needed

_ONE_SIDED = 0.05
_LATENCY = {"latency_p50": 0.5, "latency_p90": 0.9, "latency_p99": 0.99}
_SAME_MESSAGES = 0.95


def check_run(
    candidate: FinishedRun, baseline: FinishedRun | None, taxonomy: Taxonomy
) -> GateReport:
    """Hold a candidate against its suite's gates.

    Raises:
        OperatorError: a gate names no metric, there is no baseline and one is needed, or too few
            messages are the same in both.
    """
    suite = candidate.suite
    clustered = suite.clusters == "room"
    checks = [
        check
        for gate in suite.gates
        if gate.limit is not None
        for check in _uncounted(gate, candidate)
        or limit_checks(gate, candidate.scored, clustered=clustered)
    ]
    margins = [gate for gate in suite.gates if gate.margin is not None]
    if margins:
        before, after = _same_messages(candidate, baseline, taxonomy)
        for gate in margins:
            checks += _non_inferior(gate, before.scored, after.scored, clustered=clustered)
    return GateReport((*checks, *(_must_pass(key, candidate) for key in suite.must_pass)))


def _same_messages(
    candidate: FinishedRun, baseline: FinishedRun | None, taxonomy: Taxonomy
) -> tuple[FinishedRun, FinishedRun]:
    if baseline is None:
        raise OperatorError(
            f"suite {candidate.suite.name} has no baseline; make a good run the baseline with: "
            "python -m eval bless RUN"
        )
    keys = {one.key for one in candidate.predictions}
    shared = keys & {one.key for one in baseline.predictions}
    if len(shared) < _SAME_MESSAGES * len(keys):
        raise OperatorError(
            f"the baseline has only {len(shared)} of the {len(keys)} messages; the dataset has "
            "changed: bless a new baseline"
        )
    return select(baseline, shared, taxonomy), select(candidate, shared, taxonomy)


def _uncounted(gate: Gate, candidate: FinishedRun) -> list[Check]:
    """Return the one check that stands for a gate on a judge whose answers do not count."""
    judge = candidate.judge
    if gate.metric != JUDGED.name or (judge is not None and not judge.why_not):
        return []
    why = "nothing is asked of a judge" if judge is None else judge.why_not
    told = f"the judge's answers are not counted: {why}"
    return [Check(f"{gate.metric} limit", Verdict.INCONCLUSIVE, told, margin=gate.limit or 0.0)]


def limit_checks(gate: Gate, scored: Scored, *, clustered: bool) -> list[Check]:
    """Hold a run, or with ``over`` each of its parts that hold what is counted, to a limit. A part
    that is beyond it fails where that is shown (one-sided 5 %, shared by all parts).
    """
    if gate.over is None:
        return [_limit(gate, scored, clustered=clustered)]
    metric, values = metric_named(gate.metric, scored.labels), scored.slices[gate.over]
    parts = {str(value): scored.only(values == value) for value in np.unique(values)}
    held = {
        value: part
        for value, part in parts.items()
        if metric.held is None or metric.held(part).any()
    }
    level = 1 - 2 * _ONE_SIDED / max(len(held), 1)
    checks = []
    for value, part in held.items():
        check = _limit(gate, part, clustered=clustered)
        if check.verdict is Verdict.FAILED:
            found = estimate(metric, part, clustered=clustered, level=level)
            best, limit = (found.high if metric.higher else -found.low), check.margin
            if not best < (limit if metric.higher else -limit):
                why = f"{check.why}; that may be chance"
                check = dataclasses.replace(check, verdict=Verdict.INCONCLUSIVE, why=why)
        name = f"{gate.metric} in {gate.over}={value} limit"
        checks.append(dataclasses.replace(check, name=name))
    return checks


def _limit(gate: Gate, scored: Scored, *, clustered: bool) -> Check:
    limit = gate.limit
    assert limit is not None
    if gate.metric in _LATENCY:
        value = float(np.quantile(scored.latency, _LATENCY[gate.metric]))
        higher, title, few = False, f"{gate.metric} in seconds", False
    else:
        metric = metric_named(gate.metric, scored.labels)
        value, higher, title = value_of(metric, scored), metric.higher, metric.title
        # A mean over all messages is what it is; what only some hold must be held by enough.
        rooms = units(scored, clustered=clustered)
        few = metric.held is not None and rooms_holding(metric, scored, rooms) < FEW_ROOMS
    side = "at least" if higher else "at most"
    why = f"{title} is {number(value)}, it must be {side} {number(limit)}"
    kept = Verdict.PASSED if (value >= limit if higher else value <= limit) else Verdict.FAILED
    if few:
        kept, why = Verdict.INCONCLUSIVE, f"{why}; fewer than {FEW_ROOMS} rooms hold what it counts"
    return Check(f"{gate.metric} limit", kept, why, after=value, margin=limit)


def _must_pass(key: str, candidate: FinishedRun) -> Check:
    name = f"must pass: {key}"
    said = [one for one in candidate.predictions if one.id == key]
    if not said:
        return Check(name, Verdict.INCONCLUSIVE, f"the run has no decision on {key}")
    right = candidate.items[key].row.expected.labels
    wrong = next((one for one in said if one.labels != right), None)
    if wrong is None:
        return Check(name, Verdict.PASSED, f"{key} is {', '.join(right)}")
    return Check(
        name,
        Verdict.FAILED,
        f"{key} must be {', '.join(right)} and was decided {', '.join(wrong.labels) or 'unusably'}",
    )


def _non_inferior(gate: Gate, before: Scored, after: Scored, *, clustered: bool) -> list[Check]:
    judged = [
        _harm(gate, metric, where, one, other, clustered=clustered)
        for metric, where, one, other in _members(gate, before, after)
    ]
    known = [
        (check, p) for check, p in judged if not np.isnan(check.after) or not np.isnan(check.before)
    ]
    adjusted = holm([p for _, p in known])
    return [_settled(check, p) for (check, _), p in zip(known, adjusted, strict=True)]


def _members(gate: Gate, before: Scored, after: Scored) -> list[tuple[Metric, str, Scored, Scored]]:
    kind, _, label = gate.metric.partition(":")
    names = [f"{kind}:{name}" for name in before.labels] if label == "*" else [gate.metric]
    metrics = [metric_named(name, before.labels) for name in names]
    if gate.over is None:
        return [(metric, metric.name, before, after) for metric in metrics]
    values = before.slices[gate.over]
    parts = [
        (str(value), before.only(values == value), after.only(values == value))
        for value in np.unique(values)
    ]
    return [
        (metric, f"{metric.name} in {gate.over}={value}", one, other)
        for metric in metrics
        for value, one, other in parts
    ]


def _harm(
    gate: Gate, metric: Metric, where: str, before: Scored, after: Scored, *, clustered: bool
) -> tuple[Check, float]:
    """Return the check, still inconclusive, and the one-sided p-value of *no harm at all*."""
    margin = gate.margin
    assert margin is not None
    change = difference(metric, before, after, clustered=clustered, level=1 - 2 * _ONE_SIDED)
    sign = -1.0 if metric.higher else 1.0
    harm = sign * change.value
    effect = harm if harm > margin else margin - max(harm, 0.0)
    check = Check(
        where,
        Verdict.INCONCLUSIVE,
        "",
        value_of(metric, before),
        value_of(metric, after),
        harm,
        -change.low if metric.higher else change.high,
        margin,
        messages_needed(len(before), change, effect),
    )
    return dataclasses.replace(check, why=_story(metric, check, change)), above_zero(
        change, sign=sign
    )


def _story(metric: Metric, check: Check, change: Estimate) -> str:
    seen = detectable(change)
    parts = [f"{metric.title}: {number(check.before)} before, {number(check.after)} now"]
    if np.isnan(change.error) and change.rooms < FEW_ROOMS:
        where = "in 1 room" if change.rooms == 1 else f"in {change.rooms or 'no'} rooms"
        parts.append(f"what it counts stands {where}, and fewer than {FEW_ROOMS} show nothing")
    elif not np.isnan(seen):
        parts.append(f"at least {number(seen)} would be seen")
    return "; ".join(parts)


def _settled(check: Check, p: float) -> Check:
    if check.bound < check.margin:
        why = (
            f"{check.why}; worse by at most {number(max(check.bound, 0.0))}, allowed is "
            f"{number(check.margin)}"
        )
        return dataclasses.replace(check, verdict=Verdict.PASSED, why=why, needed=None)
    if check.harm > check.margin and p < _ONE_SIDED:
        why = (
            f"{check.why}; worse by {number(check.harm)}, allowed is {number(check.margin)} "
            f"({p_words(p)})"
        )
        return dataclasses.replace(check, verdict=Verdict.FAILED, why=why, needed=None)
    if np.isnan(check.bound):
        return check
    settled = (
        f"about {check.needed:,} messages would settle it"
        if check.needed
        else "cannot be settled on this suite"
    )
    why = (
        f"{check.why}; may be worse by up to {number(check.bound)}, allowed is "
        f"{number(check.margin)}; {settled}"
    )
    return dataclasses.replace(check, why=why)


def metric_names(labels: tuple[str, ...], gates: tuple[Gate, ...]) -> None:
    """Refuse gates on metrics that do not exist, before anything is run.

    Raises:
        OperatorError: naming the gate.
    """
    for gate in gates:
        kind, _, label = gate.metric.partition(":")
        known = gate.metric in METRICS or (gate.limit is not None and gate.metric in _LATENCY)
        if not known:
            metric_named(f"{kind}:{labels[0]}" if label == "*" else gate.metric, labels)
