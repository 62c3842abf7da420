"""Keeps the vault in order: older texts move in, and keys are wrapped by a new master key, in
bounded transactions that may stop at any moment and go on later.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Event

from intent.store.engine import Database
from intent.store.identities import Identity
from intent.store.vault import Vault
from intent.store.vault_keys import masters_in_use
from intent.store.vault_moving import count_details, move_letters, move_texts, plain_details

AT_ONCE = 500
"""Messages, letters or keys in one transaction, at most."""


@dataclass(frozen=True, slots=True)
class VaultState:
    """What the vault holds.

    Attributes:
        details: contact details.
        masters: how many keys each master key wraps, by its name.
        current: name of the master key that wraps; None where there is none yet.
        plain: rows that hold a detail in plain, by table; None where nobody looked.
    """

    details: int
    masters: dict[str, int]
    current: str | None
    plain: dict[str, int] | None


@dataclass(frozen=True, slots=True)
class MovedIn:
    """What was moved into the vault, and whether that was all."""

    messages: int
    letters: int
    complete: bool


def vault_state(database: Database, vault: Vault, *, look: bool) -> VaultState:
    """Return what the vault holds.

    Args:
        look: through all texts for details in plain.
    """
    with database.read() as connection:
        details = count_details(connection)
        masters = masters_in_use(connection)
        plain = plain_details(connection, vault) if look else None
    current = vault.keys.current()[0] if masters else None
    return VaultState(details, masters, current, plain)


def move_in(
    database: Database,
    vault: Vault,
    *,
    stop: Event,
    progress: Callable[[int], None] = lambda messages: None,
) -> MovedIn:
    """Move contact details that older versions stored in plain into the vault.

    Raises:
        OperatorError: the master key is missing.
        StoreUnavailable: the database is away; what was moved so far stands, and the same call goes
            on.
    """
    moved, letters = 0, 0
    after: Identity | None = None
    last: int | None = 0
    more = True
    while more and not stop.is_set():
        with database.begin() as transaction:
            some, after = move_texts(transaction, vault, after, AT_ONCE)
        moved += some
        more = after is not None
        progress(moved)
    while last is not None and not stop.is_set():
        with database.begin() as transaction:
            some, last = move_letters(transaction, vault, last, AT_ONCE)
        letters += some
    return MovedIn(moved, letters, complete=not more and last is None)


def rewrap_keys(database: Database, vault: Vault, *, stop: Event) -> int:
    """Wrap all keys by the current master key; return how many were wrapped by another.

    Raises:
        OperatorError: one of the master keys that wrap them is missing.
        StoreUnavailable: the database is away; what was wrapped so far stands, and the same call
            goes on.
    """
    done, some = 0, 1
    while some and not stop.is_set():
        with database.begin() as transaction:
            some = vault.keys.rewrap(transaction, AT_ONCE)
        done += some
    return done
