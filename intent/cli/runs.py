"""Verbs for runs: list, diff, promote."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from intent.bootstrap import build as bootstrap
from intent.bootstrap.settings import load_settings
from intent.cli.screen import json_line, one_line, progress_bar, results, say, stopping
from intent.features.online.state import SqlFeatureState
from intent.model.errors import OperatorError
from intent.model.run import Pair, Run
from intent.model.taxonomy import Taxonomy
from intent.operations.runs import RunDifference, Tools, difference
from intent.operations.runs import promote as make_visible
from intent.store.decisions import SqlDecisions
from intent.store.runs import SqlRuns

app = typer.Typer(
    no_args_is_help=True,
    help="Named runs, such as backfills under another prompt: list, diff, promote.",
)
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
Name = Annotated[str, typer.Argument(metavar="RUN", help="Name from: intent runs list")]


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List runs, oldest first: what waits, what was answered, and what readers see.

    Example: [bold]intent runs list[/]
    """
    table = Table(title="Runs", title_justify="left")
    for column in ("run", "prompt", "started", "waiting", "answered beside", "visible", "promoted"):
        table.add_column(
            column,
            overflow="fold",
            justify="right" if column in {"waiting", "answered beside", "visible"} else "left",
        )
    for run in SqlRuns(bootstrap.open_database(load_settings())).list():
        if as_json:
            json_line(_as_json(run))
            continue
        prompt = f"{run.prompt} {run.prompt_version}" if run.prompt else "the production prompt"
        promoted = f"{run.promoted_timestamp:%Y-%m-%d %H:%M}" if run.promoted_timestamp else "no"
        counts = (f"{run.waiting:,}", f"{run.answered:,}", f"{run.shown:,}")
        table.add_row(
            Text(run.name),
            Text(prompt),
            f"{run.created_timestamp:%Y-%m-%d %H:%M}",
            *counts,
            promoted,
        )
    if not as_json:
        results().print(table)


@app.command()
def diff(
    name: Name,
    examples: Annotated[int, typer.Option(min=0, help="Changed messages to show.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Show what promoting a run would change, in decisions and in features.

    Example: [bold]intent runs diff shorter --examples 20[/]
    """
    settings = load_settings()
    runs = SqlRuns(bootstrap.open_database(settings))
    run = runs.find(name)
    shown: list[Pair] = []

    def watched(pair: Pair) -> Pair:
        if len(shown) < examples and pair.now.labels != pair.then.labels:
            shown.append(pair)
        return pair

    found = difference(watched(pair) for pair in runs.compare(name))
    if as_json:
        keys = {entity: len(changed) for entity, changed in found.keys.items()}
        counts = {
            "compared": found.compared,
            "changed": found.changed,
            "leads_gained": found.leads_gained,
            "leads_lost": found.leads_lost,
        }
        labels = {
            label: {
                "now": found.now[label],
                "gained": found.gained[label],
                "lost": found.lost[label],
            }
            for label in found.now | found.gained
        }
        json_line(
            {"run": name, "waiting": run.waiting, **counts, "labels": labels, "feature_keys": keys}
        )
        return
    if not found.compared:
        say(f"the run {name} has nothing that readers do not see already; see: intent runs list")
        return
    results().print(
        f"{found.compared:,} messages compared, {found.changed:,} would change: "
        f"{found.leads_gained:,} become leads, "
        f"{found.leads_lost:,} are no leads any more; {run.waiting:,} questions of the run are "
        "still open"
    )
    results().print(_labels(found, bootstrap.build_taxonomy(settings)))
    touched = ", ".join(f"{len(changed):,} {entity}s" for entity, changed in found.keys.items())
    results().print(f"Features: counts of {touched} would change, by the differences above.")
    for pair in shown:
        line = (
            f"  {', '.join(pair.now.labels)} → {', '.join(pair.then.labels)}: "
            f"{one_line(pair.message.text, 100)}"
        )
        results().print(Text(line))


@app.command()
def promote(name: Name, as_json: AsJson = False) -> None:
    """Make a run's decisions what readers see, and count the difference in features; goes on where
    it was interrupted.

    Example: [bold]intent runs promote shorter[/]
    """
    settings = load_settings()
    database = bootstrap.open_database(settings)
    runs, features = (
        SqlRuns(database),
        SqlFeatureState(bootstrap.groups(bootstrap.build_taxonomy(settings))),
    )
    total = runs.find(name).answered
    with stopping() as stop, progress_bar("promoting", total) as (bar, task):
        tools = Tools(runs, database, stop, progress=lambda done: bar.update(task, completed=done))
        shown = make_visible(tools, SqlDecisions(), features, name)
        interrupted = stop.is_set()
    if as_json:
        json_line({"run": name, "promoted": shown, "interrupted": interrupted})
    else:
        say(f"{shown:,} decisions of the run {name} are what readers see now")
    if interrupted:
        raise OperatorError(
            f"interrupted; everything done so far stands, go on with: intent runs promote {name}"
        )


def _labels(found: RunDifference, taxonomy: Taxonomy) -> Table:
    table = Table()
    for column in ("label", "now", "gained", "lost", "then"):
        table.add_column(column, justify="left" if column == "label" else "right")
    for label in taxonomy.names:
        now, gained, lost = found.now[label], found.gained[label], found.lost[label]
        if now or gained:
            table.add_row(
                label, f"{now:,}", f"+{gained:,}", f"-{lost:,}", f"{now + gained - lost:,}"
            )
    return table


def _as_json(run: Run) -> dict[str, str | int | None]:
    instants = {
        "created_timestamp": run.created_timestamp.isoformat(),
        "promoted_timestamp": run.promoted_timestamp.isoformat()
        if run.promoted_timestamp
        else None,
    }
    return {**asdict(run), **instants}
