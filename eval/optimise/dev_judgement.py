"""Judges finalists on messages that the search has never seen: better beyond chance, corrected for
how many are judged, and nothing that the suite guards got worse.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eval.measure.estimating import difference
from eval.measure.finished import FinishedRun
from eval.measure.registry import METRICS
from eval.optimise.candidate import Candidate
from eval.verdict.checks import GateReport, Verdict
from eval.verdict.gate import check_run
from intent.model.taxonomy import Taxonomy
from intent.statistics.rooms import Estimate

METRIC = "cost_per_1000"
"""What a candidate has to lower: what mistakes cost by the taxonomy, for 1,000 messages."""

LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Judgement:
    """What became of a finalist.

    Attributes:
        before, after: cost of mistakes for 1,000 messages, of the prompt as it is and of this one.
        change: ``after - before``; its interval holds for all finalists together.
        gate: the suite's gates, with the prompt as it is as baseline.
    """

    candidate: Candidate
    before: float
    after: float
    change: Estimate
    gate: GateReport

    @property
    def is_better(self) -> bool:
        """Whether it is shown to be better, and no gate failed."""
        return self.change.high < 0 and self.gate.verdict is not Verdict.FAILED


def judged(
    finalists: Sequence[tuple[Candidate, FinishedRun]], base: FinishedRun, taxonomy: Taxonomy
) -> list[Judgement]:
    """Hold finalists against the prompt as it is.

    The interval of each is wide enough that all together hold with 95 % (Bonferroni). The gates
    only keep a candidate out, so they need no correction.
    """
    metric = METRICS[METRIC]
    level = 1 - (1 - LEVEL) / max(len(finalists), 1)
    clustered = base.suite.clusters == "room"
    found = []
    for candidate, run in finalists:
        change = difference(metric, base.scored, run.scored, clustered=clustered, level=level)
        before = float(base.scored.cost.mean() * 1000)
        after = float(run.scored.cost.mean() * 1000)
        gate = check_run(run, base, taxonomy)
        found.append(Judgement(candidate, before, after, change, gate))
    return found


def winner(found: Sequence[Judgement]) -> Judgement | None:
    """Return the finalist that costs least of those that are better; None where nothing helped."""
    better = [one for one in found if one.is_better]
    return min(better, key=lambda one: one.after) if better else None
