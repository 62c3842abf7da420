"""Dead letters: list, show, replay and drop what could not be read or decided."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Event

from sqlalchemy import ColumnElement, Connection, RowMapping, delete, select, tuple_

from intent.model.batch import Refused
from intent.model.message import Message, wire
from intent.store.decisions import next_revisions
from intent.store.engine import Database, insert_for
from intent.store.hidden_payload import hidden_payload
from intent.store.identities import Identity
from intent.store.schema import contact_hashes, contacts, dead_letters, inbox, messages
from intent.store.turns import in_turn

MAX_PAYLOAD_BYTES = 65_536
"""A dead letter keeps so many bytes of its payload; its digest is of the whole."""

AT_ONCE = 500
"""Dead letters that are put again or dropped in one transaction, at most."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One dead letter; ``message_id`` is empty for a payload that is no message."""

    id: int
    digest: str
    platform: str | None
    message_id: str | None
    position: str | None
    reason: str
    attempts: int
    payload: bytes
    created_timestamp: datetime


def record_message(transaction: Connection, message: Message, reason: str, attempts: int) -> None:
    """Keep a message that could not be decided."""
    payload = wire(message)
    row = {
        "digest": hashlib.sha256(payload).hexdigest(),
        "platform": message.platform,
        "message_id": message.message_id,
        "position": None,
        "reason": reason.replace(
            "\0", "\\0"
        ),  # PostgreSQL's text holds no NUL, and a reason may quote anything
        "attempts": attempts,
        "payload": payload[:MAX_PAYLOAD_BYTES],
    }
    transaction.execute(insert_for(transaction, dead_letters).on_conflict_do_nothing(), row)


def record_refused(
    transaction: Connection,
    refused: Sequence[Refused],
    hide: Callable[[str], str] = lambda text: text,
) -> int:
    """Keep payloads that are no messages, and return how many were not known already.

    Args:
        hide: takes contact details out of what is kept: nobody puts it again from here.
    """
    if not refused:
        return 0
    rows = [
        {
            "digest": payload.digest,
            "platform": None,
            "message_id": None,
            "position": payload.position,
            "reason": payload.reason,
            "attempts": 0,
            "payload": hidden_payload(payload.payload[:MAX_PAYLOAD_BYTES], hide),
        }
        for payload in refused
    ]
    return len(
        transaction.execute(
            insert_for(transaction, dead_letters)
            .on_conflict_do_nothing()
            .returning(dead_letters.c.id),
            rows,
        ).all()
    )


def read_dead_letters(
    database: Database,
    ids: Sequence[int] | None = None,
    *,
    reason: str | None = None,
    limit: int | None = None,
) -> Iterator[DeadLetter]:
    """Yield dead letters, oldest first.

    Args:
        ids: only those with these numbers.
        reason: only those whose reason holds this text, in large letters or small.
        limit: so many at most.
    """
    query = select(dead_letters).order_by(dead_letters.c.id).limit(limit)
    if ids is not None:
        query = query.where(dead_letters.c.id.in_(ids))
    if reason is not None:
        query = query.where(_says(reason))
    with database.read() as connection:
        for row in connection.execute(query.execution_options(yield_per=500)).mappings():
            yield DeadLetter(**row)


def replay_all(database: Database, reason: str | None = None, *, stop: Event) -> int:
    """Put all messages that are dead letters into the inbox again, or those whose reason holds a
    text; return how many. Payloads that are no messages stay.

    In transactions of at most :data:`AT_ONCE`, until none is left or ``stop`` is set; what failed
    meanwhile may be done with the same call.

    Raises:
        StoreUnavailable: the database is away; what was done so far stands.
    """
    done = 0
    while not stop.is_set():
        with database.begin() as transaction:
            found = _some(transaction, reason, dead_letters.c.message_id.is_not(None))
            if not found:
                break
            done += len(found)
            _put_again(transaction, found)
    return done


def drop_all(database: Database, reason: str | None = None, *, stop: Event) -> int:
    """Forget all dead letters for good, or those whose reason holds a text; return how many. A
    message goes with its letter.

    In transactions as :func:`replay_all`.

    Raises:
        StoreUnavailable: the database is away; what was done so far stands.
    """
    done = 0
    while not stop.is_set():
        with database.begin() as transaction:
            found = _some(transaction, reason)
            if not found:
                break
            done += len(found)
            _forget(transaction, found)
    return done


def replay(database: Database, letter: DeadLetter) -> bool:
    """Put a buried message into the inbox again; False for a payload that is no message, or a
    letter that is gone.
    """
    if letter.message_id is None:
        return False
    with database.begin() as transaction:
        found = _some(transaction, None, dead_letters.c.id == letter.id)
        _put_again(transaction, found)
    return bool(found)


def drop(database: Database, number: int) -> bool:
    """Forget a refused payload; a buried message only together with the message itself, so that the
    audit still holds.
    """
    with database.begin() as transaction:
        found = _some(transaction, None, dead_letters.c.id == number)
        _forget(transaction, found)
    return bool(found)


def _says(reason: str) -> ColumnElement[bool]:
    return dead_letters.c.reason.icontains(reason, autoescape=True)


def _some(
    transaction: Connection, reason: str | None, *conditions: ColumnElement[bool]
) -> Sequence[RowMapping]:
    """Take the next letters away, and return their numbers, identities and times."""
    in_turn(transaction, alone=False)
    d = dead_letters.c
    if reason is not None:
        conditions = (*conditions, _says(reason))
    # Locked, so that nobody else takes the same ones away meanwhile.
    query = (
        select(d.id, d.platform, d.message_id, d.created_timestamp)
        .where(*conditions)
        .order_by(d.id)
        .limit(AT_ONCE)
        .with_for_update()
    )
    found = transaction.execute(query).mappings().all()
    transaction.execute(delete(dead_letters).where(d.id.in_([row["id"] for row in found])))
    return found


def _put_again(transaction: Connection, found: Sequence[RowMapping]) -> None:
    revisions = next_revisions(transaction, _identities(found))
    rows = [
        {
            "platform": row["platform"],
            "message_id": row["message_id"],
            "attempts": 0,
            "available_timestamp": row["created_timestamp"],
            "revision": revisions.get((row["platform"], row["message_id"]), 0),
        }
        for row in found
    ]
    if rows:
        transaction.execute(insert_for(transaction, inbox).on_conflict_do_nothing(), rows)


def _forget(transaction: Connection, found: Sequence[RowMapping]) -> None:
    identities = _identities(found)
    # What was decided before an edit stands, and needs its message.
    decided = next_revisions(transaction, identities)
    never = [identity for identity in identities if identity not in decided]
    for table in (contacts, contact_hashes, messages):
        identity = tuple_(table.c.platform, table.c.message_id)
        transaction.execute(delete(table).where(identity.in_(never)))


def _identities(found: Sequence[RowMapping]) -> list[Identity]:
    return [(row["platform"], row["message_id"]) for row in found if row["message_id"] is not None]
