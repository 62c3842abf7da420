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
from intent.cli.file_preview import count_only, show_preview
from intent.cli.refusals import Refusals
from intent.cli.screen import json_line, one_line, progress_bar, say
from intent.cli.stopping import stopping
from intent.model.errors import OperatorError, Stopping
from intent.sources.files.date_order import DateOrder
from intent.store.access import Access

if TYPE_CHECKING:
    from intent.bootstrap.application import Application
    from intent.flow.ingest import IngestReport
    from intent.queues.spool import FileSpool
    from intent.sources.door import Door
    from intent.sources.files.file_source import FileSource
    from intent.sources.files.told import Told


Path = Annotated[
    str, typer.Argument(metavar="PATH|-", help="File of messages, or - for stdin; gzip, too.")
]
Format = Annotated[
    str,
    typer.Option(
        "--format",
        help="What the file is: auto (told by its structure), wire, twitch-downloader, yt-dlp, "
        "chat-downloader, pytchat, whatsapp, tiktok-csv, table.",
    ),
]
Columns = Annotated[
    list[str] | None,
    typer.Option("--map", help="KEY=COLUMN: which column of a CSV holds what; repeat it."),
]
Constants = Annotated[
    list[str] | None,
    typer.Option("--const", help="KEY=VALUE of all messages, as platform=tiktok; repeat it."),
]
Room = Annotated[str | None, typer.Option(help="Room of all messages: --const room_id=…")]
Zone = Annotated[
    str | None,
    typer.Option(help="IANA zone of times that do not say theirs, such as Asia/Jakarta."),
]
Order = Annotated[
    DateOrder | None, typer.Option(help="How dates are written, where the file does not tell.")
]
Hosts = Annotated[
    list[str] | None, typer.Option("--host", help="Name or id of an author who is the host.")
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Count what would be read, and store nothing.")
]
Speed = Annotated[
    float | None,
    typer.Option(min=0.001, help="Replay at recorded speed × N; without it as fast as possible."),
]
RoomIds = Annotated[
    bool,
    typer.Option(
        "--room-ids", help="Message ids are unique in a room only: put the room before each."
    ),
]


def ingest(
    path: Path,
    format_name: Format = "auto",
    columns: Columns = None,
    constants: Constants = None,
    room: Room = None,
    timezone: Zone = None,
    date_order: Order = None,
    hosts: Hosts = None,
    dry_run: DryRun = False,
    speed: Speed = None,
    room_ids: RoomIds = False,
    as_json: AsJson = False,
) -> None:
    """Read messages from a file or stdin into the inbox; a second time adds nothing.

    Files of other programs are told by their structure; what they are taken for is shown first.

    Examples: [bold]intent ingest chat.jsonl[/] · [bold]tail -f chat.jsonl | intent ingest -[/] ·
    [bold]intent ingest chat.jsonl --speed 10[/] · [bold]intent ingest twitch.json.gz[/] ·
    [bold]intent ingest video.live_chat.json --room VIDEO_ID[/] · [bold]intent ingest _chat.txt
    --timezone Asia/Jakarta --room my-shop --host 'My Shop'[/] · [bold]intent ingest comments.csv
    --map text=Comment --map user_id=Author --map sent_at=Date --const platform=tiktok --room
    live-7 --dry-run[/]
    """
    from intent.sources.door import Door
    from intent.sources.files.told import told

    said = told(
        columns=columns or (),
        constants=constants or (),
        room=room,
        timezone=timezone,
        date_order=date_order,
        hosts=hosts or (),
    )
    app = application(access=Access.CREATE)
    with opened(path) as descriptor, stopping() as stop:
        door = Door(room_ids=room_ids)
        source = _looked_at(descriptor, path, format_name, said, door, stop, speed)
        if dry_run or source.format_name != "wire":
            show_preview(source.preview())
        if dry_run:
            count_only(source, as_json=as_json)
            return
        report = read_into_inbox(app, descriptor, path, source, stop)
    _tell(report, source, path, as_json=as_json)


def _looked_at(
    descriptor: int,
    path: str,
    format_name: str,
    said: Told,
    door: Door,
    stop: Event,
    speed: float | None,
) -> FileSource:
    """Return the source of a file, once it is known what that is."""
    from intent.sources.files.file_source import FileSource

    return FileSource(
        descriptor,
        path,
        format_name=format_name,
        told=said,
        door=door,
        stop=stop,
        speed=speed,
        sleep=stop.wait,
    )


def _tell(report: IngestReport, source: FileSource, path: str, *, as_json: bool) -> None:
    """Say what became of a file.

    Raises:
        OperatorError: it is broken, most of it was refused, or it was left half way.
    """
    if as_json:
        more = {"format": source.format_name, "skipped": dict(source.skipped)}
        json_line({**asdict(report), **more})
    else:
        _say(report)
        for kind, count in source.skipped.most_common():
            say(f"passed over: {count:,} × {one_line(kind, 100)}")
    if source.broken is not None:
        raise OperatorError(f"{path} {source.broken}; what stood before that is stored")
    if report.refused_most and source.format_name == "wire":
        raise OperatorError(
            "most of it was refused, so it is probably no file of messages: one JSON object a "
            "line, or a JSON array of them; the reasons: intent dead list"
        )
    if report.refused_most:
        raise OperatorError("most of it was refused; the reasons: intent dead list")
    if not source.at_end and path != "-":
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
    app: Application, descriptor: int, name: str, source: FileSource, stop: Event
) -> IngestReport:
    """Read a file into the inbox, with a progress bar and the first few refusals for people; return
    the counts.

    Raises:
        OperatorError: we were told to stop while the database was away.
    """
    from intent.bootstrap.shards import build_inlet, leave_with
    from intent.flow.ingest import ingest as run

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
                inbox = waiting_for_database(lambda: build_inlet(app), stop)
                leave_with(app, stop)
                return run(
                    source,
                    inbox,
                    stop=stop,
                    spool=spool,
                    progress=progress,
                    on_refused=Refusals(
                        "… further refusals are only counted; see: intent dead list"
                    ),
                )
            except Stopping as error:
                raise OperatorError(_left(spool)) from error


@contextmanager
def _spool(app: Application, name: str) -> Iterator[FileSpool | None]:
    """Yield where a pipe's messages wait while the database is away; a file waits by itself."""
    if name != "-":
        yield None
        return
    from intent.queues.spool import FileSpool

    # Its key is the same for all shards, and read when the first line comes.
    settings, sealing = app.settings, app.named_databases[0].line_seal
    spool = FileSpool(settings.spool_dir, limit=settings.spool_bytes, sealing=sealing)
    try:
        yield spool
    finally:
        spool.close()


def _left(spool: FileSpool | None) -> str:
    """Return what to do about a stop during an outage."""
    if spool is None:
        return "interrupted while the database was away; go on with the same command"
    return (
        f"interrupted while the database was away; what was read and not stored waits in "
        f"{spool.path.absolute()}, and is put first when intent ingest - runs in that folder again"
    )
