"""The verb ``intent sources``: what is known of each source, and which kinds there are."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from intent.cli.arguments import AsJson, application
from intent.cli.listening_screen import as_json_values, seconds_text
from intent.cli.screen import json_line, one_line, results, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from intent.operations.sources import KnownSource


def sources(
    kinds: Annotated[
        bool, typer.Option("--kinds", help="List the kinds of sources instead.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show what is known of each source: whether it runs and where, how much of the last hour
    it saw, its gaps and its last trouble.

    Examples: [bold]intent sources[/] · [bold]intent sources --kinds[/] ·
    [bold]intent sources --json | jq .observed[/]
    """
    if kinds:
        _show_kinds(as_json=as_json)
        return
    from intent.operations.sources import read_sources

    found = read_sources(application(quiet=True).database)
    if as_json:
        for one in found:
            json_line(_as_json(one))
    elif found:
        _show(found)
    else:
        say("no source was listened to yet; start one: intent listen exec:./room")


def _as_json(one: KnownSource) -> dict[str, object]:
    values = as_json_values(asdict(one))
    listened = values.pop("listened")
    return values | (as_json_values(listened) if listened else {})


def _show(found: Sequence[KnownSource]) -> None:
    from rich.table import Table
    from rich.text import Text

    console = results()
    table = Table(box=None, pad_edge=False)
    for name in ("source", "state"):
        table.add_column(name)
    for name in ("messages", "last, UTC", "skew", "saw", "gaps", "reconnects"):
        table.add_column(name, justify="right", no_wrap=True)
    for one in found:
        table.add_row(*(Text(text) for text in _cells(one)))
    console.print(table)
    for one in found:
        if one.position is not None and one.stored_at is not None:
            stands = f"{one.source} stands at {one.position}"
            console.print(Text(f"{one_line(stands, 300)}, since {one.stored_at:%H:%M:%S} UTC"))
        known = one.listened
        if known is not None and known.error is not None and known.error_at is not None:
            trouble = f"{one.source} at {known.error_at:%m-%d %H:%M:%S} UTC: {known.error}"
            console.print(Text(one_line(trouble, 500), style="red"))


def _cells(one: KnownSource) -> list[str]:
    known, name = one.listened, one_line(one.source, 60)
    if known is None:
        return [name, "never listened to", "", "", "", "", f"{one.gaps:,}", ""]
    state = str(known.state)
    if known.state.is_alive and not one.running:
        state = f"gone since {known.seen_at:%m-%d %H:%M:%S} UTC"
    skew = (known.arrived - known.sent).total_seconds() if known.arrived and known.sent else None
    return [
        name,
        state,
        f"{known.messages:,}" + (f" ({known.dropped:,} dropped)" if known.dropped else ""),
        f"{known.arrived:%m-%d %H:%M:%S}" if known.arrived else "",
        seconds_text(skew),
        "" if one.observed is None else f"{one.observed:.1%}",
        f"{one.gaps:,}" + (f" ({one.blind:,} open)" if one.blind else ""),
        f"{known.reconnects:,}",
    ]


def _show_kinds(*, as_json: bool) -> None:
    from intent.bootstrap.sources import source_kinds

    declared = [kind.declaration for kind in source_kinds().values()]
    if as_json:
        for one in declared:
            json_line(asdict(one))
        return
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for name in ("kind", "what it reads", "written as", "secrets, in the environment"):
        table.add_column(name)
    for one in declared:
        secrets = ", ".join(secret.variable for secret in one.secrets)
        table.add_row(*(Text(text) for text in (one.scheme, one.title, one.example, secrets)))
    results().print(table)
