"""The verb ``intent ingest``: reads messages from a file or stdin into the inbox."""

from __future__ import annotations

import os
from dataclasses import asdict
from threading import Event
from typing import TYPE_CHECKING, Annotated

import typer

from intent.cli.arguments import AsJson, application, opened
from intent.cli.screen import json_line, one_line, progress_bar, say
from intent.cli.stopping import stopping
from intent.model.errors import StoreUnavailable
from intent.store.access import Access

if TYPE_CHECKING:
    from intent.bootstrap.application import Application
    from intent.flow.ingest import IngestReport
    from intent.model.batch import Refused

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
        report = read_into_inbox(app, descriptor, path, speed, stop, room_ids=room_ids)
    if as_json:
        json_line(asdict(report))
        return
    say(
        f"{report.accepted:,} accepted, {report.repeated:,} known already, {report.refused:,} "
        f"refused ({report.refused_new:,} new)"
    )
    if report.edited or report.retracted:
        say(f"{report.edited:,} edited and decided again, {report.retracted:,} taken back")
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
) -> IngestReport:
    """Read a file into the inbox, with a progress bar and the first few refusals for people.

    Raises:
        StoreUnavailable: the database did not take a batch.
    """
    from intent.flow.ingest import ingest as run
    from intent.sources.door import Door
    from intent.sources.replay import ReplaySource

    shown = 0

    def show(refused: Refused) -> None:
        nonlocal shown
        shown += 1
        if shown <= SHOWN_REFUSALS:
            say(f"refused {one_line(refused.position, 200)}: {one_line(refused.reason, 300)}")
        elif shown == SHOWN_REFUSALS + 1:
            say("… further refusals are only counted; see: intent dead list")

    app.database.leave_with(stop)
    door = Door(room_ids=room_ids)
    source = ReplaySource(descriptor, name, speed=speed, sleep=stop.wait, door=door)
    size = os.fstat(descriptor).st_size or None
    with progress_bar("reading (bytes)", size) as (bar, task):

        def progress(report: IngestReport) -> None:
            bar.update(
                task,
                completed=os.lseek(descriptor, 0, os.SEEK_CUR) if size else None,
                note=f"{report.accepted:,} accepted, {report.repeated:,} known, "
                f"{report.refused:,} refused",
            )

        try:
            return run(source, app.inbox, stop=stop, progress=progress, on_refused=show)
        except StoreUnavailable as error:
            raise StoreUnavailable(
                f"the database did not take the messages ({error}); mend that and run the same "
                "command again: nothing is stored twice"
            ) from error
