"""The verb ``python -m eval bench service``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from intent.cli.screen import json_line, results, say
from intent.telemetry import configure_logs

if TYPE_CHECKING:
    from eval.bench.over_http import FloodReport, ServiceLine

GOALS = (("100 single", "p99", 250.0), ("single,", "cpu", 1.2), ("50 together", "cpu", 0.2))
"""Beginning of the load, the figure, and what it may be at most, in milliseconds."""

MEMORY = 1.1
"""How many times its memory once warm a server may hold in a flood."""


def service(
    seconds: Annotated[float, typer.Option(min=1, help="Seconds at 100 messages a second.")] = 10.0,
    requests: Annotated[int, typer.Option(min=100, help="Requests of the other loads.")] = 2000,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds; the median is shown.")] = 3,
    flood: Annotated[
        float, typer.Option(min=0, help="Seconds of a flood instead; 180 is the whole measure.")
    ] = 0.0,
    decided: Annotated[
        float, typer.Option(min=1, help="Messages a second that the worker decides in a flood.")
    ] = 50.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """Latency and processor time of messages over HTTP on SQLite, beside a plain FastAPI route that
    stores the same row; or what a producer does that is 100 times faster than the worker.

    Example: python -m eval bench service --rounds 3
    """
    # What builds a worker takes a while to import: only this verb waits for it.
    from eval.bench.over_http import flood as run_flood
    from eval.bench.over_http import measure_service

    configure_logs("error")
    if flood:
        _show_flood(run_flood(flood, decided, say), as_json=as_json)
        return
    lines = measure_service(seconds, requests, rounds, say)
    if as_json:
        for line in lines:
            json_line(asdict(line))
        return
    _show(lines)


def _show(lines: Sequence[ServiceLine]) -> None:
    table = Table(title="Messages over HTTP, on SQLite", title_justify="left")
    table.add_column("load")
    table.add_column("server")
    for column in ("p50 ms", "p99 ms", "CPU ms a message", "messages/s"):
        table.add_column(column, justify="right")
    for line in lines:
        figures = (f"{line.p50:.1f}", f"{line.p99:.1f}", f"{line.cpu:.3f}", f"{line.rate:,.0f}")
        table.add_row(line.load, line.server, *figures)
    results().print(table)
    for load, figure, most in GOALS:
        got = next(getattr(line, figure) for line in lines if line.load.startswith(load))
        say(f"{load} …: {figure} {got:.3g} ms, the goal of {most:g} is {_met(got <= most)}")


def _show_flood(report: FloodReport, *, as_json: bool) -> None:
    if as_json:
        json_line(asdict(report))
        return
    say(
        f"{report.sent:,} sent in {report.seconds:.0f} s, {report.accepted:,} accepted, "
        f"{report.turned_away:,} requests turned away (Retry-After up to {report.asked_to_wait} s)"
    )
    kept = report.stored == report.accepted and report.holds
    say(f"{report.stored:,} stored; that nothing accepted is lost is {_met(kept)}")
    within = report.memory_most <= report.memory_first * MEMORY
    memory = f"{report.memory_first:.1f} MB once warm, {report.memory_most:.1f} MB at most"
    say(f"memory of the server: {memory}; within a tenth is {_met(within)}")


def _met(is_met: bool) -> str:
    return "met" if is_met else "missed"
