"""What every verb that judges a run does at its end: write the files, say the verdict."""

from __future__ import annotations

from pathlib import Path

from rich.table import Table

from eval.measure.registry import METRICS
from eval.report.page import page
from eval.run.predictions import replace
from eval.verdict.baseline import BASELINES
from eval.verdict.checks import GateReport, Verdict
from eval.verdict.chronicle import keep_ruling
from eval.verdict.comment import comment
from eval.verdict.judged import Judged, judge
from eval.verdict.junit import junit
from eval.verdict.numbers import interval, number, signed
from eval.verdict.summary import ends, headline, summary
from intent.bootstrap.application import open_application
from intent.cli.screen import people, results

GATE_FAILED, UNDECIDED = 100, 101
"""Exit codes of a failed gate, and of an inconclusive one under --strict."""

REPORT = "report.html"

_COLOURS = {Verdict.PASSED: "green", Verdict.FAILED: "bold red", Verdict.INCONCLUSIVE: "yellow"}


def finish(
    folder: Path, *, against: Path | None = None, baselines: Path = BASELINES, quiet: bool = False
) -> Judged:
    """Judge a finished run, write its files, and print the verdict."""
    taxonomy = open_application().taxonomy
    judged = judge(folder, taxonomy, against=against, baselines=baselines)
    replace(folder / "summary.md", summary(judged).encode())
    replace(folder / "comment.md", comment(judged).encode())
    replace(folder / "junit.xml", junit(judged))
    replace(folder / REPORT, page(judged, taxonomy).encode())
    if against is None:
        keep_ruling(folder, judged)
    if not quiet:
        results().print(differences(judged) if judged.comparison else values(judged))
        people().print(headline(judged), markup=False, soft_wrap=True)
        if judged.run.judge is not None:
            people().print(judged.run.judge.words, markup=False, soft_wrap=True)
        people().print(f"open {folder / REPORT}", markup=False)
    if judged.run.stale:
        people().print(
            f"{judged.run.stale} predictions were left out: their message is gone or was changed "
            "since",
            markup=False,
        )
    return judged


def values(judged: Judged) -> Table:
    """Return the run's metrics as a table."""
    table = Table(
        "metric",
        "value",
        "95 % interval",
        title=f"{judged.metrics['rows']:,} decisions, {judged.metrics['rooms']} rooms",
    )
    for name, found in judged.metrics["overall"].items():
        table.add_row(METRICS[name].title, number(found["value"]), interval(found))
    return table


def differences(judged: Judged) -> Table:
    """Return the run beside what it is held against."""
    comparison = judged.comparison
    assert comparison is not None
    title = (
        f"{comparison.before.name} → {comparison.after.name}: {comparison.overall[0].rows:,} "
        f"decisions, {comparison.overall[0].rooms} rooms"
    )
    table = Table(
        "metric",
        "before",
        "now",
        "change",
        "corrected interval",
        "judgement",
        "smallest seen",
        title=title,
    )
    for one in comparison.overall:
        change = (signed(one.change.value), interval(ends(one)))
        table.add_row(
            one.title,
            number(one.before),
            number(one.after),
            *change,
            one.judgement,
            number(one.detectable),
        )
    return table


def print_checks(gate: GateReport, *, everything: bool) -> None:
    """Print a gate's checks, those that did not pass first; without ``everything`` only those."""
    order = [Verdict.FAILED, Verdict.INCONCLUSIVE, Verdict.PASSED]
    for verdict in order if everything else order[:2]:
        for check in gate.of(verdict):
            people().print(f"[{_COLOURS[verdict]}]{verdict.value:12}[/]", end=" ")
            people().print(f"{check.name}: {check.why}", markup=False, soft_wrap=True)
    counted = ", ".join(f"{len(gate.of(verdict))} {verdict.value}" for verdict in order)
    people().print(f"[{_COLOURS[gate.verdict]}]gate {gate.verdict.value}[/]: {counted}")
