"""The verb ``intent retain``: deletes what is older than it is kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from intent.cli.arguments import AsJson, application
from intent.cli.screen import json_line, say
from intent.cli.stopping import stopping
from intent.model.errors import OperatorError, WrongUse
from intent.store.access import Access

if TYPE_CHECKING:
    from intent.model.retention_policy import RetentionPolicy


def _days(of: str) -> Any:
    return typer.Option(min=1, max=36_500, help=of)


def retain(
    messages: Annotated[int | None, _days("Messages, with all made of them; 31+.")] = None,
    dead_letters: Annotated[int | None, _days("Payloads that are no messages.")] = None,
    replies: Annotated[int | None, _days("Kept replies of the LLM.")] = None,
    attempts: Annotated[int | None, _days("Calls of the LLM in the ledger.")] = None,
    pushes: Annotated[int | None, _days("What was pushed to hooks.")] = None,
    accesses: Annotated[int | None, _days("Who was shown contact details.")] = None,
    impressions: Annotated[int | None, _days("Rooms that were shown to viewers.")] = None,
    clicks: Annotated[int | None, _days("Rooms that viewers entered.")] = None,
    conversions: Annotated[
        int | None, _days("Orders and the like, with links and credits, since they changed.")
    ] = None,
    exposures: Annotated[int | None, _days("Arms of experiments that were shown.")] = None,
    file: Annotated[
        Path | None,
        typer.Option(help="Days by kind; default: INTENT_RETENTION_FILE, or retention.yaml here."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say how much would be deleted, and delete nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Delete what is older than so many days, in small transactions while everything runs; it may
    be stopped, and the same call goes on. What neither an option nor the file names is kept.

    Examples: [bold]intent retain --messages 90 --dry-run[/] · daily: [bold]intent retain --messages
    90 --dead-letters 30 --accesses 365[/]
    """
    from intent.bootstrap.retention_file import with_days
    from intent.model.retention_policy import RetentionPolicy

    said = {"messages": messages, "dead_letters": dead_letters, "replies": replies}
    said |= {"attempts": attempts, "pushes": pushes, "accesses": accesses}
    said |= {"impressions": impressions, "clicks": clicks}
    said |= {"conversions": conversions, "exposures": exposures}
    policy = with_days(_policy(file), **said)
    if policy == RetentionPolicy():
        raise WrongUse("name what is kept no longer, such as: intent retain --messages 90")
    _run(policy, dry_run=dry_run, as_json=as_json)


def _policy(file: Path | None) -> RetentionPolicy:
    from intent.bootstrap.retention_file import RETENTION_FILE, read_retention
    from intent.bootstrap.settings import load_settings
    from intent.model.retention_policy import RetentionPolicy

    file = file or load_settings().retention_file
    if file is None and RETENTION_FILE.is_file():
        file = RETENTION_FILE
    return RetentionPolicy() if file is None else read_retention(file)


def _run(policy: RetentionPolicy, *, dry_run: bool, as_json: bool) -> None:
    from intent.bootstrap.erasing import drop_loose_links
    from intent.operations.retain import retain as delete
    from intent.operations.retain import would_delete

    app = application(access=Access.READ if dry_run else Access.WRITE)
    with stopping() as stop:
        app.database.leave_with(stop)
        gone = (
            would_delete(app.database, policy)
            if dry_run
            else delete(app.database, app.features, policy, stop=stop)
        )
        if not dry_run:
            drop_loose_links(app)
        told_to_leave = stop.is_set()
    if as_json:
        json_line({**gone, "dry_run": dry_run})
    for name, count in gone.items() if not as_json else ():
        say(f"{name.replace('_', ' ')}: {count:,} {'would be ' if dry_run else ''}deleted")
    if told_to_leave:
        raise OperatorError("told to leave; to go on, run the same again")
