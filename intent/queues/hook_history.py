"""Shows what became of what was pushed to hooks, and puts it on its way again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, tuple_, update

from intent.model.hook import DeliveryState, Hook, HookEvent, HookFigures, PushedLead
from intent.queues.claims import clock
from intent.queues.hook_fanout import LEADS_OF_OLD, delivery_row
from intent.store.engine import Database
from intent.store.hooks import lock_hook, read_hooks
from intent.store.identities import Identity, parts
from intent.store.lead_tables import STANDING
from intent.store.pushed_leads import pushed_lead_from, pushed_leads
from intent.store.schema import hook_deliveries, leads

AT_ONCE = 200
"""Leads that one transaction puts on their way again, at most."""

_OVER = (DeliveryState.DELIVERED.value, DeliveryState.DEAD.value)


@dataclass(frozen=True, slots=True)
class PushedBefore:
    """One delivery as people see it.

    Attributes:
        status: of HTTP, at the last try; None where none came back.
        next_try: when it is tried next; None where it waits no more.
    """

    webhook_id: str
    event: HookEvent
    platform: str
    message_id: str
    state: DeliveryState
    attempts: int
    status: int | None
    error: str | None
    created: datetime
    next_try: datetime | None


def read_figures(database: Database) -> list[HookFigures]:
    """Return what became of what was pushed, hook by hook, in the order of their adding."""
    from_rows: dict[int, dict[str, Any]] = {}
    d = hook_deliveries.c
    query = select(
        d.hook_id,
        d.state,
        func.count().label("count"),
        func.min(d.created_timestamp).label("oldest"),
    ).group_by(d.hook_id, d.state)
    with database.read() as connection:
        known, now = read_hooks(connection), clock(connection)
        for row in connection.execute(query):
            figures = from_rows.setdefault(row.hook_id, {})
            figures[row.state] = row.count
            if row.state == DeliveryState.WAITING.value:
                figures["oldest_seconds"] = max((now - row.oldest).total_seconds(), 0.0)
    return [HookFigures(hook, **from_rows.get(hook.id, {})) for hook in known]


def read_deliveries(
    database: Database, hook: Hook, *, states: Sequence[DeliveryState] = (), limit: int = 20
) -> list[PushedBefore]:
    """Return the newest deliveries of a hook, those of some states or all."""
    d = hook_deliveries.c
    query = select(hook_deliveries).where(d.hook_id == hook.id).order_by(d.id.desc()).limit(limit)
    if states:
        query = query.where(d.state.in_([state.value for state in states]))
    with database.read() as connection:
        rows = connection.execute(query).mappings().all()
    return [
        PushedBefore(
            webhook_id=row["webhook_id"],
            event=HookEvent(row["event"]),
            platform=row["platform"],
            message_id=row["message_id"],
            state=DeliveryState(row["state"]),
            attempts=row["attempts"],
            status=row["status"],
            error=row["error"],
            created=row["created_timestamp"],
            next_try=(
                row["available_timestamp"] if row["state"] == DeliveryState.WAITING.value else None
            ),
        )
        for row in rows
    ]


def replay_deliveries(
    database: Database, hook: Hook, webhook_ids: Sequence[str] | None = None
) -> int:
    """Put deliveries on their way again, with their ids and all their tries: these, or all that are
    dead; return how many.
    """
    d, count = hook_deliveries.c, 0
    with database.begin() as transaction:
        now = clock(transaction)
        again = update(hook_deliveries).where(d.hook_id == hook.id).values(_afresh(now))
        if webhook_ids is None:
            dead = again.where(d.state == DeliveryState.DEAD.value)
            return transaction.execute(dead).rowcount
        for part in parts(webhook_ids):
            these = again.where(d.webhook_id.in_(part), d.state.in_(_OVER))
            count += transaction.execute(these).rowcount
    return count


def replay_leads(database: Database, hook: Hook, since: datetime) -> Iterator[int]:
    """Tell a hook again of the leads that stand, that it asks for and that were said since then: by
    the ids by which it was told of them, if it was; yield how many were put on their way, some at a
    time.
    """
    after: tuple[datetime, str, str] | None = None
    while True:
        with database.begin() as transaction:
            page = _page(transaction, since, after)
            if not page or lock_hook(transaction, hook.id) is None:
                return
            count = _again(transaction, hook, [lead for lead in page if hook.wants(lead)])
        yield count
        after = (page[-1].event_timestamp, *page[-1].identity)


def _page(
    transaction: Connection, since: datetime, after: tuple[datetime, str, str] | None
) -> list[PushedLead]:
    place = (leads.c.event_timestamp, leads.c.platform, leads.c.message_id)
    query = pushed_leads().where(STANDING, leads.c.event_timestamp >= since)
    if after is not None:
        query = query.where(tuple_(*place) > tuple_(*after))
    kept = (
        query.order_by(*place).limit(AT_ONCE).with_for_update(read=True, key_share=True, of=leads)
    )
    return [pushed_lead_from(row) for row in transaction.execute(kept).mappings()]


def _again(transaction: Connection, hook: Hook, page: Sequence[PushedLead]) -> int:
    now, d = clock(transaction), hook_deliveries.c
    told = _told_newest(transaction, hook, [lead.identity for lead in page])
    over = [row["id"] for row in told.values() if row["state"] in _OVER]
    transaction.execute(update(hook_deliveries).where(d.id.in_(over)).values(_afresh(now)))
    new = [
        delivery_row(hook, lead.identity, HookEvent.FOUND, now) | {"state": "waiting"}
        for lead in page
        if lead.identity not in told
    ]
    if new:
        transaction.execute(insert(hook_deliveries), new)
    return len(over) + len(new)


def _told_newest(
    transaction: Connection, hook: Hook, identities: Sequence[Identity]
) -> dict[Identity, Any]:
    """Return the newest row that tells of each lead, and is not merely a note."""
    d, found = hook_deliveries.c, {}
    query = (
        select(d.id, d.platform, d.message_id, d.state)
        .where(tuple_(d.platform, d.message_id).in_(identities), d.hook_id == hook.id)
        .where(d.event.in_(LEADS_OF_OLD), d.state != DeliveryState.SKIPPED.value)
        .order_by(d.id)
    )
    for row in transaction.execute(query).mappings():
        found[row["platform"], row["message_id"]] = row
    return found


def _afresh(now: datetime) -> dict[str, Any]:
    return {
        "state": DeliveryState.WAITING.value,
        "attempts": 0,
        "token": None,
        "available_timestamp": now,
        "written_timestamp": now,
        "ended_timestamp": None,
    }
