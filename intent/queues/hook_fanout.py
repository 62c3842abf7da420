"""Puts what changed about leads on its way to the hooks that ask for it.

The log of changes is the outbox: a line stands in it exactly when the change is there. Each hook
keeps how far it has read, and moves on in the transaction that writes its deliveries; of two who
read on at once, one finds that the hook stands elsewhere by now, and does nothing.

Which event a line is follows from how the lead stands and from what its receiver was told last, and
not from the kind of the line: a lead whose second decision makes it sure enough for a hook is
*found* by that hook then. What waits and was never tried is not told twice over, since every try
shows the lead as it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, insert, select, tuple_, update

from intent.model.errors import StartAgain
from intent.model.hook import (
    DeliveryState,
    Hook,
    HookEvent,
    HookState,
    PushedLead,
    new_webhook_id,
)
from intent.model.lead import ChangeKind, LeadChange
from intent.queues.claims import clock
from intent.store.engine import Database
from intent.store.identities import Identity, parts
from intent.store.lead_log import newest_cursor, read_changes
from intent.store.pushed_leads import read_pushed_leads
from intent.store.schema import hook_deliveries, hooks

CHANGES_AT_ONCE = 200
"""Lines of the log that one transaction reads, at most."""

CUT_OFF = (
    "the log of changes does not reach back to where it stood, so some leads were not sent; send "
    "them with: intent hooks replay NAME --since TIME"
)
"""Why a hook goes on elsewhere than it stood."""

LEADS_OF_OLD = (HookEvent.FOUND.value, HookEvent.CHANGED.value)
TOLD_BY = (*LEADS_OF_OLD, HookEvent.GONE.value)

_HANDLING = {ChangeKind.HANDLED, ChangeKind.ANSWERED}


def fan_out(database: Database, hook: Hook, step: Callable[[str], None]) -> int:
    """Read on for one hook, and put what it asks for on its way; return how many lines were read.

    Args:
        hook: as it was read just now.
        step: told where we are: ``fanned_out``, before it is committed.
    """
    try:
        with database.read() as connection:
            changes = read_changes(connection, hook.position, CHANGES_AT_ONCE)
    except StartAgain:
        _start_again(database, hook)
        return 0
    if not changes:
        return 0
    with database.begin() as transaction:
        if not _move(transaction, hook, changes[-1].cursor):
            return 0
        rows = _deliveries(transaction, hook, changes)
        if rows:
            transaction.execute(insert(hook_deliveries), rows)
        step("fanned_out")
    return len(changes)


def _move(transaction: Connection, hook: Hook, cursor: str, reason: str | None = None) -> bool:
    """Let a hook stand elsewhere; False where somebody else was quicker, or paused it."""
    h = hooks.c
    mine = (h.id == hook.id, h.position == hook.position, h.state == HookState.ACTIVE.value)
    moved = update(hooks).where(*mine).values(position=cursor, reason=reason or h.reason)
    return transaction.execute(moved).rowcount == 1


def _start_again(database: Database, hook: Hook) -> None:
    with database.begin() as transaction:
        _move(transaction, hook, newest_cursor(transaction), CUT_OFF)


def _deliveries(
    transaction: Connection, hook: Hook, changes: Sequence[LeadChange]
) -> list[dict[str, Any]]:
    identities = list(
        {(one.platform, one.message_id) for one in changes if one.kind is not ChangeKind.ERASED}
    )
    known = read_pushed_leads(transaction, identities, kept=True)
    told = _told(transaction, hook, identities)
    now, rows = clock(transaction), []
    for change in changes:
        lead = known.get((change.platform, change.message_id))
        if lead is None:
            continue
        event = _event(hook, lead, change, told.get(lead.identity))
        if event is None:
            continue
        row = delivery_row(hook, lead.identity, event, now) | {"change": change.cursor}
        if event in TOLD_BY:
            told[lead.identity] = row
        rows.append(row)
    return rows


def _event(
    hook: Hook, lead: PushedLead, change: LeadChange, told: dict[str, Any] | None
) -> HookEvent | None:
    """Return what is to be told of a lead, None for nothing new.

    Args:
        told: the row of what was told last, or is on its way.
    """
    knows, asks = told is not None and told["event"] in LEADS_OF_OLD, hook.wants(lead)
    if asks and not knows:
        return HookEvent.FOUND
    if knows and not asks:
        return HookEvent.GONE
    if not asks:
        return None
    event = HookEvent.HANDLED if change.kind in _HANDLING else HookEvent.CHANGED
    return event if event in hook.filter.events and not _is_untried(told) else None


def _is_untried(row: dict[str, Any] | None) -> bool:
    """Whether a delivery waits whose lead nobody has looked at yet."""
    return (
        row is not None
        and row["state"] == DeliveryState.WAITING.value
        and row["attempts"] == 0
        and row["token"] is None
    )


def _told(
    transaction: Connection, hook: Hook, identities: Sequence[Identity]
) -> dict[Identity, dict[str, Any]]:
    d = hook_deliveries.c
    found: dict[Identity, dict[str, Any]] = {}
    for part in parts(identities):
        query = (
            select(hook_deliveries)
            .where(tuple_(d.platform, d.message_id).in_(part), d.hook_id == hook.id)
            .where(d.event.in_(TOLD_BY))
            .order_by(d.id)
        )
        for row in transaction.execute(query).mappings():
            found[row["platform"], row["message_id"]] = dict(row)
    return found


def delivery_row(hook: Hook, identity: Identity, event: HookEvent, now: Any) -> dict[str, Any]:
    """Return the row of a delivery, which is skipped where the hook does not ask for such events:
    then it only says what its receiver would know.
    """
    state = DeliveryState.WAITING if event in hook.filter.events else DeliveryState.SKIPPED
    platform, message_id = identity
    return {
        "hook_id": hook.id,
        "change": None,
        "webhook_id": new_webhook_id(),
        "event": event.value,
        "platform": platform,
        "message_id": message_id,
        "state": state.value,
        "attempts": 0,
        "token": None,
        "available_timestamp": now,
        "written_timestamp": now,
        "ended_timestamp": now if state is DeliveryState.SKIPPED else None,
    }
