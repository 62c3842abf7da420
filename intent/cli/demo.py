"""The verb ``intent demo``: a bundled sample through the whole pipeline."""

from __future__ import annotations

import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from intent.cli.arguments import application, opened, own_command
from intent.cli.ingest import read_into_inbox
from intent.cli.leads import lead_table
from intent.cli.screen import results
from intent.cli.stopping import stopping
from intent.cli.work import decide_inbox

if TYPE_CHECKING:
    from rich.console import Console

DEMO_DATABASE = Path("demo.db")

_AS_IT_IS: dict[str, Any] = {"markup": False, "soft_wrap": True}


def demo(
    database: Annotated[
        Path, typer.Option(help="SQLite file to make; an existing one is added to.")
    ] = DEMO_DATABASE,
    rows: Annotated[int, typer.Option(min=1, help="Leads to show.")] = 25,
) -> None:
    """Replay a bundled sample of three live streams and a shop inbox through the whole pipeline,
    and show the leads.

    Example: [bold]intent demo[/]
    """
    from intent.bootstrap.demo import build_demo, sample_path
    from intent.operations.leads import find_leads
    from intent.sources.files.file_source import FileSource

    app = build_demo(application(quiet=True).settings, database)
    started = time.perf_counter()
    with opened(str(sample_path())) as descriptor, stopping() as stop:
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
    _tell_what_next(console, database)


def _tell_what_next(console: Console, database: Path) -> None:
    """Show commands that work when they are pasted; the last one opens the inbox."""
    intent, file = own_command(), shlex.quote(str(database))
    console.print(f"\nThe database lies at {database.absolute()}. Try next:", **_AS_IT_IS)
    prefix = f"INTENT_DATABASE_URL=sqlite:///{file} {intent}"
    for command in (
        f"{prefix} leads --label appointment_booking",
        f"{prefix} features read user=tiktok:u_sgjannah room=tiktok:live-hijab-01",
        f"{prefix} status",
        f"{prefix} audit",
        f'{intent} classify --text "how much for two, and do you ship to Perth?"',
    ):
        console.print(f"  {command}", **_AS_IT_IS)
    other = "" if database == DEMO_DATABASE else f" --database {file}"
    console.print(
        "\nOpen the inbox of these leads at http://127.0.0.1:8000, where more arrive while you "
        "look:",
        **_AS_IT_IS,
    )
    console.print(f"  {intent} serve --demo{other}", **_AS_IT_IS)
