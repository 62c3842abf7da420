"""Keeps a copy of the keys of persons beside the key file: backups of the database hold none, so
that one that is older than an erasure cannot be read any more.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable
from pathlib import Path

from pydantic import Base64Bytes, BaseModel, ConfigDict, ValidationError

from intent.bootstrap.application import Application
from intent.bootstrap.keyfile import key_file, written_beside
from intent.model.data_subject import DataSubject, SubjectKind
from intent.model.errors import IntentError, OperatorError
from intent.store.access import Access
from intent.store.engine import Database
from intent.store.vault_keys import WrappedKey, put_wrapped, read_wrapped


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    platform: str
    user_id: str
    master: str
    wrapped: Base64Bytes


def subject_keys_file(app: Application) -> Path:
    """Return where the copy stands."""
    path = key_file(app.settings, app.database)
    return path.with_name(f"{path.name}.persons{app.of_shard}")


def copy_subject_keys(app: Application) -> int:
    """Write the keys as they are now, whole or not at all; return how many."""
    with app.database.read() as connection:
        lines = [_written(one) for one in read_wrapped(connection)]
    path = subject_keys_file(app)
    try:
        written_beside(path, "".join(lines)).replace(path)
    except OSError as error:
        raise OperatorError(f"{path} cannot be written ({error.strerror})") from error
    return len(lines)


def renew_copy(app: Application) -> None:
    """Bring a copy that was made to what stands now: somebody's key was deleted."""
    if subject_keys_file(app).exists():
        copy_subject_keys(app)


def put_keys_back(app: Application, aside: Path | None) -> int:
    """Put the keys of the copy into a database that was restored, and those of the database that
    stood there before; those of erased people stay away. Return how many persons have a key now.
    """
    keys = {(one.platform, one.user_id): one for one in (*_copied(app), *_of(aside))}
    persons = {
        DataSubject(SubjectKind.USER, platform, user_id): (platform, user_id)
        for platform, user_id in keys
        if platform
    }
    with app.database.begin() as transaction:
        for subject in app.tombstones.buried(transaction, persons.keys()):
            del keys[persons[subject]]
        put_wrapped(transaction, list(keys.values()))
    return len(keys)


def _copied(app: Application) -> Iterable[WrappedKey]:
    path = subject_keys_file(app)
    if not path.exists():
        return []
    try:
        lines = path.read_text(encoding="ascii").splitlines()
        read = [_Line.model_validate_json(line) for line in lines]
    except (OSError, ValidationError) as error:
        raise OperatorError(f"{path} cannot be read, or is no copy of keys") from error
    return [WrappedKey(one.platform, one.user_id, one.wrapped, one.master) for one in read]


def _of(aside: Path | None) -> Iterable[WrappedKey]:
    if aside is None:
        return []
    database = Database(f"sqlite:///{aside}", access=Access.READ)
    try:
        with database.read() as connection:
            return read_wrapped(connection)
    except IntentError:
        return []  # it may be what was restored from: damaged, or of before the vault
    finally:
        database.close()


def _written(key: WrappedKey) -> str:
    line = {"platform": key.platform, "user_id": key.user_id, "master": key.master}
    wrapped = b64encode(key.wrapped).decode("ascii")
    return f"{json.dumps({**line, 'wrapped': wrapped})}\n"
