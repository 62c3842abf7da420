"""Finds the file of keys of a database, and makes it where there is none."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import tempfile
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path

from pydantic import Base64Bytes, BaseModel, ConfigDict, ValidationError

from intent.bootstrap.settings import Settings
from intent.model.errors import OperatorError
from intent.store.engine import Database
from intent.telemetry import logger

BYTES = 32


class Keys(BaseModel):
    """The keys of one database.

    Attributes:
        tombstones: what erased people are remembered with; 32 bytes, and for ever the same.
        vault: master keys of the vault, the one that wraps first; none until the first rotation,
            for until then it is derived from the other.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    tombstones: Base64Bytes
    vault: tuple[Base64Bytes, ...] = ()


def load_keys(settings: Settings, database: Database, *, make: bool) -> Keys:
    """Read the key file.

    Args:
        make: where there is none, make it, and say so in the log.

    Raises:
        OperatorError: the file cannot be read or made, is none, or nobody says where it is.
    """
    path = key_file(settings, database)
    try:
        # Where somebody was forgotten already, another key would know nobody.
        if make and not path.exists() and not forgotten_file(path).exists():
            _make(path)
        keys = Keys.model_validate_json(path.read_bytes())
    except OSError as error:
        raise OperatorError(
            f"the key file {path} cannot be read or made ({error.strerror}); put it back, or give "
            "its place with INTENT_KEY_FILE"
        ) from error
    except ValidationError:
        keys = None
    if keys is None or len(keys.tombstones) != BYTES:
        raise OperatorError(
            f"{path} is no key file of this service; put the right one back, or name it with "
            "INTENT_KEY_FILE"
        )
    return keys


def forgotten_file(keys: Path) -> Path:
    """Return where tombstones stand outside of the database, beside the key file."""
    return keys.with_name(f"{keys.name}.forgotten")


def key_file(settings: Settings, database: Database) -> Path:
    """Return where the keys stand.

    Raises:
        OperatorError: the database is no file, and no setting says where.
    """
    if settings.key_file is not None:
        return settings.key_file
    if database.file is None:
        raise OperatorError(
            "to remember who was erased, and to sign what is pushed out, takes a key that does not "
            "stand in the database; set INTENT_KEY_FILE to a file that all processes of this "
            "service read, it is made when it is missing"
        )
    return database.file.with_name(f"{database.file.name}.key")


def add_master(path: Path) -> None:
    """Put a new master key of the vault first into a key file; the others stay.

    Raises:
        OperatorError: the file is missing, cannot be written, or is no key file.
    """
    try:
        with path.open("rb") as file:
            # One rotation at a time: the later one would undo the key of the first.
            fcntl.flock(file, fcntl.LOCK_EX)
            held = Keys.model_validate_json(path.read_bytes())
            masters = (secrets.token_bytes(BYTES), *held.vault)
            written_beside(path, _text(masters, held)).replace(path)
    except (OSError, ValidationError) as error:
        raise OperatorError(f"the key file {path} cannot be read or written") from error


def written_beside(path: Path, text: str) -> Path:
    """Write a text durably to a new file beside another, for its owner alone; return that file."""
    descriptor, name = tempfile.mkstemp(dir=path.absolute().parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return Path(name)


def _text(vault: Sequence[bytes], held: Keys) -> str:
    kept = {"tombstones": _encoded(held.tombstones), "vault": [_encoded(one) for one in vault]}
    return f"{json.dumps(kept)}\n"


def _encoded(key: bytes) -> str:
    return b64encode(key).decode("ascii")


def _make(path: Path) -> None:
    """Make the file whole or not at all; of two who make it at once, one wins."""
    text = json.dumps({"tombstones": _encoded(secrets.token_bytes(BYTES))})
    beside = written_beside(path, f"{text}\n")
    try:
        os.link(beside, path)
    except FileExistsError:
        return
    finally:
        beside.unlink()
    logger("keys").warning(
        "made a key file; keep it, and never in one backup with the database", path=str(path)
    )
