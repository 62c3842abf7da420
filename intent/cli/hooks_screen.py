"""Shows hooks, their secrets, and what became of what was pushed to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from intent.cli.screen import json_line, one_line, results, say

if TYPE_CHECKING:
    from intent.flow.deliver import DeliverReport
    from intent.model.hook import Hook, HookFigures
    from intent.operations.hooks import HookWithSecret
    from intent.queues.hook_history import PushedBefore


def show_hooks(found: Sequence[HookFigures], *, as_json: bool) -> None:
    """Show hooks, and what became of what was pushed to them."""
    from rich.table import Table
    from rich.text import Text

    if as_json:
        for one in found:
            json_line(_with_figures(one))
        return
    table = Table(title="Outgoing webhooks", title_justify="left")
    for column in ("name", "state", "asks for", "waiting", "oldest", "delivered", "dead"):
        table.add_column(column, overflow="fold")
    for one in found:
        oldest = one.oldest_seconds
        waits = "" if oldest is None else str(timedelta(seconds=int(oldest)))
        counts = (f"{one.waiting:,}", waits, f"{one.delivered:,}", f"{one.dead:,}")
        name, asks = Text(one_line(one.hook.name, 60)), Text(_asks(one.hook))
        table.add_row(name, one.hook.state.value, asks, *counts)
    results().print(table if found else "No hooks.")
    for one in found:
        if one.hook.reason:
            say(f"{one.hook.name}: {one.hook.reason}")


def show_deliveries(found: Sequence[PushedBefore], *, as_json: bool) -> None:
    """Show deliveries."""
    from rich.table import Table
    from rich.text import Text

    if as_json:
        for one in found:
            json_line(_delivery_as_json(one))
        return
    table = Table(title="Deliveries, newest first", title_justify="left")
    for column in ("id", "event", "message", "state", "tries", "last try", "next try"):
        table.add_column(column, overflow="fold")
    for one in found:
        place = Text(one_line(f"{one.platform}:{one.message_id}", 60))
        last = Text(one.error or (str(one.status) if one.status else ""))
        following = f"{one.next_try:%Y-%m-%d %H:%M:%S}" if one.next_try else ""
        state, tries = one.state.value, str(one.attempts)
        table.add_row(one.webhook_id, one.event.value, place, state, tries, last, following)
    results().print(table if found else "No deliveries.")


def tell_secret(told: HookWithSecret, *, as_json: bool) -> None:
    """Show a secret, which is not shown again: alone on stdout."""
    if as_json:
        json_line({**_as_json(told.hook), "secret": told.secret})
        return
    say(f"{told.hook.name}: its secret, which is not shown again, goes to whoever receives:")
    results().print(told.secret, markup=False)


def tell_report(report: DeliverReport, *, as_json: bool) -> None:
    """Say what a deliverer did."""
    if as_json:
        json_line(asdict(report))
        return
    say(
        f"{report.delivered:,} delivered, {report.failed:,} tries failed, {report.dead:,} given "
        f"up, {report.untrue:,} had become untrue; {report.changes:,} changes read"
    )


def tell_state(hook: Hook, *, as_json: bool) -> None:
    """Say whether a hook is active."""
    if as_json:
        json_line(_as_json(hook))
    else:
        say(f"{hook.name} is {hook.state.value}")


def _asks(hook: Hook) -> str:
    asked = hook.filter
    parts = [", ".join(event.value for event in asked.events)]
    parts += [f"of {', '.join(asked.intents)}"] if asked.intents else []
    parts += [f"in {', '.join(asked.rooms)}"] if asked.rooms else []
    parts += [f"from {asked.minimum / 10_000:g} % on"] if asked.minimum else []
    return one_line(" ".join(parts), 120)


def _as_json(hook: Hook) -> dict[str, Any]:
    return {
        "name": hook.name,
        "url": hook.url,
        "state": hook.state.value,
        "reason": hook.reason,
        "events": [event.value for event in hook.filter.events],
        "intents": list(hook.filter.intents),
        "rooms": list(hook.filter.rooms),
        "minimum": hook.filter.minimum / 1_000_000,
        "allow_private": hook.allow_private,
    }


def _with_figures(one: HookFigures) -> dict[str, Any]:
    counts = {name: getattr(one, name) for name in ("waiting", "delivered", "dead", "skipped")}
    return {**_as_json(one.hook), **counts, "oldest_seconds": one.oldest_seconds}


def _delivery_as_json(one: PushedBefore) -> dict[str, Any]:
    return {
        **asdict(one),
        "event": one.event.value,
        "state": one.state.value,
        "created": one.created.isoformat(),
        "next_try": one.next_try.isoformat() if one.next_try else None,
    }
