"""The verbs ``intent shards …``: rooms over several databases."""

from __future__ import annotations

import typer

from intent.cli.arguments import AsJson, application
from intent.cli.screen import json_line, progress_bar, results, say
from intent.model.errors import WrongUse
from intent.store.access import Access

app = typer.Typer(no_args_is_help=True, help="Rooms over several databases: list, add.")


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """Show the databases that INTENT_DATABASE_URL names: which shard each is, and what it has.

    Example: [bold]intent shards list[/]
    """
    from rich.table import Table

    from intent.operations.shards import look_at_shards

    named = [one.database for one in application(quiet=True).named_databases]
    table = Table()
    for column in ("database", "shard", "rooms", "messages"):
        table.add_column(column, overflow="fold")
    for database, state in zip(named, look_at_shards(named), strict=True):
        place = state.place
        number, members = (place.number, place.members) if place else (None, None)
        if as_json:
            held = {"rooms": state.rooms, "messages": state.messages}
            json_line({"database": database.place, "shard": number, "of": members, **held})
            continue
        shard = f"{number} of {members}" if place else "none"
        table.add_row(database.place, shard, f"{state.rooms:,}", f"{state.messages:,}")
    if not as_json:
        results().print(table)


@app.command()
def add(as_json: AsJson = False) -> None:
    """Make the databases that INTENT_DATABASE_URL names shards, numbered in their order, and move
    the rooms that then belong to another one, while workers work. Safe to kill at any moment, and
    to run again.

    Example: [bold]intent shards add[/]
    """
    from intent.bootstrap.shards import build_growing

    opened = application(access=Access.WRITE, quiet=True)
    count = len(opened.named_databases)
    if count == 1:
        raise WrongUse("INTENT_DATABASE_URL names one database; name several, with spaces between")
    with progress_bar("moving rooms", None) as (bar, task):
        growing = build_growing(opened, progress=lambda done: bar.update(task, completed=done))
        moved = growing.run()
    if as_json:
        json_line({"shards": count, "moved": moved})
    else:
        say(
            f"{count} shards, {moved:,} rooms moved; each has workers of its own: INTENT_SHARD=1 "
            "intent work, and so on"
        )
