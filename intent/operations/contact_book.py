"""Shows contact details to those who may see them, and says who has seen them: nobody is shown any
before that is written down.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from intent.store.contact_accesses import (
    Author,
    ContactAccess,
    Through,
    note_accesses,
    open_noted,
    read_accesses,
)
from intent.store.contact_shelf import ContactFilter, WithContacts, find_contacts_of
from intent.store.engine import Database
from intent.store.identities import Identity
from intent.store.shard_places import holds_message
from intent.store.vault import Kept, Vault


@dataclass(frozen=True, slots=True)
class ShownContacts:
    """A message and its contact details; none where the key to them was deleted."""

    message: WithContacts
    contacts: tuple[Kept, ...]


def show_contacts(
    database: Database, vault: Vault, asked: ContactFilter, *, seen_by: str, through: Through
) -> list[ShownContacts]:
    """Return messages with their contact details, newest first; every one is written down.

    Raises:
        OperatorError: the master key is missing.
        StoreUnavailable: the database is away, or takes no writes; then nothing is shown.
    """
    with database.begin() as transaction:
        found = find_contacts_of(transaction, asked)
        authors = [(one.platform, one.user_id, one.message_id) for one in found]
        kept = open_noted(transaction, vault, authors, seen_by, through)
    return [
        ShownContacts(one, tuple(kept.get((one.platform, one.message_id), ()))) for one in found
    ]


def show_contacts_of(
    database: Database, vault: Vault, of: Sequence[Author], *, seen_by: str, through: Through
) -> dict[Identity, list[Kept]]:
    """Return the contact details of these messages; every message that has some is written down.

    Raises:
        OperatorError, StoreUnavailable: as :func:`show_contacts`.
    """
    if not of:
        return {}
    with database.begin() as transaction:
        return open_noted(transaction, vault, of, seen_by, through)


def note_export(database: Database, record: Mapping[str, Any], *, seen_by: str) -> None:
    """Write down that the contact details in a record of a person are exported, beside the messages
    that they stood in.
    """
    person = record["subject"]
    platform, user_id = person["platform"], person["user_id"]
    ids = dict.fromkeys(one["message_id"] for one in record["contacts"])
    if not ids:
        return
    with database.begin() as transaction:
        here = [one for one in ids if holds_message(transaction, platform, one)]
        seen = [(platform, user_id, one) for one in here]
        note_accesses(transaction, seen_by, Through.EXPORT, seen)


def list_accesses(
    database: Database, user: tuple[str, str] | None = None, *, limit: int
) -> list[ContactAccess]:
    """Return who was shown contact details of whom, newest first."""
    platform, user_id = user or ("", "")
    return read_accesses(database, platform=platform, user_id=user_id, limit=limit)
