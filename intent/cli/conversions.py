"""The verbs ``intent conversions …``: orders, bookings and leads, and what they are linked to."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from intent.cli.arguments import AsJson, instant, with_others
from intent.cli.conversion_ingest import ingest
from intent.cli.conversion_link import AsOf, claims, link
from intent.cli.screen import json_line, one_line, results, say, write_output

if TYPE_CHECKING:
    from intent.model.outcomes import Conversion

app = typer.Typer(
    no_args_is_help=True,
    help="Conversions: orders, bookings, call-backs and leads, as they changed.",
)
app.command("ingest")(ingest)
app.command("link")(link)
app.command("claims")(claims)
Source = Annotated[str | None, typer.Option(help="Only what this source says, such as shopify.")]


@app.command("list")
def list_(
    as_of: AsOf = None,
    source: Source = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List conversions as they stood, the newest first.

    Example: [bold]intent conversions list --source shopify --as-of 2026-11-20T00:00:00Z[/]
    """
    from rich.table import Table
    from rich.text import Text

    from intent.operations.conversions import list_conversions

    when = instant(as_of) if as_of else None
    opened, others = with_others(quiet=True)
    found = list_conversions(opened.database, as_of=when, source=source, limit=limit, others=others)
    if as_json:
        for one in found:
            json_line(_plain(one))
        return
    table = Table(title=f"{len(found):,} newest conversions", title_justify="left")
    for column in ("when", "conversion", "kind", "status", "value", "who", "revision"):
        table.add_column(column, overflow="fold")
    for one in found:
        table.add_row(*(Text(one_line(cell, 60)) for cell in _cells(one)))
    results().print(table)


@app.command("show")
def show(
    conversion: Annotated[str, typer.Argument(metavar="SOURCE:ID", help="From the list.")],
    as_json: AsJson = False,
) -> None:
    """Show one conversion: every revision, when it became so and when we knew, and its links.

    Example: [bold]intent conversions show shopify:1001[/]
    """
    from intent.operations.conversions import show_conversion

    opened, others = with_others(quiet=True)
    found = show_conversion(opened.database, conversion, others)
    lines: list[dict[str, Any]] = [
        {
            "revision": number,
            "changed": said.changed_timestamp.isoformat(),
            "known": known.isoformat(),
            "status": said.status.value if said.status else None,
            "stage": said.stage,
            "value": _money(said.value_micros, said.currency),
        }
        for number, known, said in found.revisions
    ]
    links: list[dict[str, Any]] = [
        {"message": f"{one.platform}:{one.message_id}", "method": one.method.value, "run": one.run}
        for one in found.links
    ]
    if as_json:
        now = _plain(found.now) if found.now else None
        json_line({"conversion_id": conversion, "now": now, "revisions": lines, "links": links})
        return
    console = results()
    heading = " ".join(_cells(found.now)) if found.now else f"{conversion}: never placed so far"
    console.print(one_line(heading, 150), markup=False)
    for one in (*lines, *links):
        shown = ", ".join(f"{name} {value}" for name, value in one.items() if value is not None)
        console.print(f"  {one_line(shown, 150)}", markup=False)


@app.command("export")
def export(
    format_name: Annotated[
        str, typer.Option("--format", help="google_ads, meta_crm, tiktok, csv.")
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; stdout if not given.")
    ] = None,
    adjustments: Annotated[
        bool, typer.Option("--adjustments", help="google_ads: what changed since, alone.")
    ] = False,
    name: Annotated[
        str | None, typer.Option(help="The platform's name of the conversion action or event.")
    ] = None,
    as_of: AsOf = None,
    source: Source = None,
) -> None:
    """Write conversions in a format that an ad platform takes; what it would refuse is left out,
    and counted.

    Examples: [bold]intent conversions export --format google_ads --name Order -o offline.csv[/] ·
    [bold]intent conversions export --format google_ads --adjustments -o adjustments.csv[/] ·
    [bold]intent conversions export --format meta_crm -o stages.jsonl[/]
    """
    from intent.operations.conversions import export_conversions
    from intent.outcomes.conversion_export import ExportCounts, ExportTold

    when, report = instant(as_of) if as_of else None, ExportCounts()
    told = ExportTold(datetime.now(UTC), name, adjustments)
    opened, others = with_others(quiet=True)
    lines: Iterator[str] = chain.from_iterable(
        export_conversions(one, format_name, told, report, as_of=when, source=source)
        for one in (opened.database, *others)
    )
    if output is None:
        sys.stdout.writelines(lines)
    else:
        write_output(output, "".join(lines))
    say(f"{report.written:,} written")
    for reason, count in report.left_out.most_common():
        say(f"  left out: {count:,} × {reason}")


def _plain(one: Conversion) -> dict[str, Any]:
    return {
        "conversion_id": one.conversion_id,
        "revision": one.revision,
        "kind": one.kind.value,
        "status": one.status.value,
        "stage": one.stage,
        "value_micros": one.value_micros,
        "currency": one.currency,
        "platform": one.platform,
        "user_id": one.user_id,
        "room_id": one.room_id,
        "creator_id": one.creator_id,
        "item_id": one.item_id,
        "event_timestamp": one.event_timestamp.isoformat(),
        "changed_timestamp": one.changed_timestamp.isoformat(),
        "known_since": one.known_since.isoformat(),
    }


def _cells(one: Conversion) -> list[str]:
    who = f"{one.platform}:{one.user_id}" if one.user_id else "–"
    return [
        f"{one.event_timestamp:%Y-%m-%d %H:%M}",
        one.conversion_id,
        one.kind.value,
        one.status.value,
        _money(one.value_micros, one.currency) or "–",
        who,
        str(one.revision),
    ]


def _money(micros: int | None, currency: str | None) -> str | None:
    return None if micros is None else f"{micros / 1_000_000:,.2f} {currency}"
