"""The verbs ``intent backup`` and ``intent restore``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from intent.cli.arguments import application
from intent.cli.screen import say
from intent.cli.stopping import stopping
from intent.model.errors import OperatorError, WrongUse
from intent.store.access import Access


def backup(file: Annotated[Path, typer.Argument(help="File to write; it must not exist.")]) -> None:
    """Copy the database to a file while everything runs: as it is at one instant, without what was
    deleted, and checked. For SQLite; PostgreSQL has tools of its own.

    The key file is left out on purpose: whoever has both knows who was forgotten. The keys to
    contact details are written beside it: copy them elsewhere, and keep the newest copy alone.

    Example: [bold]intent backup backup.db[/]
    """
    from intent.bootstrap.subject_keys import copy_subject_keys, subject_keys_file
    from intent.store.backup import back_up

    app = application(access=Access.WRITE)
    _require_file(app.database.file)
    with stopping() as stop:
        size = back_up(app.database, file, leaving=stop.is_set)
    count = copy_subject_keys(app)
    say(f"{subject_keys_file(app)}: {count:,} keys to contact details; {file} holds none")
    say(f"{file}: {size:,} bytes, checked. To put it back: intent restore {file}")


def restore(
    file: Annotated[Path, typer.Argument(help="A backup.", exists=True, dir_okay=False)],
    replace: Annotated[
        bool, typer.Option("--replace", help="Where a database stands: set it aside.")
    ] = False,
) -> None:
    """Put a backup where the database stands, with every process stopped; then forget again whom
    the backup does not know to be forgotten.

    What stood there before is kept beside it, until you delete it.

    Example: [bold]intent restore backup.db --replace[/]
    """
    from intent.bootstrap.settings import load_settings
    from intent.store.backup import put_back
    from intent.store.engine import Database

    target = Database(load_settings().own_database_url).file
    target = _require_file(target)
    if target.exists() and not replace:
        raise WrongUse(f"{target} exists; to set it aside and put {file} there: --replace")
    kept = put_back(file, target)
    say(f"{file} stands as {target} now")
    if kept is not None:
        say(f"what stood there before is {kept}; delete it when it is not needed any more")
    _forget_again(kept)
    say("next: intent audit")


def _forget_again(aside: Path | None) -> None:
    from threading import Event

    from intent.bootstrap.erasing import forget_all_again
    from intent.bootstrap.subject_keys import put_keys_back

    app = application(access=Access.WRITE)
    report = forget_all_again(app, stop=Event())
    if report.messages or report.outcomes:
        say(
            f"{report.messages:,} messages and {report.outcomes:,} outcomes of the forgotten were "
            "deleted again"
        )
    say(f"{put_keys_back(app, aside):,} keys to contact details are back")


def _require_file(file: Path | None) -> Path:
    if file is None:
        raise OperatorError(
            "the database is no SQLite file; PostgreSQL is copied by its own tools, such as: "
            "pg_dump --format=custom --file=backup.dump DATABASE, and put back by pg_restore; then "
            "run: intent forget --again"
        )
    return file
