"""The verbs ``intent runs …`` and ``intent backfill``: another prompt or model on what was said."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from intent.cli.arguments import AsJson, application, instant
from intent.cli.screen import json_line, one_line, progress_bar, results, say
from intent.cli.stopping import stopping
from intent.model.errors import OperatorError, WrongUse
from intent.store.access import Access

if TYPE_CHECKING:
    from rich.table import Table

    from intent.model.run import Run
    from intent.model.taxonomy import Taxonomy
    from intent.operations.runs import RunComparison, RunDifference

app = typer.Typer(
    no_args_is_help=True,
    help="Named runs, such as backfills under another prompt: list, diff, import, promote.",
)
Name = Annotated[str, typer.Argument(metavar="RUN", help="Name from: intent runs list")]


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List runs, oldest first: what waits, what was answered, and what readers see.

    Example: [bold]intent runs list[/]
    """
    from rich.table import Table
    from rich.text import Text

    from intent.store.runs import SqlRuns

    table = Table(title="Runs", title_justify="left")
    for column in ("run", "prompt", "started", "waiting", "answered beside", "visible", "promoted"):
        table.add_column(
            column,
            overflow="fold",
            justify="right" if column in {"waiting", "answered beside", "visible"} else "left",
        )
    for run in SqlRuns(application().database).list():
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
    from intent.operations.runs import compare
    from intent.store.runs import SqlRuns

    app = application()
    compared = compare(SqlRuns(app.database), name, examples=examples)
    if as_json:
        json_line(_differences(compared))
    elif not compared.difference.compared:
        say(f"the run {name} has nothing that readers do not see already; see: intent runs list")
    else:
        _show(compared, app.taxonomy)


@app.command()
def promote(name: Name, as_json: AsJson = False) -> None:
    """Make a run's decisions what readers see, and count the difference in features; goes on where
    it was interrupted.

    Example: [bold]intent runs promote shorter[/]
    """
    from intent.operations.runs import LongWork
    from intent.operations.runs import promote as make_visible
    from intent.store.decisions import SqlDecisions
    from intent.store.runs import SqlRuns

    app = application(access=Access.WRITE)
    runs = SqlRuns(app.database)
    total = runs.find(name).answered
    with stopping() as stop, progress_bar("promoting", total) as (bar, task):
        app.database.leave_with(stop)
        work = LongWork(
            runs, app.database, stop, progress=lambda done: bar.update(task, completed=done)
        )
        shown = make_visible(work, SqlDecisions(), app.features, name)
        interrupted = stop.is_set()
    if as_json:
        json_line({"run": name, "promoted": shown, "interrupted": interrupted})
    else:
        say(f"{shown:,} decisions of the run {name} are what readers see now")
    if interrupted:
        raise OperatorError(
            f"interrupted; everything done so far stands, go on with: intent runs promote {name}"
        )


@app.command("import")
def import_(
    folder: Annotated[
        Path, typer.Argument(help="What intent classify --engine spark has written.")
    ],
    run: Annotated[str, typer.Option(help="Name of the run; made if it is not there.")],
    as_json: AsJson = False,
) -> None:
    """Put decisions that were made elsewhere beside what readers see, as a run to compare and to
    promote; safe to stop and to repeat.

    Messages must be in the store and decided; what was edited or taken back since is left out.

    Example: [bold]intent runs import decided/ --run new-model[/]
    """
    from intent.cli.offline import require_packages

    require_packages()
    from intent.operations.decided_files import model_of, read_decided
    from intent.operations.runs import AT_ONCE, LongWork, import_decided
    from intent.store.decisions import SqlDecisions
    from intent.store.runs import SqlRuns

    app = application(access=Access.WRITE)
    runs = SqlRuns(app.database)
    version = model_of(folder)
    runs.start(run, prompt="none", prompt_version=version, description=f"imported from {folder}")
    with stopping() as stop, progress_bar("importing", None) as (bar, task):
        app.database.leave_with(stop)
        work = LongWork(
            runs, app.database, stop, progress=lambda done: bar.update(task, completed=done)
        )
        found = import_decided(work, SqlDecisions(), run, read_decided(folder, AT_ONCE))
    imported = found.pop("imported", 0)
    if as_json:
        json_line({"run": run, "imported": imported, "left_out": dict(found)})
        return
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in sorted(found.items()) if count)
    say(
        f"{imported:,} decisions stand beside as the run {run}"
        f"{f'; left out: {reasons}' if reasons else ''}; look with: intent runs diff {run}"
    )


def _differences(compared: RunComparison) -> dict[str, Any]:
    found = compared.difference
    labels = {
        label: {"now": found.now[label], "gained": found.gained[label], "lost": found.lost[label]}
        for label in found.now | found.gained
    }
    return {
        "run": compared.run.name,
        "waiting": compared.run.waiting,
        "compared": found.compared,
        "changed": found.changed,
        "leads_gained": found.leads_gained,
        "leads_lost": found.leads_lost,
        "labels": labels,
        "feature_keys": {entity: len(changed) for entity, changed in found.keys.items()},
    }


def _show(compared: RunComparison, taxonomy: Taxonomy) -> None:
    from rich.text import Text

    found = compared.difference
    results().print(
        f"{found.compared:,} messages compared, {found.changed:,} would change: "
        f"{found.leads_gained:,} become leads, {found.leads_lost:,} are no leads any more; "
        f"{compared.run.waiting:,} questions of the run are still open"
    )
    results().print(_labels(found, taxonomy))
    touched = ", ".join(f"{len(changed):,} {entity}s" for entity, changed in found.keys.items())
    results().print(f"Features: counts of {touched} would change, by the differences above.")
    for pair in compared.examples:
        change = f"{', '.join(pair.now.labels)} → {', '.join(pair.then.labels)}"
        results().print(Text(f"  {change}: {one_line(pair.message.text, 100)}"))


def _labels(found: RunDifference, taxonomy: Taxonomy) -> Table:
    from rich.table import Table

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


def backfill(
    start: Annotated[
        str,
        typer.Option(
            "--from", help="Messages said from then on, such as 2026-11-20T18:00:00+08:00."
        ),
    ],
    end: Annotated[str, typer.Option("--to", help="Messages said before then.")],
    run: Annotated[
        str, typer.Option(help="Name of the run; production asks again what was left degraded.")
    ],
    prompt: Annotated[
        str, typer.Option(help="Prompt to ask with: an alias or a name.")
    ] = "candidate",
    as_json: AsJson = False,
) -> None:
    """Put what was said in a time range into the ask lane, under a run of its own that readers do
    not see until it is promoted.

    Examples: [bold]intent backfill --from 2026-11-01T00:00:00Z --to 2026-11-08T00:00:00Z --run
    shorter --prompt candidate[/] · [bold]intent backfill --from 2026-11-01T00:00:00Z --to
    2026-11-08T00:00:00Z --run production[/]
    """
    from intent.bootstrap.asking import build_lane
    from intent.bootstrap.llm import build_prompt
    from intent.operations.runs import LongWork
    from intent.operations.runs import backfill as put_into_lane
    from intent.store.decisions import PRODUCTION
    from intent.store.runs import SqlRuns

    first, last = instant(start), instant(end)
    if first >= last:
        raise WrongUse(f"--from {start} is not before --to {end}")
    app = application(access=Access.WRITE)
    runs = SqlRuns(app.database)
    if run != PRODUCTION:
        found = build_prompt(app, prompt)
        runs.start(
            run,
            prompt=found.front.name,
            prompt_version=found.identity,
            description=f"{start} to {end}",
        )
    with stopping() as stop, progress_bar("putting into the lane", None) as (bar, task):
        app.database.leave_with(stop)
        work = LongWork(
            runs, app.database, stop, progress=lambda done: bar.update(task, completed=done)
        )
        put = put_into_lane(work, build_lane(app), run, first, last)
    if as_json:
        json_line({"run": run, "questions": put})
    else:
        say(
            f"{put:,} questions wait under the run {run}; answer them with: intent ask --drain, "
            f"and look with: intent runs diff {run}"
        )
