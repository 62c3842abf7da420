"""Keeps the same receivers of leads in all shards: said in the first one, and the others follow.

Each shard tells them of its own leads. What a receiver has been told of a room moves with the room.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from intent.model.hook import HookFigures
from intent.store.engine import Database
from intent.store.shared_hooks import hook_rows, keep_rooms_of_all, write_hook_rows


def share_hooks(databases: Sequence[Database], *, states: bool = False) -> None:
    """Let all shards have the hooks of the first one, and no others.

    Args:
        states: also let these be active or not, as a person has said; without it a hook that its
            receiver has ended in one shard stays so there.
    """
    first, *others = databases
    with first.read() as connection:
        said = hook_rows(connection)
    for one in others:
        with one.begin() as transaction:
            write_hook_rows(transaction, said, states=states)


def agree_on_rooms(databases: Sequence[Database]) -> None:
    """Let hooks ask for no room that one of the shards has forgotten."""
    kept: dict[str, set[str]] = {}
    for one in databases:
        with one.read() as connection:
            for row in hook_rows(connection):
                kept[row["name"]] = kept.get(row["name"], set(row["rooms"])) & set(row["rooms"])
    for one in databases:
        with one.begin() as transaction:
            keep_rooms_of_all(transaction, kept)


def figures_together(found: Sequence[Sequence[HookFigures]]) -> list[HookFigures]:
    """Return what became of what was pushed in several shards, hook by hook."""
    first, *others = found
    by_name = {one.hook.name: one for one in first}
    for some in others:
        for one in some:
            if (known := by_name.get(one.hook.name)) is not None:
                by_name[one.hook.name] = _added(known, one)
    return list(by_name.values())


def _added(one: HookFigures, other: HookFigures) -> HookFigures:
    counts = ("waiting", "delivered", "dead", "skipped")
    waits = [age for age in (one.oldest_seconds, other.oldest_seconds) if age is not None]
    return replace(
        one,
        **{name: getattr(one, name) + getattr(other, name) for name in counts},
        oldest_seconds=max(waits, default=None),
    )
