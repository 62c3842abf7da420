"""The verb ``intent forget``: deletes a person."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from intent.cli.arguments import AsJson, application
from intent.cli.screen import json_line, say
from intent.cli.stopping import stopping
from intent.model.errors import OperatorError, WrongUse
from intent.store.access import Access


def forget(
    user: Annotated[str, typer.Option(metavar="PLATFORM:ID", help="Whom, such as tiktok:u_1.")],
    as_json: AsJson = False,
) -> None:
    """Delete a person's messages and everything made of them: decisions, questions, dead letters,
    features. Cannot be undone.

    Example: [bold]intent forget --user tiktok:u_1[/]
    """
    from intent.operations.forget import forget as delete_person
    from intent.store.erasure import SqlErasure

    platform, _, key = user.partition(":")
    if not platform or not key:
        raise WrongUse(f"{user!r} names nobody; write PLATFORM:ID, such as tiktok:u_1")
    app = application(access=Access.WRITE)
    with stopping() as stop:
        app.database.leave_with(stop)
        report = delete_person(platform, key, SqlErasure(), app.features, app.database, stop=stop)
        interrupted = stop.is_set()
    if as_json:
        json_line(asdict(report))
    elif report.known:
        say(
            f"{report.messages:,} messages and {report.refused:,} refused payloads deleted, with "
            "everything made of them"
        )
    if interrupted:
        raise OperatorError("interrupted; what was deleted is gone, go on with the same command")
    if not report.known:
        raise OperatorError(f"nothing is stored of {user}; nothing was deleted")
