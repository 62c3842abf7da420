"""Shows what builds of training rows and checks of parity have found."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from intent.cli.screen import results, say

if TYPE_CHECKING:
    from intent.features.check.audit import StateCheck
    from intent.features.check.parity import ParityReport
    from intent.features.offline.build import BuildReport

SHOWN_WRONG = 20


def show_build(report: BuildReport, out: Path, *, strict: bool) -> None:
    """Tell people what was built, what is missing of it, and how much was known late."""
    say(f"{report.rows:,} rows × {report.features} features in {out}, {report.seconds:.1f} s")
    for view, match in report.matched.items():
        found = "no row has its key" if match.rate is None else f"{match.rate:.1%} found"
        without = report.rows - match.keyed
        say(f"{view}: {found}" + (f", {without:,} rows without a key" if without else ""))
    for name, missing in report.unlabelled.items():
        if missing:
            say(
                f"{name}: missing in {missing:,} rows, whose window ends after the facts do or "
                "whose key lacks a part"
            )
    for name, mature in report.maturity.items():
        known = datetime.fromtimestamp(mature.as_of / 1_000_000, UTC)
        say(
            f"{name}: as known at {known:%Y-%m-%d %H:%M:%S} UTC; 95 % of conversions are known "
            f"within {timedelta(microseconds=mature.lateness)}, so {mature.young:,} rows may lack "
            "some"
        )
    if report.messages:
        share = report.left_out / report.messages
        say(
            f"left out: {report.left_out:,} of {report.messages:,} messages ({share:.1%}), decided "
            "later than the spine's last row"
        )
        say(
            f"late: {report.late / report.messages:.1%} were decided more than an hour after they "
            "were said"
        )
        if strict and share > 0.5:
            say(
                "most of this history came in afterwards; to take it as decided soon after it was "
                "said: --history assume:30s"
            )


def show_parity(report: ParityReport, state: StateCheck, *, holds: bool) -> None:
    """Show how served vectors, and the online state, compare with what was recomputed."""
    from rich.table import Table

    table = Table(
        title=f"{report.vectors:,} served vectors, {report.values:,} values", title_justify="left"
    )
    for name in ("feature", "equal", "mismatch", "missing", "extra", "racing", "example"):
        table.add_column(
            name, justify="left" if name in {"feature", "example"} else "right", overflow="fold"
        )
    ordered = sorted(report.features.items(), key=lambda pair: -pair[1].wrong)
    for name, one in ordered[:SHOWN_WRONG]:
        table.add_row(
            name,
            *(f"{n:,}" for n in (one.equal, one.mismatched, one.missing, one.extra, one.racing)),
            one.example,
        )
    results().print(table)
    if len(ordered) > SHOWN_WRONG:
        say(
            f"and {len(ordered) - SHOWN_WRONG} features more, none with more wrong values; all "
            "with --json"
        )
    say(f"not compared: {report.aside}")
    results().print(
        f"online state from decisions: {state.recomputed:,} rows, "
        f"{state.mismatched + state.missing + state.extra:,} wrong"
    )
    results().print("[bold green]parity holds[/]" if holds else "[bold red]parity does not hold[/]")
