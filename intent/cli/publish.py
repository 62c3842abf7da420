"""The verb ``intent publish``: sends messages of a file to a broker."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import Annotated

import typer

from intent.cli.arguments import AsJson, opened
from intent.cli.refusals import Refusals
from intent.cli.screen import json_line, progress_bar, say
from intent.cli.stopping import stopping
from intent.model.errors import Later, OperatorError


def publish(
    path: Annotated[
        str,
        typer.Argument(
            metavar="PATH|-",
            help="JSONL file of messages, or - for stdin.",
        ),
    ],
    to: Annotated[
        str,
        typer.Option(help="A stream or topic, such as redis:comments or kafka://host:9092/topic."),
    ],
    as_json: AsJson = False,
) -> None:
    """Send messages to Redis or Kafka, in the file's order; what is no message is told of and not
    sent. Whoever listens there stores them.

    Nothing counts as published before the broker has confirmed it. After an interruption run it
    again: what is there twice is one message to whoever listens.

    Exit 0 all was published, 1 it was cut short or most of it was refused, 2 wrong use.

    Examples: [bold]intent publish chat.jsonl --to redis:comments[/] · [bold]intent publish
    chat.jsonl --to redis://127.0.0.1:6379/0/comments[/] · [bold]tail -f chat.jsonl | intent publish
    - --to kafka://broker:9092/comments[/]
    """
    from intent.bootstrap.brokers import build_publisher
    from intent.flow.publish import PublishReport
    from intent.flow.publish import publish as run
    from intent.sources.files.file_source import FileSource
    from intent.sources.files.wire_shape import WIRE

    report = PublishReport()
    with opened(path) as descriptor, stopping() as stop:
        source = FileSource(descriptor, path, format_name=WIRE.name, stop=stop)
        publisher = build_publisher(to, os.environ)
        size = os.fstat(descriptor).st_size or None
        with progress_bar("publishing (bytes)", size) as (bar, task):

            def progress(report: PublishReport) -> None:
                at = os.lseek(descriptor, 0, os.SEEK_CUR) if size else None
                note = f"{report.published:,} published, {report.refused:,} refused"
                bar.update(task, completed=at, note=note)

            try:
                run(
                    source,
                    publisher,
                    report,
                    stop=stop,
                    progress=progress,
                    on_refused=Refusals("… further refusals are only counted"),
                )
            except Later as error:
                raise OperatorError(
                    f"cut short after {report.published:,} messages that {to} has confirmed: "
                    f"{error}; run it again, what is there already does no harm"
                ) from error
            finally:
                publisher.close()
    _report(report, as_json=as_json)
    if report.refused_most:
        raise OperatorError("most of it was refused, so it is probably no file of messages")
    if path != "-" and not source.at_end:
        raise OperatorError("interrupted; run it again, what is there already does no harm")


def _report(report: object, *, as_json: bool) -> None:
    counts: dict[str, int] = asdict(report)  # type: ignore[call-overload]
    if as_json:
        json_line(counts)
    else:
        say(f"{counts['published']:,} published and confirmed, {counts['refused']:,} refused")
