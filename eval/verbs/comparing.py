"""The verb that holds runs against each other: compare."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from eval.measure.finished import FinishedRun, load_run
from eval.measure.registry import METRICS
from eval.report.matrix_page import matrix_page
from eval.run.predictions import replace
from eval.verbs.outcome import finish
from eval.verdict.comment import comment
from eval.verdict.compare import MetricDifference
from eval.verdict.judged import Judged
from eval.verdict.many import QUALITY, SideBySide, side_by_side
from eval.verdict.matrix_summary import matrix_brief, matrix_headline, matrix_summary
from eval.verdict.numbers import number, p_words
from eval.verdict.summary import summary
from intent.bootstrap.application import open_application
from intent.cli.screen import people, results

PAGE = "compare.html"
_MOST_CLAIMS = 12


def compare(
    runs: Annotated[
        list[Path],
        typer.Argument(metavar="A B …", help="folders of the runs, the one that was first"),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            help="folder for the page of three runs or more; default: the one they lie in",
        ),
    ] = None,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="print the summary for a pull request instead")
    ] = False,
    brief: Annotated[
        bool, typer.Option("--brief", help="print the few lines for a comment instead")
    ] = False,
) -> None:
    """Compare runs, message by message: what changed, how sure that is, and for whom. Of two, the
    page with every flip is report.html of the second; of more, compare.html has all side by side.

    Examples: python -m eval compare eval/baselines/local runs/mine · python -m eval compare runs/a
    runs/b runs/c
    """
    if len(runs) < 2:
        raise typer.BadParameter("name two runs or more")
    quiet = markdown or brief
    if len(runs) > 2:
        found = hold_side_by_side(runs, output, quiet=quiet)
        texts = (matrix_summary(found), matrix_brief(found))
    else:
        before, after = runs
        judged = finish(after, against=before, quiet=quiet)
        texts = (summary(judged), comment(judged))
        if not quiet:
            _details(judged)
    if quiet:
        typer.echo(texts[brief])


def hold_side_by_side(
    folders: Sequence[Path], output: Path | None = None, *, quiet: bool = False
) -> SideBySide:
    """Compare several finished runs, write their page, and print what it says.

    Raises:
        OperatorError: a run cannot be read, or they have no message in common.
    """
    taxonomy = open_application().taxonomy
    runs: list[FinishedRun] = []
    for folder in folders:
        runs.append(load_run(folder, taxonomy, runs[0].suite if runs else None))
    found = side_by_side(runs, taxonomy)
    home = output or Path(os.path.commonpath([folder.resolve().parent for folder in folders]))
    home.mkdir(parents=True, exist_ok=True)
    replace(home / PAGE, matrix_page(found, taxonomy, home).encode())
    replace(home / "compare.md", matrix_summary(found).encode())
    if not quiet:
        results().print(_contenders(found))
        claims = [one for pair in found.pairs for one in pair.changes if one.claimed]
        for one in claims[:_MOST_CLAIMS]:
            people().print(_claim(one), markup=False)
        if len(claims) > _MOST_CLAIMS:
            people().print(f"… and {len(claims) - _MOST_CLAIMS} more differences, on the page")
        people().print(matrix_headline(found), markup=False, soft_wrap=True)
        people().print(f"open {_from_here(home / PAGE)}", markup=False, soft_wrap=True)
    return found


def _claim(one: MetricDifference) -> str:
    return (
        f"{one.judgement:7}{one.where}: {one.title} {number(one.before)} → {number(one.after)}  "
        f"({p_words(one.p)})"
    )


def _from_here(path: Path) -> Path:
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def _contenders(found: SideBySide) -> Table:
    titles = [METRICS[name].title for name in QUALITY]
    table = Table("run", *titles, "US dollars per 1,000", "90 % within, s", "frontier")
    for one in found.contenders:
        table.add_row(
            one.name,
            *(number(one.values[name].value) for name in QUALITY),
            number(one.dollars),
            number(one.latency_p90),
            "yes" if one.on_frontier else "",
        )
    return table


def _details(judged: Judged) -> None:
    comparison = judged.comparison
    assert comparison is not None
    for one in (*comparison.labels, *comparison.slices):
        if one.claimed:
            people().print(_claim(one), markup=False)
    if comparison.mcnemar is not None:
        people().print(
            f"exact McNemar: {comparison.only_before_right} lost, {comparison.only_after_right} "
            f"won, {p_words(comparison.mcnemar)}"
        )
    if comparison.left_out:
        people().print(f"{comparison.left_out} predictions stand in one run only and were left out")
