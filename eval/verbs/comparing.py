"""The verb that holds runs against each other: compare."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from eval.verbs.outcome import finish
from eval.verdict.judged import Judged
from eval.verdict.numbers import number, p_words
from eval.verdict.summary import summary
from intent.cli.screen import people


def compare(
    before: Annotated[Path, typer.Argument(metavar="A", help="folder of the run that was")],
    after: Annotated[Path, typer.Argument(metavar="B", help="folder of the run that is new")],
    markdown: Annotated[
        bool, typer.Option("--markdown", help="print summary.md instead of a table")
    ] = False,
) -> None:
    """Compare two runs, message by message: what changed, how sure that is, and for whom. The
    page with every flip is report.html of the second run.

    Example: python -m eval compare eval/baselines/local runs/mine
    """
    judged = finish(after, against=before, quiet=markdown)
    if markdown:
        typer.echo(summary(judged))
        return
    _details(judged)


def _details(judged: Judged) -> None:
    comparison = judged.comparison
    assert comparison is not None
    for one in (*comparison.labels, *comparison.slices):
        if one.judgement in {"worse", "better"}:
            people().print(
                f"{one.judgement:7}{one.where}: {one.title} {number(one.before)} → "
                f"{number(one.after)}  ({p_words(one.p)})",
                markup=False,
            )
    if comparison.mcnemar is not None:
        people().print(
            f"exact McNemar: {comparison.only_before_right} lost, {comparison.only_after_right} "
            f"won, {p_words(comparison.mcnemar)}"
        )
    if comparison.left_out:
        people().print(f"{comparison.left_out} predictions stand in one run only and were left out")
