"""Verbs that read: leads, audit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from intent.bootstrap import build as bootstrap
from intent.bootstrap.settings import load_settings
from intent.cli.screen import json_line, one_line, results, say
from intent.features.check.audit import check_state
from intent.model.errors import WrongUse
from intent.model.taxonomy import Taxonomy
from intent.store.audit import balance
from intent.store.decisions import Lead, read_leads


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
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """Show who wants what: current leads, newest first.

    Examples: [bold]intent leads[/] · [bold]intent leads --room live-1 --label price_inquiry --limit
    20[/] · [bold]intent leads --json | jq .text[/]
    """
    settings = load_settings()
    taxonomy = bootstrap.build_taxonomy(settings)
    if label is not None and label not in taxonomy.leads:
        raise WrongUse(
            f"{label!r} is no lead intent; choose one of: "
            f"{', '.join(name for name in taxonomy.names if name in taxonomy.leads)}"
        )
    found = read_leads(
        bootstrap.open_database(settings),
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
    results().print(lead_table(shown, taxonomy, title=f"{len(shown)} newest leads"))


def audit(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Prove that nothing was lost or doubled: every accepted message is waiting, decided or dead,
    exactly once; exit 1 if not.

    Example: [bold]intent audit[/]
    """
    settings = load_settings()
    with bootstrap.open_database(settings).read() as connection:
        books = balance(connection)
        state = check_state(connection, bootstrap.groups(bootstrap.build_taxonomy(settings)))
    holds = books.holds and state.holds
    if as_json:
        json_line({**asdict(books), "features": asdict(state), "holds": holds})
    else:
        console = results()
        console.print(books.equation())
        console.print(
            f"  neither waiting, decided nor dead: {books.nowhere:,}; more than one of them: "
            f"{books.twice:,}; never accepted: {books.unknown:,}"
        )
        console.print(
            f"  messages with a gap in their revisions: {books.gaps:,}; decisions filed under "
            f"labels they did not choose: {books.misfiled:,}"
        )
        console.print(f"  refused payloads kept beside: {books.refused:,}")
        console.print(f"  feature rows recomputed from decisions: {state.recomputed:,}")
        console.print(
            f"  of these mismatched: {state.mismatched:,}; missing: {state.missing:,}; extra: "
            f"{state.extra:,}"
        )
        console.print(
            "[bold green]the audit holds[/]" if holds else "[bold red]the audit does not hold[/]"
        )
    if not holds:
        raise typer.Exit(1)


def lead_table(shown: Sequence[Lead], taxonomy: Taxonomy, title: str) -> Table:
    """Return leads as a table: who, what they want, how sure, in which room, the message."""
    table = Table(title=title, title_justify="left")
    for name, style in (
        ("when", "dim"),
        ("who", "cyan"),
        ("wants", "bold"),
        ("sure", "green"),
        ("room", "magenta"),
        ("message", ""),
    ):
        wide = (
            {"min_width": 28}
            if name == "message"
            else {"no_wrap": True}
            if name in {"when", "sure"}
            else {}
        )
        table.add_column(
            name,
            style=style,
            justify="right" if name == "sure" else "left",
            overflow="fold",
            **wide,
        )
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


def instant(text: str) -> datetime:
    """Read a time that a person has typed.

    Raises:
        WrongUse: it is no time, or does not say in which zone.
    """
    try:
        read = datetime.fromisoformat(text)
        read = read.astimezone(UTC) if read.tzinfo else read
    except (ValueError, OverflowError):
        raise WrongUse(f"{text!r} is no time; write it like 2026-11-20T18:00:00+08:00") from None
    if read.tzinfo is None:
        raise WrongUse(
            f"{text!r} does not say in which time zone; write it like 2026-11-20T18:00:00+08:00"
        )
    return read
