"""Copies everything of a room into another database, a bounded number of messages at a time, and
deletes it where it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, delete, select, tuple_, update

from intent.model.decision import Entry
from intent.model.disguised import Disguised
from intent.model.message import Message
from intent.store.decisions import current_decisions
from intent.store.engine import insert_for
from intent.store.erasure import delete_messages
from intent.store.identities import AT_ONCE, Identity, parts
from intent.store.lead_log import log_changes, unread_changes
from intent.store.outcome_erasure import COMMENT_SOURCE
from intent.store.room_moves import Room
from intent.store.rows import decision_from, message_from
from intent.store.schema import (
    ask_lane,
    claim_corrections,
    claim_rounds,
    contact_accesses,
    conversion_credits,
    conversion_links,
    conversions,
    database_now,
    dead_letters,
    decision_labels,
    decisions,
    earlier_versions,
    hook_deliveries,
    hooks,
    inbox,
    lead_actions,
    leads,
    messages,
    retractions,
    runs,
    source_gaps,
    tombstones,
    vault_keys,
)
from intent.store.vault import Hidden, Vault
from intent.store.vault_keys import HASHES

HELD = "moving"
"""Token of what is claimed by nobody: its room is being moved."""

FOR_EVER = 3650
"""Days for which it is held, unless the room has come."""

_PLAIN = (
    *(earlier_versions, dead_letters, contact_accesses),
    *(claim_corrections, conversion_links, conversion_credits),
)
_OF_ROOM = (retractions, source_gaps, claim_rounds)
"""Claim rounds keep their numbers, which no two shards share."""


def hold_queues(transaction: Connection, room: Room, until: Any) -> None:
    """Take what waits of a room out of the hands of workers and askers, and let nobody claim it
    before ``until``; who decides some of it meanwhile finds the claim gone.
    """
    m = messages.c
    of_room = select(m.platform, m.message_id).where(m.platform == room[0], m.room_id == room[1])
    for queue in (inbox, ask_lane):
        here = tuple_(queue.c.platform, queue.c.message_id).in_(of_room)
        held = {"token": HELD, "available_timestamp": until, "written_timestamp": database_now()}
        transaction.execute(update(queue).where(here).values(held))


def pages(connection: Connection, room: Room, *, lock: bool) -> Iterator[list[Identity]]:
    """Yield the identities of a room's messages, in one order."""
    m, after = messages.c, ""
    while True:
        query = select(m.platform, m.message_id).where(
            m.platform == room[0], m.room_id == room[1], m.message_id > after
        )
        query = query.order_by(m.message_id).limit(AT_ONCE)
        rows = connection.execute(query.with_for_update() if lock else query).all()
        if not rows:
            return
        yield [(row.platform, row.message_id) for row in rows]
        after = rows[-1].message_id


def copy_page(
    source: Connection, target: Connection, page: Sequence[Identity], vaults: tuple[Vault, Vault]
) -> list[Entry]:
    """Copy messages and what was made of them; return those that stand decided, which features
    have to count.
    """
    found = _of(source, messages, page)
    _insert(target, messages, found)
    numbers = _copy_decisions(source, target, page)
    for table in _PLAIN:
        _insert(target, table, [_without(row, "id") for row in _of(source, table, page)])
    for table in (leads, lead_actions):
        rows = [_without(row, "id", "attention") for row in _of(source, table, page)]
        _insert(target, table, [_renumbered(row, numbers) for row in rows])
    now = target.execute(select(database_now())).scalar_one()
    free = {"token": None, "available_timestamp": now, "written_timestamp": now}
    for queue in (inbox, ask_lane):
        rows = [{**_without(row, "id"), **free} for row in _of(source, queue, page)]
        _insert(target, queue, rows)
    by_identity = {(row["platform"], row["message_id"]): message_from(row) for row in found}  # type: ignore[arg-type]
    _copy_contacts(source, target, by_identity, vaults)
    _copy_pushes(source, target, page)
    c = current_decisions.c
    standing = select(current_decisions).where(tuple_(c.platform, c.message_id).in_(page))
    return [
        Entry(by_identity[row["platform"], row["message_id"]], decision_from(row), row["revision"])
        for row in source.execute(standing).mappings()
    ]


def copy_beside(source: Connection, target: Connection, room: Room) -> None:
    """Copy what is of a room and of none of its messages."""
    for table in _OF_ROOM:
        found = source.execute(select(table).where(*_in_room(table, room))).mappings()
        _insert(target, table, [dict(row) for row in found])
    orders = select(conversions).where(conversions.c.conversion_id.in_(_ordered_in(room)))
    rows = source.execute(orders.order_by(conversions.c.id)).mappings()
    _insert(target, conversions, [_without(dict(row), "id") for row in rows])


def copy_what_all_have(source: Connection, target: Connection) -> None:
    """Copy what every shard has: who was erased, and the key that contact details are compared
    with.
    """
    shared = vault_keys.c
    keys = select(vault_keys).where(shared.platform == HASHES[0], shared.user_id == HASHES[1])
    for table, query in ((tombstones, select(tombstones)), (vault_keys, keys)):
        rows = [_without(dict(row), "id") for row in source.execute(query).mappings()]
        if rows:
            target.execute(insert_for(target, table).on_conflict_do_nothing(), rows)


def delete_page(transaction: Connection, page: Sequence[Identity]) -> list[Entry]:
    """Delete messages and what was made of them; return those that stood decided, which features
    have to be relieved of.
    """
    m = messages.c
    query = select(messages).where(tuple_(m.platform, m.message_id).in_(page))
    found = {
        (row["platform"], row["message_id"]): row for row in transaction.execute(query).mappings()
    }
    return delete_messages(transaction, found) if found else []


def delete_beside(transaction: Connection, room: Room) -> None:
    """Delete what is of a room and of none of its messages."""
    for table in _OF_ROOM:
        transaction.execute(delete(table).where(*_in_room(table, room)))
    gone = transaction.scalars(_ordered_in(room)).all()
    for some in parts(sorted(set(gone))):
        transaction.execute(delete(conversions).where(conversions.c.conversion_id.in_(some)))


def _in_room(table: Table, room: Room) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return table.c.platform == room[0], table.c.room_id == room[1]


def _ordered_in(room: Room) -> Select[tuple[str]]:
    """Return the orders that are nothing but a comment in a room; a change of one may not say which
    room it is.
    """
    c = conversions.c
    return select(c.conversion_id).where(c.source == COMMENT_SOURCE, *_in_room(conversions, room))


def _copy_decisions(
    source: Connection, target: Connection, page: Sequence[Identity]
) -> dict[int, int]:
    rows = _of(source, decisions, page)
    if not rows:
        return {}
    named = {row["run"] for row in rows}
    known = select(runs).where(runs.c.name.in_(named))
    for run in source.execute(known).mappings():
        target.execute(insert_for(target, runs).on_conflict_do_nothing(), dict(run))
    key = ("platform", "message_id", "revision")
    returned = target.execute(
        insert_for(target, decisions).returning(decisions.c.id, *(decisions.c[one] for one in key)),
        [_without(row, "id") for row in rows],
    )
    new = {(row.platform, row.message_id, row.revision): row.id for row in returned}
    numbers = {row["id"]: new[tuple(row[one] for one in key)] for row in rows}
    labelled = select(decision_labels).where(decision_labels.c.decision_id.in_(list(numbers)))
    _insert(
        target,
        decision_labels,
        [_renumbered(dict(row), numbers) for row in source.execute(labelled).mappings()],
    )
    return numbers


def _copy_pushes(source: Connection, target: Connection, page: Sequence[Identity]) -> None:
    """Copy what receivers have been told, are to be told, and what they have not read of yet."""
    h, now = hooks.c, target.execute(select(database_now())).scalar_one()
    theirs = {name: number for number, name in target.execute(select(h.id, h.name)).all()}
    known = {number: theirs.get(name) for number, name in source.execute(select(h.id, h.name))}
    rows = [
        {
            **_without(row, "id"),
            "hook_id": known[row["hook_id"]],
            # Its line of the log stays behind; what was claimed is claimed anew.
            "change": None,
            "token": None,
            "available_timestamp": now,
            "written_timestamp": now,
        }
        for row in _of(source, hook_deliveries, page)
        if known[row["hook_id"]] is not None
    ]
    _insert(target, hook_deliveries, rows)
    log_changes(target, unread_changes(source, page))


def _copy_contacts(
    source: Connection,
    target: Connection,
    found: dict[Identity, Message],
    vaults: tuple[Vault, Vault],
) -> None:
    """Seal contact details anew: a person has a key of their own in each shard."""
    ours, theirs = vaults
    kept = ours.kept(source, list(found))
    theirs.keep(
        target,
        [
            Hidden(
                found[identity],
                Disguised(found[identity].text, {one.placeholder: one.text for one in details}),
            )
            for identity, details in kept.items()
        ],
    )


def _of(connection: Connection, table: Table, page: Sequence[Identity]) -> list[dict[str, Any]]:
    here = tuple_(table.c.platform, table.c.message_id).in_(page)
    return [dict(row) for row in connection.execute(select(table).where(here)).mappings()]


def _insert(transaction: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        transaction.execute(table.insert(), list(rows))


def _without(row: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}


def _renumbered(row: dict[str, Any], numbers: dict[int, int]) -> dict[str, Any]:
    return {**row, "decision_id": numbers.get(row["decision_id"], row["decision_id"])}
