"""Keeps one key a person in the database, wrapped by a master key that stands elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, bindparam, delete, func, select, tuple_, update

from intent.model.errors import OperatorError
from intent.store import vault_cipher as cipher
from intent.store.engine import insert_for
from intent.store.identities import parts
from intent.store.schema import vault_keys

Owner = tuple[str, str]
"""(platform, user_id) of a person; with no platform what else has a key of its own."""

HASHES: Owner = ("", "hashes")
"""Owner of the key that details are compared by."""


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A key as it is stored: useless without its master key."""

    platform: str
    user_id: str
    wrapped: bytes
    master: str


def no_masters() -> Sequence[bytes]:
    """Stand for master keys where nothing was ever sealed."""
    raise ValueError("contact details are sealed, and nobody was given the key to them")


class VaultKeys:
    """Keys of owners in SQL; the master keys are asked for when the first is needed."""

    def __init__(self, load: Callable[[], Sequence[bytes]] = no_masters) -> None:
        """Prepare.

        Args:
            load: returns the master keys, the one that wraps first, and makes one where it may.
        """
        self._load = load
        self._masters: dict[str, bytes] = {}

    def of(
        self, connection: Connection, owners: Collection[Owner], *, make: bool = False
    ) -> dict[Owner, bytes]:
        """Return the keys of these owners; of those who have none only with ``make``.

        Raises:
            OperatorError: a master key is missing.
        """
        found = self._read(connection, owners)
        fresh = [owner for owner in sorted(owners) if owner not in found] if make else []
        if fresh:
            self._require_ours(connection)
            name, master = self.current()
            rows = [
                {
                    "platform": platform,
                    "user_id": user_id,
                    "wrapped": cipher.wrap(master, cipher.new_key()),
                    "master": name,
                }
                for platform, user_id in fresh
            ]
            insert = insert_for(connection, vault_keys).on_conflict_do_nothing()
            connection.execute(insert, rows)
            # Somebody else may have been first.
            found |= self._read(connection, fresh)
        return found

    def current(self) -> tuple[str, bytes]:
        """Return the master key that wraps, and its name."""
        masters = self._masters or self.reload()
        name = next(iter(masters))
        return name, masters[name]

    def masters(self) -> Sequence[bytes]:
        """Return all master keys, the one that wraps first."""
        return list((self._masters or self.reload()).values())

    def forget(self, transaction: Connection, owners: Collection[Owner]) -> None:
        """Delete keys: what they seal can be read by nobody any more."""
        here = tuple_(vault_keys.c.platform, vault_keys.c.user_id)
        for some in parts(sorted(owners)):
            transaction.execute(delete(vault_keys).where(here.in_(some)))

    def rewrap(self, transaction: Connection, count: int) -> int:
        """Wrap the next keys with the current master key; return how many.

        Raises:
            OperatorError: the master key that they are wrapped with is missing.
        """
        k = vault_keys.c
        name, master = self.current()
        others = select(k.platform, k.user_id, k.wrapped, k.master).where(k.master != name)
        page = transaction.execute(others.limit(count).with_for_update()).all()
        if not page:
            return 0
        again = update(vault_keys).where(
            k.platform == bindparam("of_platform"), k.user_id == bindparam("of_user_id")
        )
        values = [
            {
                "of_platform": row.platform,
                "of_user_id": row.user_id,
                "wrapped": cipher.wrap(master, self._unwrapped(row.master, row.wrapped)),
                "master": name,
            }
            for row in page
        ]
        transaction.execute(again, values)
        return len(page)

    def _read(self, connection: Connection, owners: Collection[Owner]) -> dict[Owner, bytes]:
        k = vault_keys.c
        found: dict[Owner, bytes] = {}
        for some in parts(sorted(owners)):
            query = select(k.platform, k.user_id, k.wrapped, k.master)
            for row in connection.execute(query.where(tuple_(k.platform, k.user_id).in_(some))):
                key = self._unwrapped(row.master, bytes(row.wrapped))
                found[row.platform, row.user_id] = key
        return found

    def _unwrapped(self, name: str, wrapped: bytes) -> bytes:
        master = self._masters.get(name) or self.reload().get(name)
        try:
            if master is not None:
                return cipher.unwrap(master, bytes(wrapped))
        except cipher.Unreadable:
            pass
        raise _missing(name)

    def _require_ours(self, connection: Connection) -> None:
        """Refuse to go on with a master key that none of the others was wrapped with: two machines
        that each made one would not read each other.
        """
        k = vault_keys.c
        name, _ = self.current()
        if connection.execute(select(k.master).where(k.master == name).limit(1)).first() is None:
            other = connection.scalar(select(k.master).limit(1))
            if other is not None and other not in self._masters:
                raise _missing(other)

    def reload(self) -> Mapping[str, bytes]:
        """Ask for the master keys again: another process may have made one."""
        self._masters = {cipher.name_of(master): master for master in self._load()}
        return self._masters


def read_wrapped(connection: Connection) -> list[WrappedKey]:
    """Return all keys as they are stored."""
    k = vault_keys.c
    query = select(k.platform, k.user_id, k.wrapped, k.master).order_by(k.platform, k.user_id)
    return [
        WrappedKey(row.platform, row.user_id, bytes(row.wrapped), row.master)
        for row in connection.execute(query)
    ]


def put_wrapped(transaction: Connection, keys: Sequence[WrappedKey]) -> None:
    """Store keys as they were; who has one already keeps it."""
    rows = [asdict(key) for key in keys]
    for some in parts(rows):
        transaction.execute(insert_for(transaction, vault_keys).on_conflict_do_nothing(), some)


def masters_in_use(connection: Connection) -> dict[str, int]:
    """Return how many keys each master key wraps, by its name."""
    k = vault_keys.c
    query = select(k.master, func.count()).group_by(k.master).order_by(k.master)
    return {row.master: row[1] for row in connection.execute(query)}


def _missing(name: str) -> OperatorError:
    return OperatorError(
        f"the master key {name} that contact details are sealed with is missing; put back the key "
        "file of this database, or set INTENT_KEY_FILE, or INTENT_VAULT_KEY (and "
        "INTENT_VAULT_KEY_OLD while another takes over)"
    )
