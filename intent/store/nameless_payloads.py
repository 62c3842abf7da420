"""Reads and deletes payloads of which nobody can say whose they are, by their digest."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, select

from intent.model.data_subject import DataSubject, SubjectKind
from intent.store.schema import dead_letters


def stored_payloads(
    connection: Connection, after: DataSubject | None, count: int
) -> Sequence[DataSubject]:
    """Return the next payloads that are kept, in the order of their digests."""
    d = dead_letters.c
    query = select(d.digest).where(d.message_id.is_(None)).order_by(d.digest).limit(count)
    if after is not None:
        query = query.where(d.digest > after.id)
    return [DataSubject(SubjectKind.PAYLOAD, "", one) for one in connection.scalars(query)]


def erase_payload(transaction: Connection, subject: DataSubject) -> int:
    """Delete a payload; return how many times it was kept."""
    d = dead_letters.c
    same = delete(dead_letters).where(d.message_id.is_(None), d.digest == subject.id)
    return transaction.execute(same).rowcount
