"""Deletes what is older than it is kept, a bounded number of rows in each transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Select,
    Table,
    delete,
    exists,
    func,
    select,
    tuple_,
)

from intent.model.decision import Entry
from intent.store.conversion_revisions import number_alone
from intent.store.erasure import delete_messages
from intent.store.identities import Identity
from intent.store.outcome_erasure import delete_conversions
from intent.store.schema import (
    clicks,
    contact_accesses,
    conversions,
    database_now,
    dead_letters,
    decision_labels,
    decisions,
    exposures,
    hook_deliveries,
    impressions,
    inbox,
    llm_attempts,
    llm_replies,
    messages,
)
from intent.store.turns import in_turn

READ_FOR_EACH = (messages, decisions, decision_labels)
"""Tables in which something is looked up for each message that is deleted."""


@dataclass(frozen=True, slots=True)
class _Aged:
    """A table whose rows are deleted by their age alone."""

    table: Table
    key: Column[object]
    at: Column[object]
    only: ColumnElement[bool] | None = None


_BY_AGE = {
    "dead_letters": _Aged(
        dead_letters,
        dead_letters.c.id,
        dead_letters.c.created_timestamp,
        dead_letters.c.message_id.is_(None),  # a message goes with its letter, by its own age
    ),
    "replies": _Aged(llm_replies, llm_replies.c.key, llm_replies.c.created_timestamp),
    "attempts": _Aged(llm_attempts, llm_attempts.c.id, llm_attempts.c.started_timestamp),
    "pushes": _Aged(hook_deliveries, hook_deliveries.c.id, hook_deliveries.c.ended_timestamp),
    "accesses": _Aged(contact_accesses, contact_accesses.c.id, contact_accesses.c.seen_timestamp),
    "impressions": _Aged(impressions, impressions.c.id, impressions.c.served_at),
    "clicks": _Aged(clicks, clicks.c.id, clicks.c.clicked_at),
    "exposures": _Aged(exposures, exposures.c.id, exposures.c.exposed_at),
}


def before(connection: Connection, days: int) -> datetime:
    """Return the instant so many days ago, by the database's clock."""
    now: datetime = connection.execute(select(database_now())).scalar_one()
    return now - timedelta(days=days)


def count_aged(connection: Connection, name: str, limit: datetime) -> int:
    """Count what would be deleted of a kind, which is a field of the policy."""
    if name == "messages":
        query = select(func.count()).select_from(messages).where(*_old_messages(limit))
    elif name == "conversions":
        of_old = conversions.c.conversion_id.in_(_old_conversions(limit))
        query = select(func.count()).select_from(conversions).where(of_old)
    else:
        aged = _BY_AGE[name]
        query = select(func.count()).select_from(aged.table).where(*_old(aged, limit))
    return connection.execute(query).scalar_one()


def delete_aged(transaction: Connection, name: str, limit: datetime, count: int) -> int:
    """Delete the next rows of a kind that are older than ``limit``; return how many."""
    if name == "conversions":
        return _delete_conversions(transaction, limit, count)
    aged = _BY_AGE[name]
    some = select(aged.key).where(*_old(aged, limit)).order_by(aged.at).limit(count)
    return transaction.execute(delete(aged.table).where(aged.key.in_(some))).rowcount


def _delete_conversions(transaction: Connection, limit: datetime, count: int) -> int:
    """Delete the next conversions that did not change since, each with all that belongs to it."""
    # A revision that comes meanwhile would be left without those before it.
    number_alone(transaction)
    some = transaction.scalars(_old_conversions(limit).limit(count))
    return delete_conversions(transaction, some.all())


def expire_messages(
    transaction: Connection, limit: datetime, after: Identity | None, count: int
) -> tuple[int, list[Entry], Identity | None]:
    """Delete the next messages that were said before ``limit`` and wait for nothing; return how
    many, the decisions that stood, and where to go on (None at the end).

    Nothing is buried: what a source brings again is new again.
    """
    in_turn(transaction, alone=False)
    m = messages.c
    query = select(messages).where(*_old_messages(limit)).order_by(m.platform, m.message_id)
    if after is not None:
        query = query.where(tuple_(m.platform, m.message_id) > after)
    # Two that delete at once would both take the same decisions out of features.
    query = query.limit(count).with_for_update(skip_locked=True)
    rows = transaction.execute(query).mappings().all()
    found = {(row["platform"], row["message_id"]): row for row in rows}
    if not found:
        return 0, [], None
    stood = delete_messages(transaction, found)
    return len(found), stood, next(reversed(found))


def _old_messages(limit: datetime) -> tuple[ColumnElement[bool], ...]:
    m, i = messages.c, inbox.c
    waits = exists().where(i.platform == m.platform, i.message_id == m.message_id)
    return m.sent_at < limit, ~waits


def _old_conversions(limit: datetime) -> Select[str]:
    c = conversions.c
    return (
        select(c.conversion_id)
        .group_by(c.conversion_id)
        .having(func.max(c.changed_timestamp) < limit)
    )


def _old(aged: _Aged, limit: datetime) -> list[ColumnElement[bool]]:
    return [aged.at < limit, *([] if aged.only is None else [aged.only])]
