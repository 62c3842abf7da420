"""Several runs on the same messages: what each is worth and costs, every pair under one correction,
and which of them nobody beats in both.

All pairs in all metrics of quality are one family, corrected after S. Holm, A simple sequentially
rejective multiple test procedure, 1979: it holds whatever hangs together among the pairs, and each
p-value that it is given respects rooms.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eval.measure.estimating import estimate
from eval.measure.finished import FinishedRun, select
from eval.measure.registry import METRICS
from eval.verdict.compare import MetricDifference, judged_family
from intent.model.errors import OperatorError
from intent.model.taxonomy import Taxonomy
from intent.statistics.rooms import Estimate

QUALITY = ("lead_f1", "macro_f1", "exact_match", "slot_f1", "cost_per_1000")
"""What runs are told apart by."""

_SHOWN = (*QUALITY, "valid_at_first_try", "usd_per_1000")


@dataclass(frozen=True, slots=True)
class Contender:
    """A run among others.

    Attributes:
        values: its metrics, each with a 95 % interval of its own.
        latency_p50, latency_p90: seconds until a message's batch was decided.
        on_frontier: no other run is cheaper per call and makes cheaper mistakes, as measured.
    """

    name: str
    run: FinishedRun
    values: dict[str, Estimate]
    latency_p50: float
    latency_p90: float
    on_frontier: bool

    @property
    def dollars(self) -> float:
        """What 1,000 messages cost, in US dollars."""
        return self.values["usd_per_1000"].value

    @property
    def mistakes(self) -> float:
        """What the mistakes of 1,000 messages cost, in false leads."""
        return self.values["cost_per_1000"].value


@dataclass(frozen=True, slots=True)
class RunPair:
    """Two of the runs; the changes are those from one to the other, in the order of
    :data:`QUALITY`.
    """

    one: str
    other: str
    changes: tuple[MetricDifference, ...]


@dataclass(frozen=True, slots=True)
class SideBySide:
    """Everything that several runs tell about each other.

    Attributes:
        contenders: in the order in which they were named.
        left_out: predictions of messages that not all runs have.
    """

    contenders: tuple[Contender, ...]
    pairs: tuple[RunPair, ...]
    left_out: int

    @property
    def claims(self) -> int:
        """How many questions share the one correction."""
        return sum(len(pair.changes) for pair in self.pairs)

    @property
    def best(self) -> Contender:
        """Whose mistakes cost least; of equals, who costs less."""
        return min(self.contenders, key=lambda one: (one.mistakes, one.dollars))


def side_by_side(runs: Sequence[FinishedRun], taxonomy: Taxonomy) -> SideBySide:
    """Hold runs against each other on the messages that all of them have decided.

    Raises:
        OperatorError: there is no such message.
    """
    shared = set.intersection(*({one.key for one in run.predictions} for run in runs))
    if not shared:
        raise OperatorError("the runs have no message in common; make all on the same suite")
    left_out = sum(len(run.predictions) - len(shared) for run in runs)
    chosen = [select(run, shared, taxonomy) for run in runs]
    clustered = chosen[0].suite.clusters == "room"
    values = [
        {name: estimate(METRICS[name], run.scored, clustered=clustered) for name in _SHOWN}
        for run in chosen
    ]
    points = [(one["usd_per_1000"].value, one["cost_per_1000"].value) for one in values]
    contenders = []
    for run, name, own, point in zip(chosen, _names(runs), values, points, strict=True):
        p50, p90 = np.quantile(run.scored.latency, (0.5, 0.9))
        contenders.append(
            Contender(name, run, own, float(p50), float(p90), not _beaten(point, points))
        )
    return SideBySide(tuple(contenders), _pairs(contenders, clustered=clustered), left_out)


def _pairs(contenders: Sequence[Contender], *, clustered: bool) -> tuple[RunPair, ...]:
    couples = list(itertools.combinations(contenders, 2))
    members = [
        (METRICS[name], f"{one.name} → {other.name}", one.run.scored, other.run.scored)
        for one, other in couples
        for name in QUALITY
    ]
    found = judged_family(members, clustered=clustered, families=1)
    size = len(QUALITY)
    return tuple(
        RunPair(one.name, other.name, found[place * size : (place + 1) * size])
        for place, (one, other) in enumerate(couples)
    )


def _beaten(point: tuple[float, float], points: Sequence[tuple[float, float]]) -> bool:
    return any(other[0] <= point[0] and other[1] <= point[1] and other != point for other in points)


def _names(runs: Sequence[FinishedRun]) -> list[str]:
    """Return a name for each run; folders of one name are told apart by where they lie."""
    times = Counter(run.name for run in runs)
    names: list[str] = []
    for run in runs:
        name = run.name if times[run.name] == 1 else f"{run.folder.parent.name}/{run.folder.name}"
        names.append(f"{name} ({len(names) + 1})" if name in names else name)
    return names
