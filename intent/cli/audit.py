"""The verb ``intent audit``: proves that nothing was lost or doubled."""

from __future__ import annotations

from dataclasses import asdict

import typer

from intent.cli.arguments import AsJson, application
from intent.cli.screen import json_line, results


def audit(as_json: AsJson = False) -> None:
    """Prove that nothing was lost or doubled: every accepted message is waiting, decided or dead,
    exactly once; exit 1 if not.

    Example: [bold]intent audit[/]
    """
    from intent.operations.audit import audit as recount

    app = application()
    found = recount(app.database, app.taxonomy.members)
    books, state = found.books, found.features
    if as_json:
        parts = {"features": asdict(state), "outcomes": asdict(found.outcomes)}
        json_line({**asdict(books), **parts, "holds": found.holds})
    else:
        console = results()
        console.print(books.equation())
        console.print(
            f"  neither waiting, decided nor dead: {books.nowhere:,}; more than one of them: "
            f"{books.twice:,}; never accepted: {books.unknown:,}"
        )
        console.print(
            f"  messages with a gap in their revisions: {books.gaps:,}; decisions filed under "
            f"labels they did not choose: {books.misfiled:,}"
        )
        console.print(f"  refused payloads kept beside: {books.refused:,}")
        console.print(f"  feature rows recomputed from decisions: {state.recomputed:,}")
        console.print(
            f"  of these mismatched: {state.mismatched:,}; missing: {state.missing:,}; extra: "
            f"{state.extra:,}"
        )
        console.print(
            f"  conversions: {found.outcomes.conversions:,}; with a gap in their revisions: "
            f"{found.outcomes.gaps:,}; links and credits to what is gone: "
            f"{found.outcomes.dangling:,}; changed, but never placed so far: "
            f"{found.outcomes.unplaced:,}"
        )
        console.print(
            "[bold green]the audit holds[/]"
            if found.holds
            else "[bold red]the audit does not hold[/]"
        )
    if not found.holds:
        raise typer.Exit(1)
