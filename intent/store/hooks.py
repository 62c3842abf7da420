"""Keeps who is told of leads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import Connection, RowMapping, delete, func, select, update

from intent.model.errors import WrongUse
from intent.model.hook import Hook, HookEvent, HookFilter, HookState, SecretSalts
from intent.store.engine import Database, insert_for
from intent.store.lead_log import newest_cursor
from intent.store.schema import database_now, hooks

MOST_HOOKS = 50
"""Hooks of one database: each has threads of its own in the process that delivers."""

NO_ROOM = ""
"""Stands among the rooms of a hook for none: no room has an empty name."""

FORGOTTEN = "the room that it asked for was forgotten; remove it, and add another"
"""Why a hook is paused that asked for one room."""


class SqlHooks:
    """Hooks in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, hook: Hook) -> Hook:
        """Keep a hook, which is told of what changes from now on; return it with its number.

        Raises:
            WrongUse: the name is taken, or there are :data:`MOST_HOOKS` already.
        """
        with self._database.begin() as transaction:
            known = transaction.execute(select(func.count()).select_from(hooks)).scalar_one()
            if known >= MOST_HOOKS:
                raise WrongUse(
                    f"there are {known} hooks, which is the most; remove one with: intent hooks "
                    "remove NAME"
                )
            values = {**_row(hook), "position": newest_cursor(transaction)}
            inserted = insert_for(transaction, hooks).values(values).on_conflict_do_nothing()
            row = transaction.execute(inserted.returning(*hooks.c)).mappings().one_or_none()
        if row is None:
            raise WrongUse(f"there is a hook {hook.name!r} already; give another --name")
        return hook_from(row)

    def all(self) -> list[Hook]:
        """Return all hooks, in the order in which they were added."""
        with self._database.read() as connection:
            return read_hooks(connection)

    def find(self, name: str) -> Hook:
        """Return the hook of a name.

        Raises:
            WrongUse: there is none.
        """
        with self._database.read() as connection:
            query = select(hooks).where(hooks.c.name == name)
            row = connection.execute(query).mappings().one_or_none()
        if row is None:
            raise WrongUse(f"there is no hook {name!r}; see: intent hooks list")
        return hook_from(row)

    def put(self, hook: Hook, state: HookState, reason: str | None = None) -> Hook:
        """Let a hook be active or not."""
        with self._database.begin() as transaction:
            put_state(transaction, hook.id, state, reason)
        return replace(hook, state=state, reason=reason)

    def renew(self, hook: Hook, salts: SecretSalts, keep: timedelta) -> Hook:
        """Give a hook a new secret; the one before it signs beside it for so long.

        One that was made with another key cannot, and ends at once.
        """
        former = hook.salts.current if hook.salts.key == salts.key and keep else None
        with self._database.begin() as transaction:
            now = transaction.execute(select(database_now())).scalar_one()
            renewed = replace(
                salts, former=former, former_until=now + keep if former is not None else None
            )
            values = _secret(renewed)
            transaction.execute(update(hooks).where(hooks.c.id == hook.id).values(values))
        return replace(hook, salts=renewed)

    def remove(self, hook: Hook) -> None:
        """Forget a hook, with everything that was or is on its way to it."""
        with self._database.begin() as transaction:
            transaction.execute(delete(hooks).where(hooks.c.id == hook.id))


def put_state(transaction: Connection, hook_id: int, state: HookState, reason: str | None) -> None:
    """Let a hook be active or not, in somebody's transaction."""
    changed = update(hooks).where(hooks.c.id == hook_id)
    transaction.execute(changed.values(state=state.value, reason=reason))


def forget_room(transaction: Connection, room_id: str) -> None:
    """Take a room out of what hooks ask for. One that asked for this room alone is paused, and asks
    for nothing: without any room it would ask for all.
    """
    for row in transaction.execute(select(hooks.c.id, hooks.c.rooms)).all():
        if room_id in row.rooms:
            left = [one for one in row.rooms if one != room_id]
            here = update(hooks).where(hooks.c.id == row.id)
            transaction.execute(here.values(rooms=left or [NO_ROOM]))
            if not left:
                put_state(transaction, row.id, HookState.PAUSED, FORGOTTEN)


def names_room(connection: Connection, room_id: str) -> bool:
    """Whether any hook asks for a room by its name."""
    return any(room_id in rooms for rooms in connection.execute(select(hooks.c.rooms)).scalars())


def read_hooks(connection: Connection) -> list[Hook]:
    """Return all hooks, in the order in which they were added."""
    query = select(hooks).order_by(hooks.c.id)
    return [hook_from(row) for row in connection.execute(query).mappings()]


def read_active(connection: Connection) -> Sequence[Hook]:
    """Return the hooks that are active."""
    query = select(hooks).where(hooks.c.state == HookState.ACTIVE.value).order_by(hooks.c.id)
    return [hook_from(row) for row in connection.execute(query).mappings()]


def lock_hook(transaction: Connection, hook_id: int) -> Hook | None:
    """Return a hook that nobody else changes until the transaction ends; None if it is gone."""
    query = select(hooks).where(hooks.c.id == hook_id).with_for_update()
    row = transaction.execute(query).mappings().one_or_none()
    return None if row is None else hook_from(row)


def hook_from(row: RowMapping) -> Hook:
    """Read a hook back from its row."""
    return Hook(
        id=row["id"],
        name=row["name"],
        url=row["url"],
        salts=SecretSalts(row["key"], row["salt"], row["former_salt"], row["former_until"]),
        filter=HookFilter(
            tuple(HookEvent(one) for one in row["events"]),
            tuple(row["intents"]),
            tuple(row["rooms"]),
            row["minimum"],
        ),
        allow_private=row["allow_private"],
        state=HookState(row["state"]),
        reason=row["reason"],
        position=row["position"],
        created_timestamp=row["created_timestamp"],
    )


def _row(hook: Hook) -> dict[str, object]:
    return {
        "name": hook.name,
        "url": hook.url,
        "state": hook.state.value,
        "events": [event.value for event in hook.filter.events],
        "intents": list(hook.filter.intents),
        "rooms": list(hook.filter.rooms),
        "minimum": hook.filter.minimum,
        "allow_private": hook.allow_private,
        **_secret(hook.salts),
    }


def _secret(salts: SecretSalts) -> dict[str, object]:
    return {
        "key": salts.key,
        "salt": salts.current,
        "former_salt": salts.former,
        "former_until": salts.former_until,
    }
