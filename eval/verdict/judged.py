"""A run with everything that can be said of it: its metrics, its difference from another, and
whether it may ship.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.measure.finished import FinishedRun, broken_assertions, load_run
from eval.measure.judge_findings import JudgeFindings
from eval.measure.metrics import measure
from eval.run.predictions import Prediction, replace
from eval.verdict.baseline import BASELINES, METRICS, baseline_of
from eval.verdict.checks import GateReport
from eval.verdict.compare import Comparison, compare
from eval.verdict.gate import check_run
from intent.model.errors import OperatorError
from intent.model.taxonomy import Taxonomy


@dataclass(frozen=True, slots=True)
class Judged:
    """What summary, JUnit file and report are written from.

    Attributes:
        metrics: as in ``metrics.json``.
        comparison: with the baseline or another run; None where there is none.
        broken: decisions that break what is asserted of their message, with what they break.
        gate: None where the run is of a part of the suite, or has no baseline and needs one.
    """

    run: FinishedRun
    metrics: dict[str, Any]
    comparison: Comparison | None
    gate: GateReport | None
    broken: tuple[tuple[Prediction, tuple[str, ...]], ...] = ()


def judge(
    folder: Path, taxonomy: Taxonomy, *, against: Path | None = None, baselines: Path = BASELINES
) -> Judged:
    """Score a finished run, and hold it against the baseline or another run.

    Args:
        against: another run; None for the baseline of the suite, if there is one.

    Raises:
        OperatorError: a run cannot be read, or the two share no message.
    """
    run = load_run(folder, taxonomy)
    suite = run.suite
    metrics = measure(run.scored, suite, taxonomy)
    if run.judge is not None:
        metrics["judge"] = _judge(run.judge)
    replace(folder / METRICS, (json.dumps(metrics, indent=1, ensure_ascii=False) + "\n").encode())
    other = (
        load_run(against, taxonomy, suite)
        if against is not None
        else baseline_of(suite, taxonomy, baselines)
    )
    comparison = compare(other, run, taxonomy) if other is not None else None
    gated = (
        bool(suite.gates)
        and not run.manifest.partial
        and (other is not None or all(gate.margin is None for gate in suite.gates))
    )
    gate = check_run(run, other, taxonomy) if gated else None
    return Judged(run, metrics, comparison, gate, tuple(broken_assertions(run, taxonomy)))


def _judge(found: JudgeFindings) -> dict[str, Any]:
    record = found.record
    return {
        "counted": not found.why_not,
        "why_not": found.why_not,
        "answers": dict(found.counts),
        **({} if record is None else record.model_dump(mode="json", exclude={"answers"})),
    }


def require_gate(judged: Judged) -> GateReport:
    """Return the gate's report.

    Raises:
        OperatorError: the run cannot be gated; the text says why.
    """
    if judged.gate is not None:
        return judged.gate
    if judged.run.manifest.partial:
        raise OperatorError(
            "a run of a part of the suite cannot be gated; run it without --filter, --sample and "
            "--only-failures"
        )
    raise OperatorError(
        f"suite {judged.run.suite.name} has no baseline; make a good run the baseline with: python "
        f"-m eval bless {judged.run.folder}"
    )
