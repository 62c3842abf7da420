"""The verb ``python -m eval bench pipeline``."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from intent.cli.screen import json_line, results, say
from intent.telemetry import configure_logs

if TYPE_CHECKING:
    from eval.bench.pipeline import PipelineLine

GOAL = 5.0
"""How many times the messages a second of a task a message the pipeline is meant to carry."""

QUICK = (300, 1.0)


def pipeline(
    postgresql: Annotated[
        str | None, typer.Option(help="URL of a PostgreSQL database that may create others.")
    ] = None,
    redis: Annotated[
        str | None, typer.Option(help="Redis, such as redis://127.0.0.1:6379/0.")
    ] = None,
    kafka: Annotated[
        str | None, typer.Option(help="host:port of Kafka; topics are made by writing to them.")
    ] = None,
    messages: Annotated[int, typer.Option(min=10, help="Messages of a full source.")] = 20_000,
    seconds: Annotated[float, typer.Option(min=0.1, help="Seconds at half load.")] = 10.0,
    workers: Annotated[
        list[int] | None, typer.Option(min=1, help="Workers; may be repeated. Default: 1 and 2.")
    ] = None,
    beside: Annotated[
        Path | None, typer.Option(help="Another checkout, measured in turns with this one.")
    ] = None,
    shipped: Annotated[
        bool, typer.Option("--shipped", help="Decide with the model that ships, and its cache.")
    ] = False,
    quick: Annotated[bool, typer.Option("--quick", help="A look: few messages, 1 worker.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """Messages a second, processor time and latency from source to decision, with a classifier that
    decides nothing, beside one dramatiq task a message on the same Redis and database.

    SQLite and a file are always measured; PostgreSQL, Redis and Kafka where they are given.

    Example: python -m eval bench pipeline --redis redis://127.0.0.1:6379/0
    """
    # numpy and dramatiq take a while to import: only this verb waits for them.
    from eval.bench.pipeline import PipelineServers, PipelineSize, measure
    from eval.bench.pipeline_ways import PipelineCode

    configure_logs("error")
    if quick:
        messages, seconds, workers = *QUICK, [1]
    servers = PipelineServers(postgresql, redis, kafka)
    codes = [PipelineCode(classifier="shipped" if shipped else "constant")]
    if beside is not None:
        codes.insert(0, PipelineCode("beside", beside.absolute()))
    lines = measure(servers, PipelineSize(messages, seconds), workers or [1, 2], say, codes)
    peers = best_peers(lines)
    if as_json:
        for line in lines:
            json_line({**asdict(line), "to_peer": to_peer(line, peers)})
        return
    _show(lines, peers)
    _say_goals(lines, peers)


def _say_goals(lines: Sequence[PipelineLine], peers: dict[tuple[str, int], float]) -> None:
    say(second_worker(lines, os.cpu_count() or 1))
    ratios = [ratio for line in lines if (ratio := to_peer(line, peers)) and line.way == "redis"]
    if ratios:
        met = "met" if min(ratios) >= GOAL else "missed"
        say(f"on the same Redis {min(ratios):.1f} times and more; the goal of {GOAL:.0f} is {met}")


def best_peers(lines: Sequence[PipelineLine]) -> dict[tuple[str, int], float]:
    """Return the messages a second of the best peer, by database and workers."""
    best: dict[tuple[str, int], float] = {}
    for line in lines:
        if line.is_peer:
            key = line.database_kind, line.workers
            best[key] = max(best.get(key, 0.0), line.rate)
    return best


def to_peer(line: PipelineLine, peers: dict[tuple[str, int], float]) -> float | None:
    """Return how many times the messages a second of the best peer a way carries, if one was
    measured.
    """
    peer = peers.get((line.database_kind, line.workers))
    return None if peer is None or line.is_peer else line.rate / peer


def second_worker(lines: Sequence[PipelineLine], cores: int) -> str:
    """Say how many times the messages of one worker two carry over PostgreSQL, where the database
    has cores of its own: two workers, the listener and the database each need one.
    """
    ours = [line for line in lines if line.code == "this" and not line.is_peer]
    rates = {line.workers: line.rate for line in ours if line.database_kind == "postgresql"}
    if cores < 4 or not {1, 2} <= set(rates):
        return f"2 workers beside 1 over PostgreSQL: not measurable here, with {cores} cores"
    return f"2 workers beside 1 over PostgreSQL: {rates[2] / rates[1]:.1f} times"


def _show(lines: Sequence[PipelineLine], peers: dict[tuple[str, int], float]) -> None:
    table = Table(title="From source to decision", title_justify="left")
    for column in (
        "",
        "database",
        "workers",
        "messages/s",
        "of the peer's",
        "CPU s a million: clients",
        "database's",
        "Redis's",
        "log B a message",
        "p50 ms",
        "p99 ms",
    ):
        table.add_column(column, justify="right" if column not in ("", "database") else "left")
    for line in lines:
        ratio = to_peer(line, peers)
        parts = (line.clients, line.database, line.redis)
        table.add_row(
            line.way if line.code == "this" else f"{line.way}, {line.code}",
            line.database_kind,
            str(line.workers),
            f"{line.rate:,.0f}",
            "–" if ratio is None else f"{ratio:.1f} ×",
            *("–" if part is None else f"{part:,.0f}" for part in parts),
            "–" if line.wal is None else f"{line.wal:,.0f}",
            f"{line.p50 * 1000:,.0f}",
            f"{line.p99 * 1000:,.0f}",
        )
    results().print(table)
