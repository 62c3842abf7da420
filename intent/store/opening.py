"""Opens the database for a command: made where it may be, refused where its tables do not fit."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from intent.model.errors import IntentError, OperatorError, StoreUnavailable
from intent.store.access import Access, AccessLimits
from intent.store.engine import Database
from intent.store.revision import is_empty, require_newest


def open_store(
    url: str,
    access: Access,
    scripts: Path,
    *,
    make: Callable[[Database], str | None],
    limits: AccessLimits | None = None,
    schema: str | None = None,
    checked: bool = True,
) -> Database:
    """Open a database; with :attr:`Access.CREATE` a missing SQLite file is made and migrated.

    Args:
        url: an SQLAlchemy URL of SQLite or PostgreSQL.
        scripts: the folder of the migrations.
        make: migrates a fresh database, and returns its migration.
        limits: how long the database may take.
        schema: PostgreSQL's schema that holds the tables; by default what the server says.
        checked: refuse a database that is not at the newest migration.

    Raises:
        OperatorError: the URL is wrong, there is no such file, it cannot be made, or its migration
            does not fit.
        StoreUnavailable: the database is away.
    """
    database = Database(url, access=access, limits=limits, schema=schema)
    _require_place(database)
    revision = None
    try:
        if access is Access.CREATE and database.dialect == "sqlite" and is_empty(database):
            revision = make(database)
        elif checked:
            revision = require_newest(database, scripts)
    except IntentError as error:
        database.close()
        if not isinstance(error, StoreUnavailable):
            raise
        remedy = "start it" if database.file is None else "make its folder writable"
        raise StoreUnavailable(
            f"the database {database.place} cannot be opened ({error}); {remedy}, or set "
            "INTENT_DATABASE_URL"
        ) from error
    if access is Access.CREATE and database.file is not None:
        # A file that is taken away from now on is an outage, and no reason to begin anew.
        database.close()
        database = Database(url, access=Access.WRITE, limits=limits, schema=schema)
    database.revision = revision
    return database


def _require_place(database: Database) -> None:
    file = database.file
    if file is None:
        return
    if not file.absolute().parent.is_dir():
        raise OperatorError(
            f"the folder of the database {file} does not exist; create it, or give another "
            "INTENT_DATABASE_URL"
        )
    if file.exists():
        return
    if database.access is Access.CREATE and not os.access(file.absolute().parent, os.W_OK):
        raise OperatorError(
            f"the database {file} is not there, and its folder is read-only; make it writable, or "
            "give another INTENT_DATABASE_URL"
        )
    if database.access is not Access.CREATE:
        raise OperatorError(
            f"there is no database {file}; intent ingest and intent listen make one, and "
            "INTENT_DATABASE_URL names another one"
        )
