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
from eval.measure.slots import judged_slots
from eval.run.predictions import slots_of
from intent.model.errors import OperatorError
from intent.model.taxonomy import Taxonomy
from intent.statistics.rooms import (
    DRAWS,
    Estimate,
    detectable,
    family_level,
    holm,
    mcnemar,
    messages_needed,
)

LEVEL = 0.95
FAMILIES = 3
"""Overall metrics, labels, and slices: each is one family with one correction, and the three share
the level.
"""

_SLICE_METRICS = ("lead_f1", "exact_match", "cost_per_1000")
_SLICE_DRAWS = 1000

Member = tuple[Metric, str, Scored, Scored]
"""A metric, where it is looked at, and both runs there."""

Judgement = Literal["better", "worse", "no difference shown", "cannot be told"]


@dataclass(frozen=True, slots=True)
class MetricDifference:
    """How one metric differs.

    Attributes:
        where: ``all``, a label, or ``dimension=value``.
        before, after: the metric of either run.
        change: after - before, with an interval that is corrected for everything that the
            comparison looks at.
        p: two-sided, adjusted likewise.
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

    @property
    def claimed(self) -> bool:
        """Whether it is called better or worse."""
        return self.judgement in {"better", "worse"}


@dataclass(frozen=True, slots=True)
class Flip:
    """A message that is decided otherwise than before, in labels or in slots.

    Attributes:
        gain: the cost that it saves, negative where it costs more.
        slot_gain: by how many there are fewer wrong or missed slots, negative where more.
        slots_before, slots_after: what is wrong with its slots, for people.
    """

    id: str
    repeat: int
    right: tuple[str, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]
    gain: float
    slot_gain: int
    slots_before: str
    slots_after: str

    @property
    def kind(self) -> Literal["worse", "better", "other"]:
        """What became of it; where the labels cost the same, the slots tell."""
        change = self.gain or self.slot_gain
        return "worse" if change < 0 else "better" if change > 0 else "other"


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
        overall=judged_family(
            [(metric, "all", first, second) for metric in METRICS.values()], clustered=clustered
        ),
        labels=judged_family(
            [
                (metric_named(f"f1:{name}", first.labels), name, first, second)
                for name in first.labels
            ],
            clustered=clustered,
        ),
        slices=judged_family(
            [
                member
                for dimension in after.suite.slices
                for member in _slices(dimension, first, second)
            ],
            clustered=clustered,
            draws=_SLICE_DRAWS,
        ),
        only_before_right=lost,
        only_after_right=won,
        mcnemar=mcnemar(lost, won) if independent else None,
        flips=_flips(before, after, taxonomy),
    )


def _slices(dimension: str, first: Scored, second: Scored) -> list[Member]:
    values = first.slices[dimension]
    parts = [
        (str(value), first.only(values == value), second.only(values == value))
        for value in np.unique(values)
    ]
    return [
        (METRICS[name], f"{dimension}={value}", one, other)
        for name in _SLICE_METRICS
        for value, one, other in parts
    ]


def judged_family(
    members: list[Member], *, clustered: bool, draws: int = DRAWS, families: int = FAMILIES
) -> tuple[MetricDifference, ...]:
    """Judge a family under one correction.

    Args:
        families: how many of them share the level, so that all that they claim holds together.
    """
    level = family_level(len(members) * families, LEVEL)
    found = [
        _difference(metric, where, first, second, clustered=clustered, level=level, draws=draws)
        for metric, where, first, second in members
    ]
    adjusted = np.minimum(1.0, families * np.array(holm([one.p for one in found]))).tolist()
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


def _flips(before: FinishedRun, after: FinishedRun, taxonomy: Taxonomy) -> tuple[Flip, ...]:
    found = []
    for place, (old, new) in enumerate(zip(before.predictions, after.predictions, strict=True)):
        if old.labels == new.labels and slots_of(old) == slots_of(new):
            continue
        row = before.items[new.id].row
        were, are = (judged_slots(row, one, taxonomy) for one in (old, new))
        found.append(
            Flip(
                new.id,
                new.repeat,
                row.expected.labels,
                old.labels,
                new.labels,
                float(before.scored.cost[place] - after.scored.cost[place]),
                were.mistakes - are.mistakes,
                were.story,
                are.story,
            )
        )
    order = {"worse": 0, "other": 1, "better": 2}
    return tuple(
        sorted(
            found,
            key=lambda one: (order[one.kind], one.gain, one.slot_gain, one.id, one.repeat),
        )
    )
