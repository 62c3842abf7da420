"""What is on its way to the receivers of leads, in SQL: lent under claims, tried again, given up.

Only what is ready is lent: the deliveries of one lead to one receiver go out one after the other,
in the order of the changes. Nothing that was said is kept here; :meth:`SqlHookDeliveries.look_up`
reads the lead anew for every try.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, select, update

from intent.model.errors import StartAgain
from intent.model.hook import (
    Answered,
    DeliveryState,
    Hook,
    HookDelivery,
    HookEvent,
    HookState,
    HookWork,
    Telling,
    new_webhook_id,
)
from intent.queues.claims import available, claim, clock
from intent.queues.hook_fanout import fan_out
from intent.store.engine import Database
from intent.store.hooks import hook_from, lock_hook, put_state, read_active
from intent.store.lead_log import read_changes
from intent.store.pushed_leads import read_pushed_leads
from intent.store.schema import hook_deliveries, hooks


class SqlHookDeliveries:
    """Deliveries in SQL; ``lease`` is how long a claim lasts, in seconds: longer than a post."""

    def __init__(
        self,
        database: Database,
        *,
        lease: float = 60.0,
        step: Callable[[str], None] = lambda name: None,
    ) -> None:
        self._database, self._step = database, step
        self._lease = timedelta(seconds=lease)

    def work(self) -> list[HookWork]:
        """Return what there is to do now for each hook that is active."""
        with self._database.read() as connection:
            now, active = clock(connection), read_active(connection)
            # Hooks that have nothing to do stand at the same place: it is looked at once.
            goes_on = {
                position: _has_changes(connection, position)
                for position in {hook.position for hook in active}
            }
            due = _due(connection, now)
            return [HookWork(hook, goes_on[hook.position], hook.id in due) for hook in active]

    def fan_out(self, hook: Hook) -> int:
        """Read the log on for one hook, and put what it asks for on its way; return how many lines
        were read.
        """
        read = fan_out(self._database, hook, self._step)
        if read:
            self._step("fan_out_committed")
        return read

    def take(self, hook: Hook, count: int) -> list[HookDelivery]:
        """Claim up to ``count`` deliveries of a hook that are ready, those first that were put
        first.
        """
        d = hook_deliveries.c
        with self._database.begin() as transaction:
            now = clock(transaction)
            ready = (
                select(hook_deliveries)
                .where(d.hook_id == hook.id, *_is_ready(now))
                .order_by(d.id)
                .limit(count)
                .with_for_update(skip_locked=True)
            )
            rows = transaction.execute(ready).mappings().all()
            if not rows:
                return []
            # A try counts once its outcome is known: a process that dies is not its receiver's
            # fault.
            token = claim(transaction, hook_deliveries, rows, now, self._lease, counted=False)
        self._step("claimed")
        return [
            HookDelivery(
                hook_id=row["hook_id"],
                webhook_id=row["webhook_id"],
                event=HookEvent(row["event"]),
                platform=row["platform"],
                message_id=row["message_id"],
                created_timestamp=row["created_timestamp"],
                attempts=row["attempts"] + 1,
                receipt=row["id"],
                token=token,
            )
            for row in rows
        ]

    def look_up(self, delivery: HookDelivery) -> Telling | None:
        """Return its hook and its lead, as they stand; None where there is nothing to send any
        more: the claim was lost, the hook is gone or sleeps, the person was erased.
        """
        identity = (delivery.platform, delivery.message_id)
        with self._database.read() as connection:
            mine = select(hooks).join(hook_deliveries, hook_deliveries.c.hook_id == hooks.c.id)
            active = hooks.c.state == HookState.ACTIVE.value
            row = connection.execute(mine.where(_is_mine(delivery), active)).mappings().first()
            lead = read_pushed_leads(connection, [identity]).get(identity)
        return None if row is None or lead is None else Telling(hook_from(row), lead)

    def untrue(self, delivery: HookDelivery) -> HookDelivery | None:
        """Tell that the lead is gone instead of what has become untrue; return None where the hook
        does not ask for that, or where it is true again.

        The hook is locked, so that whoever puts what changed on its way knows what is told.
        """
        identity = (delivery.platform, delivery.message_id)
        with self._database.begin() as transaction:
            hook = lock_hook(transaction, delivery.hook_id)
            lead = read_pushed_leads(transaction, [identity]).get(identity)
            if hook is None or lead is None:
                return None
            if hook.wants(lead):
                self._release(transaction, delivery, 0.0)
                return None
            values: dict[str, Any] = {}
            if delivery.event is not HookEvent.HANDLED:
                # With an id of its own: a receiver may have heard the other one.
                values = {"event": HookEvent.GONE.value, "webhook_id": new_webhook_id()}
            sent = bool(values) and HookEvent.GONE in hook.filter.events
            if not sent:
                values |= _ended(DeliveryState.SKIPPED, clock(transaction))
            changed = update(hook_deliveries).where(_is_mine(delivery)).values(values)
            if transaction.execute(changed).rowcount == 0 or not sent:
                return None
        return replace(delivery, event=HookEvent.GONE, webhook_id=values["webhook_id"])

    def delivered(self, delivery: HookDelivery, answered: Answered) -> bool:
        """Write down that its receiver has it; False where the claim was lost."""
        return self._finish(delivery, answered, DeliveryState.DELIVERED)

    def failed(self, delivery: HookDelivery, answered: Answered, pause: float | None) -> bool:
        """Write down that a try failed, and let it come again in ``pause`` seconds, or never."""
        if pause is None:
            return self._finish(delivery, answered, DeliveryState.DEAD)
        with self._database.begin() as transaction:
            said = {"status": answered.status, "error": answered.error}
            return self._release(transaction, delivery, pause, attempts=delivery.attempts, **said)

    def ended(self, delivery: HookDelivery, answered: Answered) -> None:
        """Send nothing more to a receiver that wants nothing more; what waits goes on to wait."""
        with self._database.begin() as transaction:
            said = {"status": answered.status, "error": answered.error}
            if self._release(transaction, delivery, 0.0, **said):
                put_state(transaction, delivery.hook_id, HookState.ENDED, answered.error)

    def release(self, delivery: HookDelivery, pause: float = 0.0) -> None:
        """Let it come again in ``pause`` seconds, as if it had never been taken."""
        with self._database.begin() as transaction:
            self._release(transaction, delivery, pause)

    def _finish(self, delivery: HookDelivery, answered: Answered, state: DeliveryState) -> bool:
        with self._database.begin() as transaction:
            values = {
                **_ended(state, clock(transaction)),
                "attempts": delivery.attempts,
                "status": answered.status,
                "error": answered.error or None,
            }
            mine = update(hook_deliveries).where(_is_mine(delivery)).values(values)
            done = transaction.execute(mine).rowcount == 1
            self._step("finishing")
        self._step("finished")
        return done

    def _release(
        self, transaction: Connection, delivery: HookDelivery, pause: float, **values: Any
    ) -> bool:
        # The token stays: it says that a receiver may have heard of it, so that what changes now is
        # told on its own.
        now = clock(transaction)
        values |= {
            "available_timestamp": now + timedelta(seconds=pause),
            "written_timestamp": now,
        }
        mine = update(hook_deliveries).where(_is_mine(delivery)).values(values)
        return transaction.execute(mine).rowcount == 1


def _is_mine(delivery: HookDelivery) -> ColumnElement[bool]:
    d = hook_deliveries.c
    waits = d.state == DeliveryState.WAITING.value
    return and_(d.id == delivery.receipt, d.token == delivery.token, waits)


def _ended(state: DeliveryState, now: Any) -> dict[str, Any]:
    return {"state": state.value, "token": None, "ended_timestamp": now}


def _is_ready(now: Any) -> list[ColumnElement[bool]]:
    """Return *may be sent*: its time has come, and nothing about the same lead goes before it."""
    d, before = hook_deliveries.c, hook_deliveries.alias("before").c
    earlier = exists().where(
        before.platform == d.platform,
        before.message_id == d.message_id,
        before.hook_id == d.hook_id,
        before.state == DeliveryState.WAITING.value,
        before.id < d.id,
    )
    waits = d.state == DeliveryState.WAITING.value
    return [waits, available(hook_deliveries, now), ~earlier]


def _due(connection: Connection, now: Any) -> set[int]:
    """Return the hooks to which something may be sent."""
    ready = exists().where(hook_deliveries.c.hook_id == hooks.c.id, *_is_ready(now))
    return set(connection.scalars(select(hooks.c.id).where(ready)))


def _has_changes(connection: Connection, position: str) -> bool:
    try:
        return bool(read_changes(connection, position, 1))
    except StartAgain:
        return True
