"""The verb ``intent retain``: deletes what is older than it is kept."""

from __future__ import annotations

from typing import Annotated

import typer

from intent.cli.arguments import AsJson, application
from intent.cli.screen import json_line, say
from intent.cli.stopping import stopping
from intent.model.errors import OperatorError, WrongUse
from intent.store.access import Access


def retain(
    messages: Annotated[
        int | None, typer.Option(min=1, max=36_500, help="Messages, with all made of them; 31+.")
    ] = None,
    dead_letters: Annotated[
        int | None, typer.Option(min=1, max=36_500, help="Payloads that are no messages.")
    ] = None,
    replies: Annotated[
        int | None, typer.Option(min=1, max=36_500, help="Kept replies of the LLM.")
    ] = None,
    attempts: Annotated[
        int | None, typer.Option(min=1, max=36_500, help="Calls of the LLM in the ledger.")
    ] = None,
    pushes: Annotated[
        int | None, typer.Option(min=1, max=36_500, help="What was pushed to hooks.")
    ] = None,
    accesses: Annotated[
        int | None, typer.Option(min=1, max=36_500, help="Who was shown contact details.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say how much would be deleted, and delete nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Delete what is older than so many days, in small transactions while everything runs; it may
    be stopped, and the same call goes on. What is not named is kept.

    Examples: [bold]intent retain --messages 90 --dry-run[/] · daily: [bold]intent retain --messages
    90 --dead-letters 30 --accesses 365[/]
    """
    from intent.model.retention_policy import RetentionPolicy
    from intent.operations.retain import retain as delete
    from intent.operations.retain import would_delete

    policy = RetentionPolicy(messages, dead_letters, replies, attempts, pushes, accesses)
    if policy == RetentionPolicy():
        raise WrongUse("name what is kept no longer, such as: intent retain --messages 90")
    app = application(access=Access.READ if dry_run else Access.WRITE)
    with stopping() as stop:
        app.database.leave_with(stop)
        gone = (
            would_delete(app.database, policy)
            if dry_run
            else delete(app.database, app.features, policy, stop=stop)
        )
        told_to_leave = stop.is_set()
    if as_json:
        json_line({**gone, "dry_run": dry_run})
    for name, count in gone.items() if not as_json else ():
        say(f"{name.replace('_', ' ')}: {count:,} {'would be ' if dry_run else ''}deleted")
    if told_to_leave:
        raise OperatorError("told to leave; to go on, run the same again")
