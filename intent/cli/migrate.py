"""The verb ``intent migrate``: brings the database to the newest migration."""

from __future__ import annotations

from typing import Annotated

import typer

from intent.cli.arguments import application
from intent.cli.screen import say
from intent.store.access import Access


def migrate(
    to: Annotated[str, typer.Option(help="Migration to go to: head, base or a number.")] = "head",
    yes: Annotated[
        bool,
        typer.Option("--yes", help="Go down without asking, and lose what the newer tables hold."),
    ] = False,
) -> None:
    """Bring the database to the newest migration, or to another one.

    Examples: [bold]intent migrate[/] · [bold]intent migrate --to 0001[/]
    """
    from intent.bootstrap.application import migrations_dir, open_database
    from intent.operations.migrate import migrate as run

    app = application()
    named = app.named_databases
    databases = [open_database(one.settings, Access.CREATE, checked=False) for one in named]
    if to != "head" and not yes:
        typer.confirm(
            f"Going to {to} may drop tables with what they hold. Go on?", abort=True, err=True
        )
    for number, database in enumerate(databases, 1):
        done = run(database, migrations_dir(), to, features=app.features)
        was = "" if done.before == done.after else f" (was {done.before or 'empty'})"
        which = "the database" if len(named) == 1 else f"database {number}"
        say(f"{which} is at migration {done.after or 'base'}{was}")
        if done.recounted is not None:
            say(f"{done.recounted:,} decisions were counted anew as features")
