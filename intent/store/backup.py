"""Copies an SQLite database while others read and write it, and puts a copy back."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from intent.model.errors import OperatorError
from intent.store.access import Access
from intent.store.driver_errors import translated
from intent.store.engine import Database
from intent.store.revision import current_revision
from intent.store.sqlite import sqlite_module

STEPS = 100_000
"""How many steps of SQLite's machine pass between two looks at whether to go on."""


def back_up(database: Database, target: Path, *, leaving: Callable[[], bool]) -> int:
    """Write the database as it is at this instant to a file, and return the file's bytes.

    ``VACUUM INTO`` reads one consistent view, whoever writes meanwhile, and the copy holds nothing
    that was deleted (sqlite.org/lang_vacuum.html), and no keys of the vault. The file appears whole
    or not at all.

    Args:
        leaving: asked now and then; True ends the copying.

    Raises:
        OperatorError: the target exists or cannot be written, the copy is not healthy, or somebody
            wants to leave.
        StoreUnavailable: the database is away.
    """
    if target.exists():
        raise OperatorError(f"{target} exists already; give another name")
    with _beside(target) as part:
        with translated(), database.engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            driver.set_progress_handler(lambda: int(leaving()), STEPS)
            try:
                # A pragma that only this connection has: nothing else of the database changes.
                driver.execute("PRAGMA query_only=OFF")
                connection.exec_driver_sql("COMMIT")
                connection.exec_driver_sql("VACUUM INTO ?", (str(part),))
            except DBAPIError as error:
                if leaving():
                    raise OperatorError("told to leave: nothing was written") from error
                raise
            finally:
                driver.set_progress_handler(None, 0)
                connection.invalidate()
        _take_keys_out(part)
        require_healthy(part)
        _to_disk(part)
        try:
            os.link(part, target)
        except FileExistsError as error:
            raise OperatorError(f"{target} exists already; give another name") from error
    return target.stat().st_size


def _take_keys_out(copy: Path) -> None:
    """Leave out the keys of persons: with them, what the copy holds of somebody who is forgotten
    later could be read for as long as the copy exists.
    """
    driver: Any = sqlite_module().connect(copy, isolation_level=None)
    try:
        driver.execute("PRAGMA secure_delete=ON")
        driver.execute("PRAGMA journal_mode=MEMORY")
        if driver.execute("SELECT 1 FROM sqlite_master WHERE name = 'vault_keys'").fetchone():
            driver.execute("DELETE FROM vault_keys")
    finally:
        driver.close()


def require_healthy(file: Path) -> str:
    """Return the migration of a file that SQLite finds no fault in.

    Raises:
        OperatorError: it is damaged, or no database of ours.
    """
    database = Database(f"sqlite:///{file}", access=Access.READ)
    try:
        with database.read() as connection:
            fault = connection.scalar(text("PRAGMA quick_check(1)"))
        revision = current_revision(database) if fault == "ok" else None
    finally:
        database.close()
    if revision is None:
        reason = "it holds no tables of ours" if fault == "ok" else str(fault)
        raise OperatorError(f"{file} is no healthy database of this service: {reason}")
    return revision


def put_back(backup: Path, target: Path) -> Path | None:
    """Put a backup where the database stands, and return where what stood there is kept now.

    Raises:
        OperatorError: a process has the database open, or the backup cannot be read or is not
            healthy, or there is no room.
    """
    require_healthy(backup)
    with _beside(target) as part:
        shutil.copyfile(backup, part)
        _to_disk(part)
        kept = _set_aside(target) if target.exists() else None
        part.replace(target)
    return kept


def _set_aside(target: Path) -> Path:
    database = Database(f"sqlite:///{target}", access=Access.WRITE)
    try:
        _require_alone(database)
    finally:
        database.close()
    number = 1
    while (kept := target.with_name(f"{target.name}.before-restore-{number}")).exists():
        number += 1
    target.rename(kept)
    return kept


def _require_alone(database: Database) -> None:
    """Let SQLite bring its log into the file, and refuse while anybody else has it open."""
    with database.engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        driver.execute("PRAGMA busy_timeout=0")
        try:
            # Only who is alone may leave WAL mode (sqlite.org/wal.html).
            (journal,) = driver.execute("PRAGMA journal_mode=DELETE").fetchone()
        except sqlite_module().OperationalError:
            journal = "in use"
    if journal != "delete":
        raise OperatorError(
            f"a process has {database.file} open; stop all processes of the service, and run the "
            "same command again"
        )


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """Make a folder on the disk of the target, for what is not whole yet; gone afterwards."""
    folder: Path | None = None
    try:
        name = tempfile.mkdtemp(dir=target.absolute().parent, prefix=f".{target.name}.")
        folder = Path(name)
        yield folder / "part"
    except OSError as error:
        raise OperatorError(
            f"{target} cannot be written ({error.strerror}); give another place"
        ) from error
    finally:
        if folder is not None:
            with suppress(OSError):
                shutil.rmtree(folder)


def _to_disk(file: Path) -> None:
    file.chmod(0o600)
    for path in (file, file.parent.parent):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
