"""The verb ``python -m eval bench inbox``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from intent.bootstrap.application import sqlite_url
from intent.cli.screen import json_line, say
from intent.telemetry import configure_logs

if TYPE_CHECKING:
    from eval.bench.inbox_pages import InboxFigures

PAGE_BYTES, PAGE_MS = 100_000, 300.0
VISIBLE_MS = 1_000.0
RATIO = 0.95
LEAVE_SECONDS = 5.0
"""The goals."""


def inbox(
    messages: Annotated[int, typer.Option(min=1_000, help="Messages in the store.")] = 1_000_000,
    streams: Annotated[int, typer.Option(min=1, help="Pages that are open at once.")] = 20,
    pace: Annotated[float, typer.Option(min=1, help="Decisions a second, each a lead.")] = 50.0,
    seconds: Annotated[float, typer.Option(min=1, help="For so long.")] = 20.0,
    pairs: Annotated[int, typer.Option(min=1, help="Runs without and with pages.")] = 4,
    burst: Annotated[int, typer.Option(min=10, help="Messages of each of these.")] = 2_000,
    postgresql: Annotated[
        str | None, typer.Option(help="URL of an empty PostgreSQL database; default: SQLite.")
    ] = None,
    store: Annotated[
        Path | None, typer.Option(help="SQLite file that is made and kept, or taken as it is.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """The inbox on a large store: its first page, how soon decisions are on open pages, and what
    these cost the worker.

    Example: python -m eval bench inbox --messages 1000000
    """
    # What builds a worker takes a while to import: only this verb waits for it.
    from eval.bench.inbox_pages import InboxLoad, measure_inbox

    configure_logs("error")
    load = InboxLoad(messages, streams, pace, seconds, pairs, burst)
    with TemporaryDirectory() as folder:
        file = sqlite_url(store or Path(folder) / "intent.db").get_secret_value()
        figures = measure_inbox(postgresql or file, Path(folder), load, say)
    if as_json:
        json_line({**asdict(figures), "ratio": figures.ratio})
    else:
        _show(figures)


def _show(found: InboxFigures) -> None:
    say(f"{found.database}, {found.messages:,} messages in the store")
    page = found.page
    small, soon = page.size <= PAGE_BYTES, page.middle <= PAGE_MS
    say(
        f"first page: {page.size:,} bytes (goal {PAGE_BYTES:,}: {_met(small)}), "
        f"{page.first:.0f} ms at first, {page.middle:.0f} ms in the median (goal "
        f"{PAGE_MS:g}: {_met(soon)}), {page.cpu:.0f} ms of processor time"
    )
    say(
        f"{found.decisions:,} decisions on {found.streams} streams: visible after "
        f"{found.visible_p50:.0f} ms (p50), {found.visible_p95:.0f} ms (p95; goal {VISIBLE_MS:g}: "
        f"{_met(found.visible_p95 <= VISIBLE_MS)}); {found.lost} lost, {found.doubled} doubled"
    )
    pairs = ", ".join(f"{one:.3f}" for one in found.ratios)
    say(
        f"speed of the worker with pages over that without, by processor time: {found.ratio:.3f} "
        f"(goal {RATIO:g}: {_met(found.ratio >= RATIO)}; pairs: {pairs})"
    )
    say(
        f"left in {found.leave_seconds:.1f} s with all streams open (goal {LEAVE_SECONDS:g}: "
        f"{_met(found.leave_seconds <= LEAVE_SECONDS)})"
    )


def _met(is_met: bool) -> str:
    return "met" if is_met else "missed"
