"""Dead letters: list, show, replay and drop what could not be read or decided."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select

from intent.model.batch import Refused
from intent.model.message import Message, wire
from intent.store.engine import Database, insert_for
from intent.store.schema import dead_letters, inbox, messages

MAX_PAYLOAD_BYTES = 65_536
"""A dead letter keeps so many bytes of its payload; its digest is of the whole."""


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


def record_refused(transaction: Connection, refused: Sequence[Refused]) -> int:
    """Keep payloads that are no messages, and return how many were not known already."""
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
            "payload": payload.payload[:MAX_PAYLOAD_BYTES],
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


def read_dead_letters(database: Database, ids: Sequence[int] | None = None) -> Iterator[DeadLetter]:
    """Yield dead letters, oldest first; all of them, or those with these numbers."""
    query = select(dead_letters).order_by(dead_letters.c.id)
    if ids is not None:
        query = query.where(dead_letters.c.id.in_(ids))
    with database.read() as connection:
        for row in connection.execution_options(yield_per=500).execute(query).mappings():
            yield DeadLetter(**row)


def replay(database: Database, letter: DeadLetter) -> bool:
    """Put a buried message into the inbox again; False for a payload that is no message, or a
    letter that is gone.
    """
    if letter.message_id is None:
        return False
    with database.begin() as transaction:
        if not _drop(transaction, letter.id):
            return False
        row = {
            "platform": letter.platform,
            "message_id": letter.message_id,
            "attempts": 0,
            "available_timestamp": letter.created_timestamp,
        }
        transaction.execute(insert_for(transaction, inbox).on_conflict_do_nothing(), row)
    return True


def drop(database: Database, number: int) -> bool:
    """Forget a refused payload; a buried message only together with the message itself, so that the
    audit still holds.
    """
    from_messages = select(dead_letters.c.platform, dead_letters.c.message_id).where(
        dead_letters.c.id == number
    )
    with database.begin() as transaction:
        identity = transaction.execute(from_messages).one_or_none()
        if identity is None or not _drop(transaction, number):
            return False
        if identity.message_id is not None:
            identity_of = (
                messages.c.platform == identity.platform,
                messages.c.message_id == identity.message_id,
            )
            transaction.execute(delete(messages).where(*identity_of))
    return True


def _drop(transaction: Connection, number: int) -> bool:
    return (
        transaction.execute(delete(dead_letters).where(dead_letters.c.id == number)).rowcount == 1
    )
