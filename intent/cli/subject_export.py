"""The verb ``intent export``: everything that is stored of a person."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from intent.cli.arguments import application, instant, platform_and_id, who_types
from intent.cli.screen import json_line, say, write_output
from intent.store.access import Access


def export(
    user: Annotated[str, typer.Option(metavar="PLATFORM:ID", help="Whom, such as tiktok:u_1.")],
    at: Annotated[
        str | None, typer.Option(help="Features as of this instant; now if not given.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; stdout if not given.")
    ] = None,
) -> None:
    """Print everything that is stored of a person as one JSON object: messages, every revision of
    their decisions, questions, dead letters, features. Words of others that they quote are left
    out.

    Example: [bold]intent export --user tiktok:u_1 -o u_1.json[/]
    """
    from intent.bootstrap.shards import open_shards
    from intent.operations.contact_book import note_export
    from intent.operations.subject_access import subject_record

    platform, key = platform_and_id(user)
    app = application(access=Access.WRITE)
    when = instant(at) if at else datetime.now(UTC)
    first, *others = open_shards(app)
    beside = [(one.database, one.vault) for one in others]
    person = (platform, key)
    record = subject_record(
        first.database, app.definitions, *person, when, first.vault, beside=beside
    )
    for shard in (first, *others):
        note_export(shard.database, record, seen_by=who_types())
    if output is None:
        json_line(record)
    else:
        write_output(output, f"{json.dumps(record, ensure_ascii=False, indent=2)}\n")
    say(f"{len(record['messages']):,} messages of {user}")
