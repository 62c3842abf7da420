"""The verbs ``intent keys …``: who is let in over HTTP."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from intent.cli.arguments import AsJson, keeper
from intent.cli.screen import json_line, results, say
from intent.model.principal import Scope
from intent.store.access import Access

if TYPE_CHECKING:
    from datetime import datetime

    from intent.operations.keys import NewKey
    from intent.store.access_keys import AccessKey

app = typer.Typer(
    no_args_is_help=True,
    help="Keys of the service over HTTP: create, list, rotate, revoke.",
)
Reference = Annotated[
    str, typer.Argument(metavar="NAME|PREFIX", help="As shown by: intent keys list")
]


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What you call it, such as checkout.")],
    scope: Annotated[list[Scope], typer.Option(help="What it opens; may be given several times.")],
    days: Annotated[
        int | None,
        typer.Option("--expires-days", min=1, max=3_650, help="Ends after so many days."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a key and print it, once: only its digest is stored.

    [bold]ingest[/] lets messages and webhooks in, [bold]read[/] opens features and reports,
    [bold]leads[/] the inbox and claims, [bold]contacts[/] contact details,
    [bold]admin[/] all of it and the operator's page.

    Examples: [bold]intent keys create checkout --scope ingest[/] ·
    [bold]intent keys create maya --scope leads --scope read --expires-days 90[/]
    """
    from intent.operations.keys import create_key

    lifetime = None if days is None else timedelta(days=days)
    database = keeper(access=Access.CREATE).database
    _show_new(create_key(database, name, scope, lifetime), as_json=as_json)


@app.command()
def rotate(
    reference: Reference,
    hours: Annotated[
        int,
        typer.Option("--overlap-hours", min=0, max=8_760, help="How long the old one goes on."),
    ] = 24,
    as_json: AsJson = False,
) -> None:
    """Make a key that takes over from one, and print it, once; the old one goes on for a while.

    Examples: [bold]intent keys rotate checkout[/] ·
    [bold]intent keys rotate checkout --overlap-hours 0[/]
    """
    from intent.operations.keys import rotate_key

    database = keeper(access=Access.WRITE).database
    _show_new(rotate_key(database, reference, timedelta(hours=hours)), as_json=as_json)


@app.command()
def revoke(reference: Reference, as_json: AsJson = False) -> None:
    """Take a key back, with the sessions that were opened with it; within 5 s nothing lets it in.

    A name takes back all keys of that name.

    Examples: [bold]intent keys revoke checkout[/] · [bold]intent keys revoke li_1a2b3c4d[/]
    """
    from intent.operations.keys import revoke_keys

    for key in revoke_keys(keeper(access=Access.WRITE).database, reference):
        if as_json:
            json_line({"revoked": key.prefix, "name": key.name})
        else:
            say(f"{key.prefix}… ({key.name}) opens nothing any more")


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List all keys, by how they begin: what they open, when they end, when they were used last.

    Example: [bold]intent keys list[/]
    """
    from intent.operations.keys import list_keys

    keys = list_keys(keeper().database)
    if as_json:
        for key in keys:
            json_line(_as_json(key))
    elif keys:
        _show(keys)
    else:
        say("no key was made yet; make one: intent keys create NAME --scope leads")


def _show(keys: list[AccessKey]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for column in ("key", "name", "opens", "state", "made", "ends", "last used, UTC"):
        table.add_column(column, no_wrap=True)
    for key in keys:
        table.add_row(
            f"{key.prefix}…",
            key.name,
            " ".join(sorted(key.scopes)),
            _state(key),
            f"{key.created_at:%Y-%m-%d}",
            _minute(key.expires_at),
            _minute(key.used_at) or "never",
        )
    results().print(table)


def _show_new(made: NewKey, *, as_json: bool) -> None:
    if as_json:
        json_line({"key": made.text, **_as_json(made.key)})
        return
    say(f"{made.key.name} opens {' '.join(sorted(made.key.scopes))}; this is shown once:")
    sys.stdout.write(f"{made.text}\n")


def _state(key: AccessKey) -> str:
    if key.revoked_at is not None:
        return "revoked"
    return "alive" if key.is_alive else "expired"


def _minute(at: datetime | None) -> str:
    return "" if at is None else f"{at:%Y-%m-%d %H:%M}"


def _as_json(key: AccessKey) -> dict[str, object]:
    return {
        "prefix": key.prefix,
        "name": key.name,
        "scopes": sorted(key.scopes),
        "state": _state(key),
        "created_at": key.created_at.isoformat(),
        "expires_at": key.expires_at and key.expires_at.isoformat(),
        "used_at": key.used_at and key.used_at.isoformat(),
    }
