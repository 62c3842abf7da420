"""Parks messages that are dated in the future, and says which changes count now.

A message is parked from the transaction that stores its first decision until the first one after
its time has come. Meanwhile no state holds it, so newer decisions of it change nothing, and taking
it back ends the parking. What falls due is settled before anything that follows it: a change of it
in the same transaction counts as the first one.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, delete, select, tuple_

from intent.features.definitions.events import Event, Topics
from intent.features.online.rows import events_of_messages, later_events, listed
from intent.store.engine import insert_for
from intent.store.feature_tables import feature_future

Change = tuple[Event | None, Event | None]
"""(new, old): the decision that counts from now on, and the one that counted until now; one of them
is there.
"""

Identity = tuple[str, str]

future = feature_future.c


def counted_now(
    transaction: Connection, changes: Sequence[Change], now: int, topics: Topics
) -> list[Change]:
    """Return what state must count: the messages that have fallen due by ``now`` (microseconds), as
    they stand, and then those of the changes that concern it. To be called after the changes are
    saved.
    """
    due = _taken_out(transaction, now)
    parked = _parked(transaction, [_identity(change) for change in changes])
    kept, counted = dict.fromkeys(parked, 0), []
    for new, old in changes:
        identity = _identity((new, old))
        if identity in due:  # was parked until now, so no state holds its old decision
            due.remove(identity)
            old = None
        elif identity in kept and old is not None:
            if new is None:
                del kept[identity]
            continue
        if old is None and new is not None and new.at > now:
            kept[identity] = new.at
        elif new is not None or old is not None:
            counted.append((new, old))
    _park(transaction, {identity: at for identity, at in kept.items() if at})
    _unpark(transaction, [identity for identity in parked if identity not in kept])
    # Read after the changes were saved: a message that also changes is not among them any more.
    fallen = events_of_messages(transaction, sorted(due), topics)
    return [*((event, None) for event in fallen), *counted]


def park_all(transaction: Connection, now: int, topics: Topics) -> None:
    """Park every message that is dated after ``now`` (microseconds); none is parked yet."""
    late = {
        (event.platform, event.message_id): event.at
        for event in later_events(transaction, now, topics)
    }
    _park(transaction, late)


def parked_identities(transaction: Connection, before: int) -> list[Identity]:
    """Return the messages that are due before an instant (microseconds), but not counted yet."""
    due = select(future.platform, future.message_id).where(future.due < before)
    return [(platform, message_id) for platform, message_id in transaction.execute(due)]


def _identity(change: Change) -> Identity:
    event = change[0] or change[1]
    assert event is not None
    return event.platform, event.message_id


def _taken_out(transaction: Connection, now: int) -> set[Identity]:
    ripe = (
        delete(feature_future)
        .where(future.due <= now)
        .returning(future.platform, future.message_id)
    )
    return {(platform, message_id) for platform, message_id in transaction.execute(ripe)}


def _parked(transaction: Connection, identities: Sequence[Identity]) -> set[Identity]:
    if not identities:
        return set()
    # Locked, so that it is counted by exactly one: by us now, or by whoever counts it when it is
    # due.
    found = transaction.execute(
        select(future.platform, future.message_id)
        .where(_of(transaction, identities))
        .with_for_update()
    )
    return {(platform, message_id) for platform, message_id in found}


def _park(transaction: Connection, due: dict[Identity, int]) -> None:
    if due:
        statement = insert_for(transaction, feature_future)
        transaction.execute(
            statement.on_conflict_do_update(
                index_elements=["platform", "message_id"], set_={"due": statement.excluded.due}
            ),
            [{"platform": p, "message_id": m, "due": at} for (p, m), at in sorted(due.items())],
        )


def _unpark(transaction: Connection, identities: Sequence[Identity]) -> None:
    if identities:
        transaction.execute(delete(feature_future).where(_of(transaction, identities)))


def _of(transaction: Connection, identities: Sequence[Identity]) -> ColumnElement[bool]:
    wanted = listed(transaction, identities)
    return tuple_(future.platform, future.message_id).in_(select(wanted.c.part_0, wanted.c.part_1))
