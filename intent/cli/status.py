"""The verb ``intent status``: how the service is doing."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import typer

from intent.cli.arguments import AsJson, application
from intent.cli.screen import json_line, one_line, results

if TYPE_CHECKING:
    from intent.operations.status import ServiceStatus


def status(as_json: AsJson = False) -> None:
    """Show how the service is doing: what waits and since when, what is dead and why, what was
    spent; exit 1 when it is not healthy.

    Examples: [bold]intent status[/] · [bold]intent status --json | jq .healthy[/]
    """
    from intent.operations.status import StatusPolicy, read_status

    app = application(quiet=True)
    settings = app.settings
    policy = StatusPolicy(
        age=settings.healthy_age, hour=settings.llm_budget_hour, day=settings.llm_budget_day
    )
    named = app.named_databases
    healthy = True
    for number, one in enumerate(named, 1):
        found = read_status(partial(getattr, one, "database"), policy)
        healthy = healthy and found.healthy
        if as_json:
            json_line({**({"shard": number} if len(named) > 1 else {}), **_as_json(found)})
            continue
        if len(named) > 1:
            results().print(f"shard {number} of {len(named)}", style="bold")
        _show(found)
    if not healthy:
        raise typer.Exit(1)


def _as_json(found: ServiceStatus) -> dict[str, Any]:
    overview = asdict(found.overview) if found.overview else {}
    return {
        "healthy": found.healthy,
        "problems": list(found.problems),
        "oldest_seconds": found.oldest_seconds,
        **{
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in overview.items()
        },
        "spent_dollars": asdict(found.money) if found.money else None,
    }


def _show(found: ServiceStatus) -> None:
    from rich.text import Text

    console = results()
    overview, money = found.overview, found.money
    if overview is not None and money is not None:
        oldest = (
            "" if found.oldest_seconds is None else f", the oldest {found.oldest_seconds:,.0f} s"
        )
        console.print(f"waiting   {overview.waiting:,} messages{oldest}")
        last = (
            f"{overview.last_decided:%Y-%m-%d %H:%M:%S} UTC" if overview.last_decided else "never"
        )
        console.print(
            f"decided   {overview.decided_last_minute:,} in the last minute, the last {last}"
        )
        since = overview.asking_since
        asked = "" if since is None else f", the oldest since {since:%Y-%m-%d %H:%M:%S} UTC"
        console.print(f"asking    {overview.asking:,} open questions{asked}")
        for source, seconds in overview.sources.items():
            console.print(Text(f"source    {one_line(source, 80)}, stored {seconds:,.0f} s ago"))
        if overview.blind:
            console.print(f"blind     in {overview.blind:,} rooms right now")
        console.print(f"spent     ${money.hour:.4f} this hour, ${money.day:.4f} this day")
        console.print(f"dead      {overview.dead_total:,} letters")
        for reason, count in overview.dead.items():
            console.print(Text(f"            {count:,} × {one_line(reason, 120)}"))
    for problem in found.problems:
        console.print(Text(problem, style="red"))
    console.print("[bold green]healthy[/]" if found.healthy else "[bold red]not healthy[/]")
