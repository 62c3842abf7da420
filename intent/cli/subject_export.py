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
    from intent.operations.contact_book import note_export
    from intent.operations.subject_access import subject_record

    platform, key = platform_and_id(user)
    app = application(access=Access.WRITE)
    when = instant(at) if at else datetime.now(UTC)
    record = subject_record(app.database, app.definitions, platform, key, when, app.vault)
    note_export(app.database, record, seen_by=who_types())
    if output is None:
        json_line(record)
    else:
        write_output(output, f"{json.dumps(record, ensure_ascii=False, indent=2)}\n")
    say(f"{len(record['messages']):,} messages of {user}")
