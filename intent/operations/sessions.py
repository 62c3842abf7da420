"""Sessions of browsers: opened with a key, found by their cookie, closed."""

from __future__ import annotations

import secrets
from datetime import timedelta

from intent.operations.keys import digest_of
from intent.store import access_keys
from intent.store.access_keys import AccessKey
from intent.store.engine import Database


def open_session(database: Database, key: AccessKey, lifetime: timedelta) -> str:
    """Open a session with a key that was checked, and return the value of its cookie.

    Raises:
        StoreUnavailable: the database is away.
    """
    cookie = secrets.token_urlsafe(32)
    with database.begin() as transaction:
        access_keys.open_session(transaction, key, digest_of(cookie), lifetime)
    return cookie


def find_session(database: Database, cookie: str) -> AccessKey | None:
    """Return the key that a session was opened with; None if there is none, or it or its key has
    ended.

    Raises:
        StoreUnavailable: the database is away.
    """
    with database.read() as connection:
        key = access_keys.find_session(connection, digest_of(cookie))
    return key if key is not None and key.is_alive else None


def close_session(database: Database, cookie: str) -> None:
    """Close a session, if there is one.

    Raises:
        StoreUnavailable: the database is away.
    """
    with database.begin() as transaction:
        access_keys.close_session(transaction, digest_of(cookie))
