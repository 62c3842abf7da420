"""Draws the picture of the README: ``python docs/picture.py`` replays the bundled sample and writes
``docs/plots/demo.svg``.
"""

from __future__ import annotations

import io
import tempfile
from pathlib import Path
from threading import Event

from rich.console import Console
from rich.terminal_theme import MONOKAI

from intent.bootstrap.application import Application, sqlite_url
from intent.bootstrap.resources import locate
from intent.bootstrap.settings import Settings
from intent.cli.arguments import opened
from intent.cli.ingest import read_into_inbox
from intent.cli.leads import lead_table
from intent.cli.work import decide_inbox
from intent.operations.leads import find_leads
from intent.store.access import Access
from intent.telemetry import configure_logs

OUT = Path(__file__).parent / "plots" / "demo.svg"
SHOWN = 12

# The viewer's own fonts: the page asks no other host for one.
FORMAT = """<svg class="rich-terminal" viewBox="0 0 {width} {height}"
 xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: monospace;
 font-size: {char_height}px; line-height: {line_height}px; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def main() -> None:
    """Replay, and draw the surest leads."""
    configure_logs("error")
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(database_url=sqlite_url(Path(folder) / "demo.db"))
        app = Application(settings, access=Access.CREATE)
        with opened(str(locate("sources") / "sample.jsonl")) as descriptor:
            read_into_inbox(app, descriptor, "sample.jsonl", None, Event())
        decide_inbox(app, Event(), drain=True)
        found = list(find_leads(app.database, app.taxonomy))
        app.database.close()
    shown = sorted(found, key=lambda lead: -lead.lead_probability)[:SHOWN]
    console = Console(record=True, width=132, file=io.StringIO())
    title = f"The {SHOWN} surest of {len(found)} leads"
    console.print(lead_table(shown, app.taxonomy, title=title))
    picture = console.export_svg(
        title="intent leads", theme=MONOKAI, code_format=FORMAT, unique_id="demo"
    )
    OUT.write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main()
