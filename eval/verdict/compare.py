"""Two runs on the same messages: what changed, how sure that is, and for whom."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Literal

import numpy as np

from eval.measure.estimating import difference
from eval.measure.finished import FinishedRun, select
from eval.measure.registry import METRICS, Metric, exact, metric_named, value_of
from eval.measure.scored import Scored
from intent.model.errors import OperatorError
from intent.model.taxonomy import Taxonomy
from intent.statistics.rooms import (
    Estimate,
    detectable,
    family_level,
    holm,
    mcnemar,
    messages_needed,
)

LEVEL = 0.95
_SLICE_METRICS = ("lead_f1", "exact_match", "cost_per_1000")
_SLICE_DRAWS = 1000

Judgement = Literal["better", "worse", "no difference shown", "cannot be told"]


@dataclass(frozen=True, slots=True)
class MetricDifference:
    """How one metric differs.

    Attributes:
        where: ``all``, a label, or ``dimension=value``.
        before, after: the metric of either run.
        change: after - before, with an interval that is corrected for the size of its family.
        p: two-sided, adjusted for the family.
        detectable: smallest difference that so many messages show four times in five.
        harm: how much worse it became, positive where worse, in the metric's unit.
    """

    metric: str
    title: str
    where: str
    higher: bool
    rows: int
    rooms: int
    before: float
    after: float
    change: Estimate
    p: float
    detectable: float
    judgement: Judgement

    @property
    def harm(self) -> float:
        """How much worse it became."""
        return -self.change.value if self.higher else self.change.value


@dataclass(frozen=True, slots=True)
class Flip:
    """A message that is decided otherwise than before; ``gain`` is the cost that it saves, negative
    where it costs more.
    """

    id: str
    repeat: int
    right: tuple[str, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]
    gain: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that two runs tell about each other.

    Attributes:
        left_out: predictions of either run that the other does not have.
        only_before_right, only_after_right: messages whose labels are exactly right in one of the
            two.
        mcnemar: exact p-value; None where messages are clustered or were decided several times,
            since it would raise false alarms.
        flips: the most harmful first.
    """

    before: FinishedRun
    after: FinishedRun
    left_out: int
    overall: tuple[MetricDifference, ...]
    labels: tuple[MetricDifference, ...]
    slices: tuple[MetricDifference, ...]
    only_before_right: int
    only_after_right: int
    mcnemar: float | None
    flips: tuple[Flip, ...]


def compare(before: FinishedRun, after: FinishedRun, taxonomy: Taxonomy) -> Comparison:
    """Compare two runs on the messages that both have decided.

    Raises:
        OperatorError: they have no message in common.
    """
    shared = {one.key for one in before.predictions} & {one.key for one in after.predictions}
    if not shared:
        raise OperatorError(
            f"{before.folder} and {after.folder} have no message in common; run both on the same "
            "suite"
        )
    left_out = len(before.predictions) + len(after.predictions) - 2 * len(shared)
    before, after = select(before, shared, taxonomy), select(after, shared, taxonomy)
    first, second = before.scored, after.scored
    clustered = after.suite.clusters == "room"
    independent = not clustered and len(set(second.ids)) == len(second)
    was_right, is_right = exact(first) > 0, exact(second) > 0
    lost, won = int((was_right & ~is_right).sum()), int((~was_right & is_right).sum())
    return Comparison(
        before=before,
        after=after,
        left_out=left_out,
        overall=_family(
            [(metric, "all", first, second) for metric in METRICS.values()],
            clustered=clustered,
            corrected=False,
        ),
        labels=_family(
            [
                (metric_named(f"f1:{name}", first.labels), name, first, second)
                for name in first.labels
            ],
            clustered=clustered,
        ),
        slices=tuple(
            one
            for dimension in after.suite.slices
            for one in _slices(dimension, first, second, clustered=clustered)
        ),
        only_before_right=lost,
        only_after_right=won,
        mcnemar=mcnemar(lost, won) if independent else None,
        flips=_flips(before, after),
    )


def _slices(
    dimension: str, first: Scored, second: Scored, *, clustered: bool
) -> list[MetricDifference]:
    values = first.slices[dimension]
    parts = [
        (str(value), first.only(values == value), second.only(values == value))
        for value in np.unique(values)
    ]
    found: list[MetricDifference] = []
    for name in _SLICE_METRICS:
        members = [
            (METRICS[name], f"{dimension}={value}", one, other) for value, one, other in parts
        ]
        found += _family(members, clustered=clustered, draws=_SLICE_DRAWS)
    return found


def _family(
    members: list[tuple[Metric, str, Scored, Scored]],
    *,
    clustered: bool,
    corrected: bool = True,
    draws: int = 2000,
) -> tuple[MetricDifference, ...]:
    level = family_level(len(members), LEVEL) if corrected else LEVEL
    found = [
        _difference(metric, where, first, second, clustered=clustered, level=level, draws=draws)
        for metric, where, first, second in members
    ]
    adjusted = holm([one.p for one in found]) if corrected else [one.p for one in found]
    return tuple(
        dataclasses.replace(one, p=p, judgement=_judged(one, p))
        for one, p in zip(found, adjusted, strict=True)
    )


def _difference(
    metric: Metric,
    where: str,
    first: Scored,
    second: Scored,
    *,
    clustered: bool,
    level: float,
    draws: int,
) -> MetricDifference:
    change = difference(metric, first, second, clustered=clustered, level=level, draws=draws)
    return MetricDifference(
        metric=metric.name,
        title=metric.title,
        where=where,
        higher=metric.higher,
        rows=len(first),
        rooms=change.rooms,
        before=value_of(metric, first),
        after=value_of(metric, second),
        change=change,
        p=change.p,
        detectable=detectable(change),
        judgement="cannot be told",
    )


def _judged(one: MetricDifference, p: float) -> Judgement:
    if np.isnan(p):
        return "cannot be told"
    if p >= 1 - LEVEL or one.change.value == 0:
        return "no difference shown"
    return "worse" if one.harm > 0 else "better"


def needed(one: MetricDifference, effect: float) -> int | None:
    """Return how many messages would show an effect of this size."""
    return messages_needed(one.rows, one.change, effect)


def _flips(before: FinishedRun, after: FinishedRun) -> tuple[Flip, ...]:
    found = []
    for place, (old, new) in enumerate(zip(before.predictions, after.predictions, strict=True)):
        if old.labels != new.labels:
            gain = float(before.scored.cost[place] - after.scored.cost[place])
            found.append(
                Flip(
                    new.id,
                    new.repeat,
                    before.items[new.id].row.expected.labels,
                    old.labels,
                    new.labels,
                    gain,
                )
            )
    return tuple(sorted(found, key=lambda flip: (flip.gain, flip.id, flip.repeat)))
