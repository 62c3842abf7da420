"""The verb ``intent lane``: what waits for the LLM and what was spent; and pausing the asking."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING

import typer

from intent.cli.arguments import AsJson, application
from intent.cli.screen import json_line, results, say
from intent.store.access import Access

if TYPE_CHECKING:
    from intent.operations.lane import LaneStatus


app = typer.Typer(invoke_without_command=True)


@app.callback()
def lane(context: typer.Context, as_json: AsJson = False) -> None:
    """Show what waits for the LLM, since when, and what was spent; or pause the asking.

    Examples: [bold]intent lane[/] · [bold]intent lane pause[/] · [bold]intent lane resume[/]
    """
    if context.invoked_subcommand is None:
        _overview(as_json=as_json)


@app.command()
def pause(as_json: AsJson = False) -> None:
    """Stop asking, in all processes, until it is resumed; questions go on to gather, their local
    decisions stand.

    Example: [bold]intent lane pause[/]
    """
    from intent.bootstrap.asking import build_lane
    from intent.operations.lane import pause_lane

    since = pause_lane(build_lane(application(access=Access.WRITE)))
    if as_json:
        json_line({"paused": since.isoformat()})
    else:
        say(f"paused since {since:%Y-%m-%d %H:%M:%S} UTC; go on with: intent lane resume")


@app.command()
def resume(as_json: AsJson = False) -> None:
    """Go on asking.

    Example: [bold]intent lane resume[/]
    """
    from intent.bootstrap.asking import build_lane
    from intent.operations.lane import resume_lane

    waiting = resume_lane(build_lane(application(access=Access.WRITE)))
    if as_json:
        json_line({"paused": None, "waiting": waiting})
    else:
        say(f"resumed; {waiting:,} questions wait")


def _overview(*, as_json: bool) -> None:
    from intent.bootstrap.asking import build_lane
    from intent.operations.lane import read_lane

    app = application()
    found = read_lane(
        app.database,
        build_lane(app),
        hour=app.settings.llm_budget_hour,
        day=app.settings.llm_budget_day,
    )
    if as_json:
        lines = [{**asdict(one), "priority": one.priority.name.lower()} for one in found.waiting]
        spent = {"hour": found.money.hour, "day": found.money.day}
        calls = [asdict(call) for call in found.calls]
        paused = found.paused.isoformat() if found.paused else None
        json_line({"waiting": lines, "spent_dollars": spent, "calls_24h": calls, "paused": paused})
    else:
        _show(found)


def _show(found: LaneStatus) -> None:
    from rich.table import Table

    table = Table(title="Open questions", title_justify="left")
    for column in ("run", "priority", "questions", "being asked", "oldest waits"):
        table.add_column(column, justify="left" if column in {"run", "priority"} else "right")
    for one in found.waiting:
        table.add_row(
            one.run,
            one.priority.name.lower(),
            f"{one.questions:,}",
            f"{one.held:,}",
            str(timedelta(seconds=round(one.oldest))),
        )
    results().print(table if found.waiting else "No open questions.")
    if found.paused:
        results().print(f"Paused since {found.paused:%Y-%m-%d %H:%M:%S} UTC.")
    money = found.money
    hour, day = _of(money.hour, money.hour_limit), _of(money.day, money.day_limit)
    results().print(f"Spent: {hour} this hour, {day} this day")
    for call in found.calls:
        results().print(
            f"  last 24 h, {call.outcome}: {call.calls:,} calls about {call.messages:,} messages, "
            f"{call.input_tokens:,} tokens in ({call.cached_tokens:,} cached), "
            f"{call.output_tokens:,} out, ${call.nanodollars / 10**9:.4f}"
        )


def _of(spent: float, limit: float | None) -> str:
    return f"${spent:.4f} of {'no limit' if limit is None else f'${limit:.2f}'}"
