"""The verb ``intent demo``: a bundled sample through the whole pipeline."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from intent.cli.arguments import application, opened
from intent.cli.ingest import read_into_inbox
from intent.cli.leads import lead_table
from intent.cli.screen import results
from intent.cli.stopping import stopping
from intent.cli.work import decide_inbox
from intent.store.access import Access


def demo(
    database: Annotated[
        Path, typer.Option(help="SQLite file to make; an existing one is added to.")
    ] = Path("demo.db"),
    rows: Annotated[int, typer.Option(min=1, help="Leads to show.")] = 25,
) -> None:
    """Replay a bundled sample of three live streams and a shop inbox through the whole pipeline,
    and show the leads.

    Example: [bold]intent demo[/]
    """
    from intent.bootstrap.application import Application, sqlite_url
    from intent.bootstrap.resources import locate
    from intent.operations.leads import find_leads
    from intent.sources.files.file_source import FileSource

    given = application(quiet=True).settings
    settings = given.model_copy(update={"database_url": sqlite_url(database)})
    app = Application(settings, access=Access.CREATE)
    started = time.perf_counter()
    sample = str(locate("sources") / "sample.jsonl")
    with opened(sample) as descriptor, stopping() as stop:
        source = FileSource(descriptor, "sample.jsonl", stop=stop)
        read = read_into_inbox(app, descriptor, "sample.jsonl", source, stop)
        report = decide_inbox(app, stop, drain=True)
    found = list(find_leads(app.database, app.taxonomy))
    shown = sorted(found, key=lambda lead: -lead.lead_probability)[:rows]
    console = results()
    title = f"The {len(shown)} surest of {len(found)} leads"
    console.print(lead_table(shown, app.taxonomy, title=title))
    console.print(
        f"{read.accepted + read.repeated} messages read, {read.repeated} of them repeated; "
        f"{report.decided} decided in {time.perf_counter() - started:.1f} s; {len(found)} leads in "
        "all."
    )
    console.print(
        f"\nThe database lies at [bold]{database.absolute()}[/]. Try next:", soft_wrap=True
    )
    prefix = f"INTENT_DATABASE_URL=sqlite:///{database}"
    for command in (
        "intent leads --label appointment_booking",
        "intent features read user=tiktok:u_sgjannah room=tiktok:live-hijab-01",
        "intent status",
        "intent audit",
    ):
        console.print(f"  {prefix} {command}", soft_wrap=True)
    console.print(
        '  intent classify --text "how much for two, and do you ship to Perth?"', soft_wrap=True
    )
