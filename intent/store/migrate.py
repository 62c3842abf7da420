"""Brings a database to the newest migration, or to another one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect
from sqlalchemy.schema import CreateSchema

from intent.model.errors import OperatorError, WrongUse
from intent.store.engine import Database
from intent.store.revision import current_revision

_LOCK = 7_238_914_402
"""Number of the advisory lock under which migrations run on PostgreSQL; any number that nobody else
uses would do.
"""


def migrate(
    database: Database,
    scripts: Path,
    revision: str = "head",
    *,
    recount: Callable[[Connection], object] = lambda transaction: None,
) -> tuple[str | None, str | None]:
    """Run migrations up to ``revision`` (or down to it), and return the revisions before and after.

    Args:
        recount: counts feature state anew; called in the same transaction where a migration that
            was run needs it, so that nobody finds tables and counts that do not belong together.

    Raises:
        OperatorError: the database is newer than this installation.
        StoreUnavailable: the database is away or locked.
    """
    before = current_revision(database)
    directory = ScriptDirectory.from_config(_config(scripts))
    known = {script.revision for script in directory.walk_revisions()}
    if before is not None and before not in known:
        raise OperatorError(
            f"the database is at migration {before}, which this installation does not know; "
            "install the newer version that wrote it"
        )
    config = _config(scripts)
    if revision not in known | {"head", "base"}:
        raise WrongUse(
            f"{revision!r} is no migration; use head, base, or one of: {', '.join(sorted(known))}"
        )
    with database.begin(patient=True) as connection:
        if database.dialect == "postgresql":
            connection.exec_driver_sql(
                f"SELECT pg_advisory_xact_lock({_LOCK})"
            )  # a second one waits, and finds nothing left to do
            _make_schema(connection, database.schema)
        config.attributes["connection"] = connection
        down = revision == "base" or (
            revision in known and before is not None and _is_older(directory, revision, before)
        )
        held = MigrationContext.configure(connection).get_current_revision()
        (command.downgrade if down else command.upgrade)(config, revision)
        if not down and held is not None and _needs_recount(directory, connection, held):
            recount(connection)
    return before, current_revision(database)


def _needs_recount(directory: ScriptDirectory, connection: Connection, before: str) -> bool:
    after = MigrationContext.configure(connection).get_current_revision()
    if after != directory.get_current_head() or after == before:
        return False
    scripts = directory.iterate_revisions(after, before)
    return any(getattr(script.module, "recounts", False) for script in scripts)


def _make_schema(connection: Connection, schema: str | None) -> None:
    # Asked for first: to create what exists already needs a right that a role may not have.
    if schema and schema not in inspect(connection).get_schema_names():
        connection.execute(CreateSchema(schema))


def _is_older(directory: ScriptDirectory, revision: str, than: str) -> bool:
    return revision != than and revision in {
        script.revision for script in directory.iterate_revisions(than, "base")
    }


def _config(scripts: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    return config
