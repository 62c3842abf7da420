"""The verbs ``intent report …``: what a room brought."""

from __future__ import annotations

from pathlib import Path
from threading import Event
from typing import Annotated

import typer

from intent.cli.arguments import AsJson, application
from intent.cli.screen import json_line, results, say, write_output

app = typer.Typer(no_args_is_help=True, help="What a room brought: a report for its host.")


@app.callback()
def _reports() -> None:
    """Keep ``room`` a verb of its own."""


@app.command("room")
def room(
    room_id: Annotated[str, typer.Argument(metavar="ROOM", help="Its room_id.")],
    platform: Annotated[
        str | None, typer.Option(help="Where, if rooms of several platforms have this id.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="HTML file to write, which needs nothing else."),
    ] = None,
    zone: Annotated[
        str, typer.Option(help="Time zone that times are shown in, such as Asia/Jakarta.")
    ] = "UTC",
    as_json: AsJson = False,
) -> None:
    """Report on a room: who came, what they wanted and when, what was answered, what nobody knows.

    Examples: [bold]intent report room live-1 -o live-1.html[/] · [bold]intent report room live-1
    --json | jq .verdict[/]
    """
    from intent.bootstrap.answering_shards import AnsweringShards
    from intent.bootstrap.inbox_shards import room_over
    from intent.operations.report import report_room
    from intent.report.room_json import plain_report
    from intent.report.room_page import report_file

    where, app = room_over(AnsweringShards(application(quiet=True), Event()), room_id, platform)
    found = report_room(app.database, app.taxonomy, room_id, platform=where, zone=zone)
    if output is not None:
        write_output(output, report_file(found))
    if as_json:
        json_line(plain_report(found))
        return
    for sentence in found.verdict:
        results().print(sentence, markup=False, soft_wrap=True)
    say(f"written to {output}" if output else "the whole report as a page: add -o report.html")
