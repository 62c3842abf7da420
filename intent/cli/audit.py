"""The verb ``intent audit``: proves that nothing was lost or doubled."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from intent.cli.arguments import AsJson, application
from intent.cli.screen import json_line, results

if TYPE_CHECKING:
    from intent.bootstrap.application import Application


def audit(as_json: AsJson = False) -> None:
    """Prove that nothing was lost or doubled: every accepted message is waiting, decided or dead,
    exactly once, and that contact details stand in the vault alone; exit 1 if not.

    Example: [bold]intent audit[/]
    """
    from intent.bootstrap.shards import open_shards

    with closing(application()) as app:
        holds = _audited(open_shards(app), as_json=as_json)
    if not as_json:
        results().print(
            "[bold green]the audit holds[/]" if holds else "[bold red]the audit does not hold[/]"
        )
    if not holds:
        raise typer.Exit(1)


def _audited(shards: Sequence[Application], *, as_json: bool) -> bool:
    from intent.operations.audit import audit as recount

    holds = True
    all_of_them = [one.database for one in shards] if len(shards) > 1 else []
    for number, app in enumerate(shards, 1):
        found = recount(app.database, app.taxonomy.members, vault=app.vault, shards=all_of_them)
        holds = holds and found.holds
        if as_json:
            parts = {"features": asdict(found.features), "outcomes": asdict(found.outcomes)}
            more = {"plain": found.plain, "holds": found.holds}
            which = {"shard": number} if len(shards) > 1 else {}
            json_line({**which, **asdict(found.books), **parts, **more})
            continue
        if len(shards) > 1:
            results().print(f"shard {number} of {len(shards)}", style="bold")
        for place, line in enumerate(found.findings()):
            results().print(f"  {line}" if place else line)
    if len(shards) > 1:
        holds = _between(shards, as_json=as_json) and holds
    return holds


def _between(shards: Sequence[Application], *, as_json: bool) -> bool:
    """Recount what no shard sees by itself: rooms in the wrong one, messages in two of them."""
    from intent.operations.shards import check_between

    between = check_between([app.database for app in shards])
    if as_json:
        json_line({**asdict(between), "holds": between.holds})
    else:
        results().print(
            f"rooms that are not in their shard: {between.astray:,}; messages in more than one "
            f"shard: {between.doubled:,}"
        )
    return between.holds
