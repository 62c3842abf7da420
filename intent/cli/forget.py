"""The verb ``intent forget``: deletes a person, a message, a room or a conversion."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from intent.cli.arguments import AsJson, application, platform_and_id
from intent.cli.screen import json_line, say
from intent.cli.stopping import stopping
from intent.model.errors import OperatorError, WrongUse
from intent.store.access import Access

if TYPE_CHECKING:
    from intent.model.data_subject import DataSubject
    from intent.operations.forget import Forgotten


def forget(
    user: Annotated[
        str | None, typer.Option(metavar="PLATFORM:ID", help="A person, such as tiktok:u_1.")
    ] = None,
    message: Annotated[
        str | None, typer.Option(metavar="PLATFORM:ID", help="A message, such as tiktok:m_1.")
    ] = None,
    room: Annotated[
        str | None, typer.Option(metavar="PLATFORM:ID", help="A room, such as tiktok:live_1.")
    ] = None,
    conversion: Annotated[
        str | None,
        typer.Option(metavar="SOURCE:ID", help="An order, booking or lead, such as shopify:1001."),
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="All that was ever forgotten, as after a restore.")
    ] = False,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Also where nothing is stored: drop what comes later.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Delete what a person wrote, a message or a room, and everything made of it: decisions,
    questions, dead letters, features, impressions, clicks, orders. What comes of it later is
    dropped. Cannot be undone.

    Examples: [bold]intent forget --user tiktok:u_1[/] · [bold]intent forget --room tiktok:live_1[/]
    · after a restore: [bold]intent forget --again[/]
    """
    from intent.bootstrap.erasing import forget_everything_again, forget_everywhere
    from intent.bootstrap.shards import leave_with

    subject = _subject(again=again, user=user, message=message, room=room, conversion=conversion)
    app = application(access=Access.WRITE)
    with stopping() as stop:
        leave_with(app, stop)
        report = (
            forget_everything_again(app, stop=stop)
            if subject is None
            else forget_everywhere(app, subject, stop=stop, anyway=anyway)
        )
        interrupted = stop.is_set()
    if as_json:
        json_line(asdict(report))
    elif report.buried:
        _tell(report)
    if interrupted:
        raise OperatorError("interrupted; what was deleted is gone, go on with the same command")
    _require_done(report, subject)


def _require_done(report: Forgotten, subject: DataSubject | None) -> None:
    if subject is not None and not report.buried:
        raise OperatorError(
            f"nothing is stored of {subject.platform}:{subject.id}; nothing was deleted. To drop "
            "what comes of it later: --anyway"
        )
    if report.overwritten is False:
        raise OperatorError(
            "not yet: somebody reads the database, so its log still holds what was deleted; once "
            "they have ended, run the same command again"
        )


def _tell(report: Forgotten) -> None:
    say(
        f"{report.messages:,} messages, {report.refused:,} refused payloads and "
        f"{report.outcomes:,} outcomes deleted, with everything made of them; what comes of them "
        "later is dropped"
    )
    if report.exported:
        say(f"{report.exported:,} exported facts and served vectors taken out of their files")
    for path in report.exports_left:
        say(f"{path} holds what it held: build it again, or delete it")
    if report.overwritten is None:
        say(
            "PostgreSQL overwrites their rows with VACUUM; its log, replicas and dumps hold them "
            "until they are recycled"
        )
    if report.spools_held:
        say(
            f"{report.spools_held} spools are held by running processes: what is theirs is dropped "
            "when the database takes it"
        )


def _subject(*, again: bool, **named: str | None) -> DataSubject | None:
    """Return whom or what to forget; None for everything that was ever forgotten."""
    from intent.model.data_subject import DataSubject, SubjectKind

    given = {kind: value for kind, value in named.items() if value is not None}
    if len(given) + again != 1:
        raise WrongUse("say one of --user, --message, --room, --conversion and --again")
    if again:
        return None
    ((kind, value),) = given.items()
    platform, key = platform_and_id(value)
    # Of a conversion the source is part of the id.
    return DataSubject(
        SubjectKind(kind), platform, value if kind == SubjectKind.CONVERSION else key
    )
