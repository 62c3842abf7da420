"""Reads and writes hooks as rows, for shards that have the same ones."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from intent.model.hook import HookState
from intent.store.hooks import FORGOTTEN, NO_ROOM
from intent.store.lead_log import newest_cursor
from intent.store.schema import hooks

_OWN = ("id", "position", "created_timestamp")
"""What each shard has of its own."""


def hook_rows(connection: Connection) -> list[dict[str, Any]]:
    """Return all hooks, in the order in which they were added."""
    rows = connection.execute(select(hooks).order_by(hooks.c.id)).mappings()
    return [dict(row) for row in rows]


def write_hook_rows(
    transaction: Connection, said: Sequence[Mapping[str, Any]], *, states: bool
) -> None:
    """Let a database have these hooks and no others. One that is new here is told of what changes
    from now on.
    """
    h = hooks.c
    names = [row["name"] for row in said]
    transaction.execute(delete(hooks).where(h.name.not_in(names)))
    known = set(transaction.scalars(select(h.name)))
    left = _OWN if states else (*_OWN, "state", "reason")
    for row in said:
        if row["name"] in known:
            values = {name: value for name, value in row.items() if name not in left}
            transaction.execute(update(hooks).where(h.name == row["name"]).values(values))
        else:
            values = {name: value for name, value in row.items() if name not in _OWN}
            values["position"] = newest_cursor(transaction)
            transaction.execute(insert(hooks).values(values))


def keep_rooms_of_all(transaction: Connection, kept: Mapping[str, Collection[str]]) -> None:
    """Take every room out of what hooks ask for that is not among those kept, by name of the hook;
    one that asked for nothing else is paused.
    """
    for row in hook_rows(transaction):
        stays = [room for room in row["rooms"] if room in kept[row["name"]]]
        if len(stays) == len(row["rooms"]):
            continue
        values: dict[str, Any] = {"rooms": stays or [NO_ROOM]}
        if not stays:
            values |= {"state": HookState.PAUSED.value, "reason": FORGOTTEN}
        transaction.execute(update(hooks).where(hooks.c.id == row["id"]).values(values))
