"""Finds the master keys of the vault: in the environment, or in the key file of the database."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

from pydantic import SecretStr

from intent.bootstrap.application import Application
from intent.bootstrap.keyfile import BYTES, add_master, key_file, load_keys
from intent.bootstrap.settings import Settings
from intent.model.errors import OperatorError
from intent.store.engine import Database


def load_masters(settings: Settings, database: Database, *, make: bool) -> Sequence[bytes]:
    """Return the master keys, the one that wraps first.

    Args:
        make: where there is no key file, make it.

    Raises:
        OperatorError: there is none, or what is given is no key.
    """
    from intent.store.vault_cipher import derived

    if settings.vault_key is not None:
        given = {
            "INTENT_VAULT_KEY": settings.vault_key,
            "INTENT_VAULT_KEY_OLD": settings.vault_key_old,
        }
        own = [_decoded(name, value) for name, value in given.items() if value is not None]
        # What was sealed before the variable was set is readable as long as the file is there.
        return own + _of_file(settings, database)
    keys = load_keys(settings, database, make=make)
    return [*keys.vault, derived(keys.tombstones, "vault master key")]


def may_make_key(settings: Settings, database: Database) -> bool:
    """Say whether a key file may be made where there is none: not once contact details are sealed,
    for another key opens none of them, and would be in the way of the one that does.
    """
    from intent.store.vault_keys import masters_in_use

    if settings.vault_key is not None or key_file(settings, database).exists():
        return True
    with database.read() as connection:
        return not masters_in_use(connection)


def require_place(settings: Settings, database: Database) -> None:
    """Refuse to begin where the first contact detail would find no key.

    Raises:
        OperatorError: the database is no file, and no setting says where its key is.
    """
    if settings.vault_key is None:
        key_file(settings, database)


def begin_rotation(app: Application) -> None:
    """Make a new master key in the key file, which wraps from now on; where another one wraps some
    keys still, or the environment gives the key, there is nothing to make.

    Raises:
        OperatorError: the key file is missing or cannot be written.
    """
    from intent.store.vault_keys import masters_in_use

    if app.settings.vault_key is not None:
        return
    with app.database.read() as connection:
        in_use = masters_in_use(connection)
    current, _ = app.vault.keys.current()
    if set(in_use) <= {current}:
        add_master(key_file(app.settings, app.database))
        app.vault.keys.reload()


def _of_file(settings: Settings, database: Database) -> list[bytes]:
    from intent.store.vault_cipher import derived

    if settings.key_file is None and database.file is None:
        return []
    if not key_file(settings, database).exists():
        return []
    keys = load_keys(settings, database, make=False)
    return [*keys.vault, derived(keys.tombstones, "vault master key")]


def _decoded(name: str, value: SecretStr) -> bytes:
    try:
        key = base64.b64decode(value.get_secret_value(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != BYTES:
        raise OperatorError(
            f"{name} is no key: it takes {BYTES} random bytes in base64, as from: openssl rand "
            f"-base64 {BYTES}"
        )
    return key
