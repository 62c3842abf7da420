"""Writes down who was shown contact details of whom, and reads it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, select

from intent.store.engine import Database, insert_for
from intent.store.identities import Identity
from intent.store.schema import contact_accesses
from intent.store.vault import Kept, Vault

Author = tuple[str, str, str]
"""(platform, user_id, message_id) of a message whose details were shown."""


class Through(StrEnum):
    """By which way contact details were shown."""

    CLI = "cli"
    API = "api"
    PAGE = "page"
    EXPORT = "export"


@dataclass(frozen=True, slots=True)
class ContactAccess:
    """One look at the contact details of a message; whose is empty once they were forgotten."""

    seen_by: str
    seen_through: str
    platform: str
    user_id: str
    message_id: str
    seen_timestamp: datetime


def note_accesses(
    transaction: Connection, seen_by: str, through: Through, seen: Sequence[Author]
) -> None:
    """Write down that somebody is shown the details of these messages, before they are."""
    rows = [
        {
            "seen_by": seen_by[:100],
            "seen_through": through.value,
            "platform": platform,
            "user_id": user_id,
            "message_id": message_id,
        }
        for platform, user_id, message_id in seen
    ]
    if rows:
        transaction.execute(insert_for(transaction, contact_accesses), rows)


def open_noted(
    transaction: Connection, vault: Vault, of: Sequence[Author], seen_by: str, through: Through
) -> dict[Identity, list[Kept]]:
    """Return the contact details of messages, once it is written down of all that have some.

    Raises:
        OperatorError: the master key is missing.
    """
    kept = vault.kept(transaction, [(platform, message_id) for platform, _, message_id in of])
    seen = [one for one in of if (one[0], one[2]) in kept]
    note_accesses(transaction, seen_by, through, seen)
    return kept


def read_accesses(
    database: Database, *, platform: str = "", user_id: str = "", limit: int
) -> list[ContactAccess]:
    """Return who was shown contact details, newest first.

    Args:
        platform, user_id: of this person alone; empty for anybody.
        limit: so many at most.
    """
    a = contact_accesses.c
    query = select(
        a.seen_by, a.seen_through, a.platform, a.user_id, a.message_id, a.seen_timestamp
    ).order_by(a.id.desc())
    if user_id:
        query = query.where(a.platform == platform, a.user_id == user_id)
    with database.read() as connection:
        return [ContactAccess(*row) for row in connection.execute(query.limit(limit))]
