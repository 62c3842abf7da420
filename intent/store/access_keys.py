"""Keys of the service over HTTP in SQL, and the sessions that browsers opened with them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, RowMapping, delete, insert, select, update

from intent.model.principal import Principal, Scope
from intent.store.schema import access_keys, database_now, web_sessions

USED_EVERY = timedelta(minutes=1)
"""How exactly it is known when a key was used last."""


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A key, as it is stored.

    Attributes:
        prefix: how it begins, and what it is found by.
        digest: its SHA-256, in hexadecimal.
        now: when this was read, by the database's clock; whether it is alive is as of then.
    """

    id: int
    prefix: str
    name: str
    digest: str
    scopes: frozenset[Scope]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    used_at: datetime | None
    now: datetime

    @property
    def principal(self) -> Principal:
        """Who asks with it."""
        return Principal(self.name, self.scopes, self.prefix)

    @property
    def is_alive(self) -> bool:
        """Whether it opens anything."""
        return self.revoked_at is None and (self.expires_at is None or self.now < self.expires_at)

    @property
    def is_use_due(self) -> bool:
        """Whether a use of it is to be noted again."""
        return self.used_at is None or self.now - self.used_at > USED_EVERY


@dataclass(frozen=True, slots=True)
class KeyToAdd:
    """A key that is to be stored; without ``lifetime`` it opens what it opens for ever."""

    prefix: str
    name: str
    digest: str
    scopes: frozenset[Scope]
    lifetime: timedelta | None = None


def read_keys(connection: Connection) -> list[AccessKey]:
    """Return all keys, the oldest first."""
    now = connection.execute(select(database_now())).scalar_one()
    found = connection.execute(select(access_keys).order_by(access_keys.c.id)).mappings()
    return [_key(row, now) for row in found]


def find_key(connection: Connection, prefix: str) -> AccessKey | None:
    """Return the key that begins so, dead or alive."""
    wanted = select(access_keys, database_now().label("now")).where(access_keys.c.prefix == prefix)
    row = connection.execute(wanted).mappings().first()
    return None if row is None else _key(row, row["now"])


def find_digest(connection: Connection, prefix: str) -> str | None:
    """Return the digest of the key that begins so: what says whether it is the right one costs the
    same, as nearly as can be, whether there is one or not.
    """
    wanted = select(access_keys.c.digest).where(access_keys.c.prefix == prefix)
    return connection.execute(wanted).scalar_one_or_none()


def any_key(connection: Connection) -> bool:
    """Whether a key was ever made, be it dead by now."""
    return connection.execute(select(access_keys.c.id).limit(1)).first() is not None


def add_key(transaction: Connection, new: KeyToAdd) -> AccessKey:
    """Store a key."""
    now = transaction.execute(select(database_now())).scalar_one()
    values = {
        "prefix": new.prefix,
        "name": new.name,
        "digest": new.digest,
        "scopes": " ".join(sorted(new.scopes)),
        "created_timestamp": now,
        "expires_timestamp": None if new.lifetime is None else now + new.lifetime,
    }
    row = transaction.execute(insert(access_keys).returning(access_keys), values).mappings().one()
    return _key(row, now)


def expire_key(transaction: Connection, key: AccessKey, at: datetime) -> None:
    """Let a key end at an instant, if it does not end before."""
    if key.expires_at is None or at < key.expires_at:
        here = access_keys.c.id == key.id
        transaction.execute(update(access_keys).where(here).values(expires_timestamp=at))


def revoke_key(transaction: Connection, key: AccessKey) -> None:
    """Let a key, and the sessions that were opened with it, end now."""
    here = access_keys.c.id == key.id
    transaction.execute(update(access_keys).where(here).values(revoked_timestamp=database_now()))
    transaction.execute(delete(web_sessions).where(web_sessions.c.key_id == key.id))


def note_use(transaction: Connection, key: AccessKey) -> None:
    """Note that a key is used now."""
    here = access_keys.c.id == key.id
    transaction.execute(update(access_keys).where(here).values(used_timestamp=database_now()))


def open_session(transaction: Connection, key: AccessKey, digest: str, lifetime: timedelta) -> None:
    """Store a session, and let go of those that have ended."""
    s = web_sessions.c
    transaction.execute(delete(web_sessions).where(s.expires_timestamp <= key.now))
    values = {"digest": digest, "key_id": key.id, "expires_timestamp": key.now + lifetime}
    transaction.execute(insert(web_sessions), values)


def find_session(connection: Connection, digest: str) -> AccessKey | None:
    """Return the key of a session that has not ended; the key may have."""
    s = web_sessions.c
    wanted = (
        select(access_keys, database_now().label("now"), s.expires_timestamp.label("session_ends"))
        .join_from(web_sessions, access_keys, s.key_id == access_keys.c.id)
        .where(s.digest == digest)
    )
    row = connection.execute(wanted).mappings().first()
    return None if row is None or row["session_ends"] <= row["now"] else _key(row, row["now"])


def close_session(transaction: Connection, digest: str) -> None:
    """Let a session end now."""
    transaction.execute(delete(web_sessions).where(web_sessions.c.digest == digest))


def _key(row: RowMapping, now: datetime) -> AccessKey:
    return AccessKey(
        id=row["id"],
        prefix=row["prefix"],
        name=row["name"],
        digest=row["digest"],
        scopes=frozenset(Scope(name) for name in row["scopes"].split()),
        created_at=row["created_timestamp"],
        expires_at=row["expires_timestamp"],
        revoked_at=row["revoked_timestamp"],
        used_at=row["used_timestamp"],
        now=now,
    )
