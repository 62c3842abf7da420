"""The verbs that remember: history lists the runs of a folder, note says something of one."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from eval.report.index_page import TREND, index_page
from eval.run.predictions import replace
from eval.run.remarks import remark
from eval.verbs.running import RUNS
from eval.verdict.chronicle import PastRun, past_runs
from eval.verdict.numbers import number
from intent.cli.screen import json_line, one_line, people, results

INDEX = "index.html"


def history(
    runs: Annotated[
        Path, typer.Argument(metavar="RUNS", help="folder that the runs lie in")
    ] = RUNS,
    prompt: Annotated[
        str | None, typer.Option(help="only runs of the prompt with this name")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="print one JSON object a line")] = False,
) -> None:
    """List the runs of a folder, oldest first: what changed in the prompt, the verdict against the
    baseline, tags and notes; and write index.html there, with trends and links to the reports.

    Example: python -m eval history runs --prompt lead_intent
    """
    found = past_runs(runs, prompt)
    replace(runs / INDEX, index_page(past_runs(runs), runs).encode())
    if json:
        for one in found:
            json_line(_told(one))
    else:
        results().print(_listed(found))
    people().print(f"open {runs / INDEX}", markup=False)


def note(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="folder of a run")],
    text: Annotated[str | None, typer.Argument(help="what to remember of it")] = None,
    tags: Annotated[
        list[str] | None, typer.Option("--tag", help="tag to set; may be repeated")
    ] = None,
    dropped: Annotated[
        list[str] | None, typer.Option("--untag", help="tag to take away; may be repeated")
    ] = None,
) -> None:
    """Say something of a run, and set tags: both stand in history and in its page.

    Example: python -m eval note runs/mine "shorter rules, same labels" --tag candidate
    """
    if not (text or tags or dropped):
        raise typer.BadParameter("say something, or name a --tag or --untag")
    now = datetime.now(UTC).replace(microsecond=0)
    said = remark(folder, text=text, tags=tags or (), dropped=dropped or (), now=now)
    people().print(
        f"{folder}: {len(said.notes)} notes, tags {', '.join(said.tags) or 'none'}", markup=False
    )


def _listed(runs: list[PastRun]) -> Table:
    table = Table("date", "run", "prompt", "what changed", "lead F1", "cost", "verdict", "remarks")
    for one in runs:
        values = _values(one)
        remarks = [*(f"#{tag}" for tag in one.remarks.tags), *(n.text for n in one.remarks.notes)]
        table.add_row(
            f"{one.manifest.started:%Y-%m-%d %H:%M}",
            one.name,
            one.manifest.decider.prompt,
            one_line(one.change, 90),
            number(values["lead_f1"]),
            number(values["cost_per_1000"]),
            _verdict(one),
            one_line(" ".join(remarks), 60),
        )
    return table


def _verdict(one: PastRun) -> str:
    if one.ruling is None:
        return "not judged"
    return one.ruling.gate.value if one.ruling.gate is not None else "not gated"


def _values(one: PastRun) -> dict[str, float | None]:
    overall = one.metrics["overall"] if one.metrics is not None else {}
    return {name: overall[name]["value"] if name in overall else None for name in TREND}


def _told(one: PastRun) -> dict[str, object]:
    return {
        "run": one.name,
        "started": one.manifest.started.isoformat(),
        "suite": one.manifest.suite,
        "prompt": one.manifest.decider.prompt_name,
        "prompt_hash": one.manifest.decider.prompt,
        "llm": one.manifest.decider.llm,
        "change": one.change,
        **_values(one),
        "verdict": _verdict(one),
        "headline": one.ruling.headline if one.ruling is not None else None,
        **one.remarks.model_dump(mode="json"),
    }
