"""The verbs ``intent claims …``: order lines of claim rounds. Nothing is ever charged."""

from __future__ import annotations

import getpass
import sys
from threading import Event
from typing import TYPE_CHECKING, Annotated

import typer

from intent.cli.arguments import AsJson, application, instant
from intent.cli.screen import json_line, one_line, results, say
from intent.store.access import Access

if TYPE_CHECKING:
    from intent.bootstrap.answering_shards import AnsweringShards
    from intent.store.engine import Database

app = typer.Typer(
    no_args_is_help=True,
    help="Order lines of claim rounds, from free wording. Nothing is ever charged.",
)
Number = Annotated[int, typer.Argument(metavar="ROUND", min=1, help="From: intent claims list")]


@app.command("open")
def open_(
    room: Annotated[str, typer.Argument(metavar="ROOM", help="Its room_id.")],
    platform: Annotated[str, typer.Option(help="Where the room is.")],
    item: Annotated[
        list[str],
        typer.Option(help="CODE | name / other name | stock, or variant=stock, … | price"),
    ],
    title: Annotated[str, typer.Option(help="What you call it.")] = "",
    since: Annotated[str | None, typer.Option(help="What is said from then on; now.")] = None,
    until: Annotated[str | None, typer.Option(help="What is said before then.")] = None,
    as_json: AsJson = False,
) -> None:
    """Open a claim round: what is offered, and how much there is of it.

    Example: [bold]intent claims open live-1 --platform tiktok --item 'A1 | dress | red=2, blue=1 |
    39'[/]
    """
    from intent.bootstrap.claim_shards import open_in_home
    from intent.model.claim_round import read_items
    from intent.store.claim_rounds import RoundRequest

    begin, end = (instant(one) if one else None for one in (since, until))
    asked = RoundRequest(platform, room, title, read_items(item), begin, end, getpass.getuser())
    number = open_in_home(_shards(Access.WRITE), asked)
    if as_json:
        json_line({"round": number})
    else:
        say(f"round {number} is open; see it with: intent claims show {number}")


@app.command("close")
def close(
    number: Number,
    until: Annotated[str | None, typer.Option(help="What is said before then; now.")] = None,
) -> None:
    """Close a round: what is said later counts no more.

    Example: [bold]intent claims close 3[/]
    """
    from intent.operations.claims import close_claims

    database = _home(number, Access.WRITE)
    held = close_claims(database, number, instant(until) if until else None, getpass.getuser())
    say(f"round {number} ends at {held.until:%Y-%m-%d %H:%M:%S} UTC")


@app.command("list")
def list_(
    room: Annotated[str | None, typer.Option(help="Only this room_id.")] = None,
    as_json: AsJson = False,
) -> None:
    """List claim rounds, the newest first.

    Example: [bold]intent claims list --room live-1[/]
    """
    from intent.bootstrap.claim_shards import claims_over

    for held in claims_over(_shards(), room):
        ends = held.until.isoformat() if held.until else None
        if as_json:
            json_line(
                {
                    "round": held.number,
                    "platform": held.platform,
                    "room_id": held.room_id,
                    "title": held.title,
                    "items": [one.written for one in held.items.items],
                    "since": held.since.isoformat(),
                    "until": ends,
                }
            )
        else:
            named = one_line(f"{held.number}  {held.platform}:{held.room_id}  {held.title}", 80)
            results().print(f"{named}  {ends or 'open'}", markup=False)


@app.command("show")
def show(number: Number, as_json: AsJson = False) -> None:
    """Show the order lines of a round, in order of arrival; computed anew each time.

    Examples: [bold]intent claims show 3[/] · [bold]intent claims show 3 --json[/]
    """
    from rich.table import Table
    from rich.text import Text

    from intent.operations.claims import COLUMNS, line_cells, show_claims

    sheet = show_claims(_home(number), number)
    if as_json:
        for line in sheet.lines:
            json_line(
                {
                    **dict(zip(COLUMNS, line_cells(line), strict=True)),
                    "message_id": line.message_id,
                    "quantity": line.quantity,
                    "served": line.served,
                }
            )
        return
    table = Table(title=f"Round {number}: nothing is ever charged", title_justify="left")
    for column in COLUMNS:
        table.add_column(column, overflow="fold")
    for line in sheet.lines:
        table.add_row(*(Text(one_line(cell, 60)) for cell in line_cells(line)))
    results().print(table)
    if sheet.waiting:
        say(f"{sheet.waiting:,} messages wait for their decision, and are not read yet")


@app.command("export")
def export(number: Number) -> None:
    """Print the order lines of a round as CSV; no cell is taken for a formula.

    Example: [bold]intent claims export 3 > round-3.csv[/]
    """
    from intent.operations.claims import claims_csv, show_claims

    sheet = show_claims(_home(number), number)
    sys.stdout.writelines(claims_csv(sheet))


@app.command("correct")
def correct(
    number: Number,
    message_id: Annotated[str, typer.Argument(metavar="MESSAGE", help="Its message_id.")],
    order: Annotated[
        list[str] | None,
        typer.Option(help="CODE/VARIANT=PIECES, such as A1/red=2; none means it orders nothing."),
    ] = None,
) -> None:
    """Say what a message orders, instead of what was read from it.

    Example: [bold]intent claims correct 3 m17 --order A1/red=2[/]
    """
    from intent.model.claim_round import read_order
    from intent.operations.claims import correct_claim

    database = _home(number, Access.WRITE)
    orders = [read_order(one) for one in order or []]
    correct_claim(database, number, message_id, orders, getpass.getuser())
    say(f"{message_id} orders {', '.join(order or []) or 'nothing'}")


def _shards(access: Access = Access.READ) -> AnsweringShards:
    from intent.bootstrap.answering_shards import AnsweringShards

    return AnsweringShards(application(access=access, quiet=True), Event())


def _home(number: int, access: Access = Access.READ) -> Database:
    from intent.bootstrap.claim_shards import home_of_claims

    return home_of_claims(_shards(access), number).database
