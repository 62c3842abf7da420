"""Keys of the service over HTTP: made, rotated, taken back, and checked when one is shown."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

from intent.model.errors import WrongUse
from intent.model.principal import Scope
from intent.store.access_keys import (
    AccessKey,
    KeyToAdd,
    add_key,
    any_key,
    expire_key,
    find_digest,
    find_key,
    read_keys,
    revoke_key,
)
from intent.store.access_keys import note_use as write_use
from intent.store.engine import Database

MARK = "li_"
"""How every key begins, so that tools which search for leaked secrets know one."""

PREFIX_LENGTH = len(MARK) + 8

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
_OF_NOBODY = hashlib.sha256(b"").hexdigest()
"""What a key is compared with when none begins like it, so that both take as long."""


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made; ``text`` is never seen again."""

    text: str
    key: AccessKey


def create_key(
    database: Database, name: str, scopes: Iterable[Scope], lifetime: timedelta | None = None
) -> NewKey:
    """Make a key.

    Args:
        name: what people call it, such as ``checkout``.
        lifetime: how long it opens anything; None for ever.

    Raises:
        WrongUse: the name is none or taken, or no scope was given.
        StoreUnavailable: the database is away.
    """
    wanted = frozenset(scopes)
    if not _NAME.fullmatch(name):
        raise WrongUse("a key's name is of small letters, digits, dots and dashes, such as shop-1")
    if not wanted:
        raise WrongUse("a key opens something; name a scope: " + ", ".join(Scope))
    with database.begin() as transaction:
        if _alive(read_keys(transaction), name):
            raise WrongUse(f"there is a key {name} already; rotate it, or take another name")
        text, new = _drawn(name, wanted, lifetime)
        return NewKey(text, add_key(transaction, new))


def rotate_key(database: Database, reference: str, overlap: timedelta) -> NewKey:
    """Make a key that takes over from one: of its name and scopes, and living as long as it did.

    Args:
        reference: the name, or how the key begins.
        overlap: how long the old one goes on.

    Raises:
        WrongUse: no key that is alive is meant, or another one is being rotated out already.
        StoreUnavailable: the database is away.
    """
    with database.begin() as transaction:
        keys = read_keys(transaction)
        name = _meant(keys, reference)[0].name
        old, *others = reversed(_alive(keys, name))
        if others:
            raise WrongUse(
                f"{name} is being rotated, {others[0].prefix}… ends on "
                f"{others[0].expires_at:%Y-%m-%d %H:%M} UTC; wait, or take that one back first"
            )
        lifetime = None if old.expires_at is None else old.expires_at - old.created_at
        text, new = _drawn(name, old.scopes, lifetime)
        added = add_key(transaction, new)
        expire_key(transaction, old, added.now + overlap)
        return NewKey(text, added)


def revoke_keys(database: Database, reference: str) -> list[AccessKey]:
    """Take keys back, with the sessions that were opened with them, and return them.

    Args:
        reference: how one key begins, or the name, which means all of that name.

    Raises:
        WrongUse: no key that is alive is meant.
        StoreUnavailable: the database is away.
    """
    with database.begin() as transaction:
        meant = _meant(read_keys(transaction), reference)
        for key in meant:
            revoke_key(transaction, key)
        return meant


def list_keys(database: Database) -> list[AccessKey]:
    """Return all keys, dead ones included, the oldest first.

    Raises:
        StoreUnavailable: the database is away.
    """
    with database.read() as connection:
        return read_keys(connection)


def was_any_made(database: Database) -> bool:
    """Whether a key was ever made, be it dead by now.

    Raises:
        StoreUnavailable: the database is away.
    """
    with database.read() as connection:
        return any_key(connection)


def check_key(
    database: Database,
    text: str,
    same: Callable[[str, str], bool] = hmac.compare_digest,
) -> AccessKey | None:
    """Return the key that was shown; None if it is none of ours, or opens nothing any more.

    An unknown beginning costs the same look-up, digest and comparison as a wrong secret, so that
    the time of the answer tells nothing.

    Args:
        same: compares two digests in constant time.

    Raises:
        StoreUnavailable: the database is away.
    """
    digest = digest_of(text)
    # What is no text for a database begins like no key either.
    prefix = text[:PREFIX_LENGTH] if text.isascii() and text.isprintable() else ""
    with database.read() as connection:
        stored = find_digest(connection, prefix)
        if not same(digest, stored or _OF_NOBODY):
            return None
        found = find_key(connection, prefix)
    return found if found is not None and found.is_alive else None


def note_use(database: Database, key: AccessKey) -> None:
    """Note that a key is used, if that was not noted within the last minute.

    Raises:
        StoreUnavailable, OperatorError: it cannot be noted now.
    """
    if key.is_use_due:
        with database.begin() as transaction:
            write_use(transaction, key)


def digest_of(secret: str) -> str:
    """Return the SHA-256 of a secret of 256 random bits, which needs no slow hash."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _drawn(name: str, scopes: frozenset[Scope], lifetime: timedelta | None) -> tuple[str, KeyToAdd]:
    prefix = MARK + secrets.token_hex(4)
    text = f"{prefix}_{secrets.token_urlsafe(32)}"
    return text, KeyToAdd(prefix, name, digest_of(text), scopes, lifetime)


def _alive(keys: Iterable[AccessKey], name: str) -> list[AccessKey]:
    return [key for key in keys if key.is_alive and key.name == name]


def _meant(keys: list[AccessKey], reference: str) -> list[AccessKey]:
    found = [key for key in keys if key.is_alive and reference in (key.name, key.prefix)]
    if not found:
        raise WrongUse(
            "no key that opens anything is meant; all of them are shown by: intent keys list"
        )
    return found
