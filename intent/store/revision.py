"""At which migration a database is, and whether that is the newest: told without the machinery that
migrates, which takes long to load.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, column, inspect, select, table

from intent.model.errors import OperatorError
from intent.store.engine import Database

_VERSION = table("alembic_version", column("version_num"))


def current_revision(database: Database) -> str | None:
    """Return the migration that the database is at; None for a fresh one."""
    with database.read() as connection:
        return read_revision(connection)


def read_revision(connection: Connection) -> str | None:
    """Return the same, in an open transaction."""
    if not inspect(connection).has_table(_VERSION.name):
        return None
    return connection.execute(select(_VERSION.c.version_num)).scalar_one_or_none()


def is_empty(database: Database) -> bool:
    """Whether the database holds no table at all."""
    with database.read() as connection:
        return not inspect(connection).get_table_names()


def require_newest(database: Database, scripts: Path) -> str:
    """Return the newest migration, if the database is there.

    Args:
        scripts: the folder of the migrations; their files are numbered in order.

    Raises:
        OperatorError: it is not; the text gives the command to run.
    """
    current = current_revision(database)
    known = known_migrations(scripts)
    newest = known[-1]
    if current is not None and current == newest:
        return current
    if current is None:
        raise OperatorError("the database has no tables of ours yet; run: intent migrate")
    if current in known:
        raise OperatorError(
            f"the database is at migration {current}, this installation needs {newest}; run: "
            "intent migrate"
        )
    raise OperatorError(
        f"the database is at migration {current}, which this installation does not know; install "
        "the newer version that wrote it"
    )


def known_migrations(scripts: Path) -> list[str]:
    """Return the numbers of the migrations that this installation knows, in order."""
    return sorted(path.name.partition("_")[0] for path in (scripts / "versions").glob("*.py"))
