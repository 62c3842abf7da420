"""The verb ``intent lane``: what waits for the LLM, since when, and what was spent."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING

from intent.cli.arguments import AsJson, application
from intent.cli.screen import json_line, results

if TYPE_CHECKING:
    from intent.operations.lane import LaneStatus


def lane(as_json: AsJson = False) -> None:
    """Show what waits for the LLM, since when, and what was spent.

    Example: [bold]intent lane[/]
    """
    from intent.bootstrap.asking import build_lane
    from intent.operations.lane import read_lane

    app = application()
    found = read_lane(
        app.database,
        build_lane(app),
        hour=app.settings.llm_budget_hour,
        day=app.settings.llm_budget_day,
    )
    if as_json:
        lines = [{**asdict(one), "priority": one.priority.name.lower()} for one in found.waiting]
        spent = {"hour": found.money.hour, "day": found.money.day}
        calls = [asdict(call) for call in found.calls]
        json_line({"waiting": lines, "spent_dollars": spent, "calls_24h": calls})
    else:
        _show(found)


def _show(found: LaneStatus) -> None:
    from rich.table import Table

    table = Table(title="Open questions", title_justify="left")
    for column in ("run", "priority", "questions", "being asked", "oldest waits"):
        table.add_column(column, justify="left" if column in {"run", "priority"} else "right")
    for one in found.waiting:
        table.add_row(
            one.run,
            one.priority.name.lower(),
            f"{one.questions:,}",
            f"{one.held:,}",
            str(timedelta(seconds=round(one.oldest))),
        )
    results().print(table if found.waiting else "No open questions.")
    money = found.money
    hour, day = _of(money.hour, money.hour_limit), _of(money.day, money.day_limit)
    results().print(f"Spent: {hour} this hour, {day} this day")
    for call in found.calls:
        results().print(
            f"  last 24 h, {call.outcome}: {call.calls:,} calls about {call.messages:,} messages, "
            f"{call.input_tokens:,} tokens in ({call.cached_tokens:,} cached), "
            f"{call.output_tokens:,} out, ${call.nanodollars / 10**9:.4f}"
        )


def _of(spent: float, limit: float | None) -> str:
    return f"${spent:.4f} of {'no limit' if limit is None else f'${limit:.2f}'}"
