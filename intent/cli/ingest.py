"""The verb ``intent ingest``: reads messages from a file or stdin into the inbox."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from threading import Event
from typing import TYPE_CHECKING, Annotated

import typer

from intent.cli.arguments import AsJson, application, opened, waiting_for_database
from intent.cli.screen import json_line, one_line, progress_bar, say
from intent.cli.stopping import stopping
from intent.model.errors import OperatorError, Stopping
from intent.store.access import Access

if TYPE_CHECKING:
    from intent.bootstrap.application import Application
    from intent.flow.ingest import IngestReport
    from intent.model.batch import Refused
    from intent.queues.spool import FileSpool

SHOWN_REFUSALS = 5


def ingest(
    path: Annotated[
        str, typer.Argument(metavar="PATH|-", help="JSONL file of messages, or - for stdin.")
    ],
    speed: Annotated[
        float | None,
        typer.Option(
            min=0.001, help="Replay at recorded speed × N; without it as fast as possible."
        ),
    ] = None,
    room_ids: Annotated[
        bool,
        typer.Option(
            "--room-ids", help="Message ids are unique in a room only: put the room before each."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Read messages from a file or stdin into the inbox; a second time adds nothing.

    Examples: [bold]intent ingest chat.jsonl[/] · [bold]tail -f chat.jsonl | intent ingest -[/] ·
    [bold]intent ingest chat.jsonl --speed 10[/]
    """
    app = application(access=Access.CREATE)
    with opened(path) as descriptor, stopping() as stop:
        report, whole = read_into_inbox(app, descriptor, path, speed, stop, room_ids=room_ids)
    if as_json:
        json_line(asdict(report))
    else:
        _say(report)
    if report.refused_most:
        raise OperatorError(
            "most of it was refused, so it is probably no file of messages: one JSON object a "
            "line, or a JSON array of them; the reasons: intent dead list"
        )
    if not whole and path != "-":
        raise OperatorError("interrupted; what was read is stored, go on with the same command")


def _say(report: IngestReport) -> None:
    say(
        f"{report.accepted:,} accepted, {report.repeated:,} known already, {report.refused:,} "
        f"refused ({report.refused_new:,} new)"
    )
    if report.edited or report.retracted:
        say(f"{report.edited:,} edited and decided again, {report.retracted:,} taken back")
    if report.erased:
        say(f"{report.erased:,} dropped: they are of people, messages or rooms that were forgotten")
    if report.conflicting:
        say(
            f"{report.conflicting:,} in conflict: their ids are known from another room or author, "
            "so they were not accepted; where ids are unique in a room only, ingest with --room-ids"
        )
    if report.refused or report.conflicting:
        say("what was not accepted is kept as dead letters; see: intent dead list")


def read_into_inbox(
    app: Application,
    descriptor: int,
    name: str,
    speed: float | None,
    stop: Event,
    *,
    room_ids: bool = False,
) -> tuple[IngestReport, bool]:
    """Read a file into the inbox, with a progress bar and the first few refusals for people; return
    the counts, and whether it was read to its end.

    Raises:
        OperatorError: we were told to stop while the database was away.
    """
    from intent.flow.ingest import ingest as run
    from intent.sources.door import Door
    from intent.sources.replay import ReplaySource

    door = Door(room_ids=room_ids)
    source = ReplaySource(descriptor, name, stop=stop, speed=speed, sleep=stop.wait, door=door)
    size = os.fstat(descriptor).st_size or None
    with progress_bar("reading (bytes)", size) as (bar, task):

        def progress(report: IngestReport) -> None:
            note = f"{report.accepted:,} accepted, {report.repeated:,} known"
            note += f", {report.refused:,} refused"
            if report.outages:
                note += f", waited {report.outages:,} times for the database"
            at = os.lseek(descriptor, 0, os.SEEK_CUR) if size else None
            bar.update(task, completed=at, note=note)

        with _spool(app, name) as spool:
            try:
                inbox = waiting_for_database(lambda: app.inbox, stop)
                app.database.leave_with(stop)
                report = run(
                    source,
                    inbox,
                    stop=stop,
                    spool=spool,
                    progress=progress,
                    on_refused=_Refusals(),
                )
            except Stopping as error:
                raise OperatorError(_left(spool)) from error
    return report, source.at_end


@contextmanager
def _spool(app: Application, name: str) -> Iterator[FileSpool | None]:
    """Yield where a pipe's messages wait while the database is away; a file waits by itself."""
    if name != "-":
        yield None
        return
    from intent.queues.spool import FileSpool

    spool = FileSpool(app.settings.spool_dir, limit=app.settings.spool_bytes)
    try:
        yield spool
    finally:
        spool.close()


class _Refusals:
    """Tells people the first few refusals, and that there are more."""

    def __init__(self) -> None:
        self._shown = 0

    def __call__(self, refused: Refused) -> None:
        self._shown += 1
        if self._shown <= SHOWN_REFUSALS:
            say(f"refused {one_line(refused.position, 200)}: {one_line(refused.reason, 300)}")
        elif self._shown == SHOWN_REFUSALS + 1:
            say("… further refusals are only counted; see: intent dead list")


def _left(spool: FileSpool | None) -> str:
    """Return what to do about a stop during an outage."""
    if spool is None:
        return "interrupted while the database was away; go on with the same command"
    return (
        f"interrupted while the database was away; what was read and not stored waits in "
        f"{spool.path.absolute()}, and is put first when intent ingest - runs in that folder again"
    )
