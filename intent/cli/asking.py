"""Verbs around the LLM: ask, lane, backfill; and asking beside the worker."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from threading import Event, Thread
from typing import Annotated

import typer
from rich.table import Table

from intent.bootstrap import build as bootstrap
from intent.bootstrap.asking import build_asker, build_lane
from intent.bootstrap.settings import Settings, load_settings
from intent.classify.llm.budget import NANO
from intent.cli.look import instant
from intent.cli.screen import json_line, progress_bar, results, say, stopping
from intent.flow.asker import Asker, AskReport
from intent.model.errors import IntentError, Later, OperatorError, WrongUse
from intent.operations.runs import Tools
from intent.operations.runs import backfill as put_into_lane
from intent.store.decisions import PRODUCTION
from intent.store.engine import Database
from intent.store.ledger import SqlLedger
from intent.store.runs import SqlRuns
from intent.telemetry import configure_logs

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]


def ask(
    drain: Annotated[
        bool,
        typer.Option(
            "--drain",
            help="Leave when no question is open any more; exit 1 if LLM or budget end first.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Ask the LLM what the local model was unsure of, room by room, until SIGTERM or Ctrl-C. Safe
    to kill at any moment.

    Examples: [bold]intent ask --drain[/] · [bold]INTENT_LLM_BASE_URL=http://127.0.0.1:8000/v1
    INTENT_LLM_MODEL=my-model intent ask[/]
    """
    settings = load_settings()
    configure_logs(settings.log_level, as_json=settings.log_json)
    database, empty = bootstrap.open_database(settings), Event()
    if drain:
        empty.set()
    total = build_lane(settings, database).waiting() if drain else None
    with stopping() as stop, progress_bar("asking", total) as (bar, task):

        def progress(report: AskReport) -> None:
            done = report.asked + report.given_up + report.dropped
            bar.update(task, completed=done, note=f"{report.improved:,} improved")

        asker = build_asker(settings, database, stop, progress)
        try:
            asker.run(empty=empty)
        except Later as error:
            left = build_lane(settings, database).waiting()
            raise type_of_ending(error, left) from error
        finally:
            _tell(asker.report, as_json=as_json)


def type_of_ending(error: Later, left: int) -> OperatorError:
    """Return the sentence with which draining ends before the lane is empty."""
    return OperatorError(
        f"{left:,} questions stay in the lane, their local decisions stand: {error}; go on later "
        "with: intent ask --drain"
    )


@contextmanager
def alongside(
    settings: Settings, database: Database, stop: Event, *, drain: bool
) -> Iterator[Asker]:
    """Ask in a thread of its own while the block decides; with ``drain`` the end of the block waits
    until no question is open.

    Whatever happens to the asking, deciding goes on.
    """
    asker, empty = build_asker(settings, database, stop, lambda report: None), Event()
    ended: list[IntentError] = []

    def run() -> None:
        try:
            asker.run(empty=empty)
        except IntentError as error:
            ended.append(error)

    thread = Thread(target=run, name="asker", daemon=True)
    thread.start()
    try:
        yield asker
    except BaseException:
        stop.set()
        raise
    finally:
        if drain:
            empty.set()
        while thread.is_alive() and not stop.is_set():
            thread.join(0.1)
        thread.join(settings.ask_leave + 2.0)
        if ended:
            say(f"questions stay in the lane, their local decisions stand: {ended[0]}")


def lane(as_json: AsJson = False) -> None:
    """Show what waits for the LLM, since when, and what was spent.

    Example: [bold]intent lane[/]
    """
    settings = load_settings()
    database = bootstrap.open_database(settings)
    waiting = build_lane(settings, database).overview()
    ledger, now = SqlLedger(database), datetime.now(UTC)
    hour, day = (
        now.replace(minute=0, second=0, microsecond=0),
        now.replace(hour=0, minute=0, second=0, microsecond=0),
    )
    spent = {"hour": ledger.spent(hour) / NANO, "day": ledger.spent(day) / NANO}
    calls = ledger.summary(now - timedelta(days=1))
    if as_json:
        lines = [{**asdict(one), "priority": one.priority.name.lower()} for one in waiting]
        json_line(
            {
                "waiting": lines,
                "spent_dollars": spent,
                "calls_24h": [asdict(call) for call in calls],
            }
        )
        return
    table = Table(title="Open questions", title_justify="left")
    for column in ("run", "priority", "questions", "being asked", "oldest waits"):
        table.add_column(column, justify="left" if column in {"run", "priority"} else "right")
    for one in waiting:
        table.add_row(
            one.run,
            one.priority.name.lower(),
            f"{one.questions:,}",
            f"{one.held:,}",
            str(timedelta(seconds=round(one.oldest))),
        )
    results().print(table if waiting else "No open questions.")
    limits = {"hour": settings.llm_budget_hour, "day": settings.llm_budget_day}
    said = (
        f"${spent[name]:.4f} of {'no limit' if limits[name] is None else f'${limits[name]:.2f}'} "
        f"this {name}"
        for name in spent
    )
    results().print("Spent: " + ", ".join(said))
    for call in calls:
        results().print(
            f"  last 24 h, {call.outcome}: {call.calls:,} calls about {call.messages:,} messages, "
            f"{call.input_tokens:,} tokens in "
            f"({call.cached_tokens:,} cached), {call.output_tokens:,} out, "
            f"${call.nanodollars / NANO:.4f}"
        )


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
    first, last = instant(start), instant(end)
    if first >= last:
        raise WrongUse(f"--from {start} is not before --to {end}")
    settings = load_settings()
    database = bootstrap.open_database(settings)
    runs = SqlRuns(database)
    if run != PRODUCTION:
        found = bootstrap.build_prompt(settings, prompt)
        runs.start(
            run,
            prompt=found.front.name,
            prompt_version=found.identity,
            description=f"{start} to {end}",
        )
    with stopping() as stop, progress_bar("putting into the lane", None) as (bar, task):
        tools = Tools(runs, database, stop, progress=lambda done: bar.update(task, completed=done))
        put = put_into_lane(tools, build_lane(settings, database), run, first, last)
    if as_json:
        json_line({"run": run, "questions": put})
    else:
        say(
            f"{put:,} questions wait under the run {run}; answer them with: intent ask --drain, "
            f"and look with: intent runs diff {run}"
        )


def _tell(report: AskReport, *, as_json: bool) -> None:
    if as_json:
        json_line(asdict(report))
        return
    say(
        f"{report.asked:,} asked in {report.batches:,} batches, {report.improved:,} improved, "
        f"{report.unanswered:,} without an answer, "
        f"{report.overtaken:,} overtaken, {report.given_up:,} given up, {report.dropped:,} too "
        f"old, the LLM failed {report.failures:,} times"
    )
