"""The verb ``intent leads``: who wants what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from intent.cli.arguments import AsJson, application, instant
from intent.cli.screen import json_line, one_line, results, say

if TYPE_CHECKING:
    from rich.table import Table

    from intent.model.taxonomy import Taxonomy
    from intent.store.leads import Lead


def leads(
    room: Annotated[str | None, typer.Option(help="Only this room_id.")] = None,
    label: Annotated[
        str | None, typer.Option(help="Only this intent, such as purchase_intent.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(help="Only messages said from then on, such as 2026-11-20T18:00:00+08:00."),
    ] = None,
    minimum: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Smallest lead probability.")
    ] = 0.0,
    limit: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=1_000_000_000,
            help="At most so many, newest first; 50 in a table, all with --json.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show who wants what: current leads, newest first.

    Examples: [bold]intent leads[/] · [bold]intent leads --room live-1 --label price_inquiry --limit
    20[/] · [bold]intent leads --json | jq .text[/]
    """
    from intent.operations.leads import find_leads

    app = application()
    found = find_leads(
        app.database,
        app.taxonomy,
        room=room,
        label=label,
        since=instant(since) if since else None,
        minimum=minimum,
        limit=limit or (None if as_json else 50),
    )
    if as_json:
        for lead in found:
            json_line({**asdict(lead), "event_timestamp": lead.event_timestamp.isoformat()})
        return
    shown = list(found)
    if not shown:
        say(
            "No leads yet. Messages come in with: intent ingest PATH, and are decided with: intent "
            "work --drain"
        )
        return
    results().print(lead_table(shown, app.taxonomy, title=f"{len(shown)} newest leads"))


def lead_table(shown: Sequence[Lead], taxonomy: Taxonomy, title: str) -> Table:
    """Return leads as a table: who, what they want, how sure, in which room, the message."""
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left")
    table.add_column("when", style="dim", no_wrap=True, overflow="fold")
    table.add_column("who", style="cyan", overflow="fold")
    table.add_column("wants", style="bold", overflow="fold")
    table.add_column("sure", style="green", justify="right", no_wrap=True, overflow="fold")
    table.add_column("room", style="magenta", overflow="fold")
    table.add_column("message", min_width=28, overflow="fold")
    for lead in shown:
        wants = ", ".join(taxonomy.titles.get(label, label) for label in lead.labels)
        table.add_row(
            f"{lead.event_timestamp:%m-%d %H:%M}",
            Text(one_line(lead.user_id, 24)),
            Text(wants),
            f"{lead.lead_probability:.0%}",
            Text(one_line(lead.room_id, 24)),
            Text(one_line(lead.text, 120)),
        )
    return table
