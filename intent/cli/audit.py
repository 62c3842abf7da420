"""The verb ``intent audit``: proves that nothing was lost or doubled."""

from __future__ import annotations

from dataclasses import asdict

import typer

from intent.cli.arguments import AsJson, application
from intent.cli.screen import json_line, results


def audit(as_json: AsJson = False) -> None:
    """Prove that nothing was lost or doubled: every accepted message is waiting, decided or dead,
    exactly once, and that contact details stand in the vault alone; exit 1 if not.

    Example: [bold]intent audit[/]
    """
    from intent.operations.audit import audit as recount

    app = application()
    found = recount(app.database, app.taxonomy.members, vault=app.vault)
    if as_json:
        parts = {"features": asdict(found.features), "outcomes": asdict(found.outcomes)}
        json_line({**asdict(found.books), **parts, "plain": found.plain, "holds": found.holds})
    else:
        console = results()
        for place, line in enumerate(found.findings()):
            console.print(f"  {line}" if place else line)
        console.print(
            "[bold green]the audit holds[/]"
            if found.holds
            else "[bold red]the audit does not hold[/]"
        )
    if not found.holds:
        raise typer.Exit(1)
