"""Opens the database: SQLite or PostgreSQL, with transactions that say whether they write."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import sqlalchemy
from sqlalchemy import Connection, Engine, Table, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from intent.model.errors import OperatorError, StoreUnavailable, WrongUse

SAFE_WAL_VERSION = (3, 51, 3)
"""Older SQLite versions can corrupt a database in WAL mode when two connections checkpoint at the
same instant (sqlite.org/wal.html).
"""

# SQLSTATE classes and codes that say *the same transaction may work later*: connection, resources,
# deadlock, serialization, shutdown.
_RETRYABLE_CLASSES = ("08", "40", "53", "57", "58", "55P03")
_DRIVERS = {
    "sqlite": "sqlite",
    "sqlite+pysqlite": "sqlite",
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}
_RETRYABLE_SQLITE = ("locked", "busy", "full", "disk i/o", "unable to open")


class Database:
    """An engine with one way to read and one way to write."""

    def __init__(self, url: str, *, busy_timeout: float = 10.0) -> None:
        """Prepare the engine; nothing is opened yet.

        Args:
            url: an SQLAlchemy URL of SQLite or PostgreSQL.
            busy_timeout: seconds that SQLite waits for another writer.

        Raises:
            OperatorError: the URL names another kind of database or is none.
        """
        self.url = url
        self.engine = _engine(url, busy_timeout)
        self.dialect = self.engine.dialect.name
        self._writer = self.engine.execution_options(write=True)

    @property
    def place(self) -> str:
        """The URL for people: its password is hidden."""
        return shown_url(self.url)

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """Open a write transaction.

        Raises:
            StoreUnavailable: the database is away, locked or full; the whole block may be run
                again.
        """
        with translated(), self._writer.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a read transaction: one consistent view, which blocks no writer.

        Raises:
            StoreUnavailable: the database is away.
        """
        with translated(), self.engine.connect() as connection:
            if self.dialect == "postgresql":
                connection = connection.execution_options(
                    isolation_level="REPEATABLE READ", postgresql_readonly=True
                )
            with connection.begin():
                yield connection

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def shown_url(url: str) -> str:
    """Return a database URL with its password hidden."""
    try:
        return sqlalchemy.make_url(url).render_as_string(hide_password=True)
    except ArgumentError:
        return "(no database URL)"


@contextmanager
def translated() -> Iterator[None]:
    """Turn the driver's errors that another try may cure into :class:`StoreUnavailable`; all others
    are defects and pass.
    """
    try:
        yield
    except PoolTimeout as error:
        raise StoreUnavailable("no database connection became free in time") from error
    except DBAPIError as error:
        if _may_pass(error):
            raise StoreUnavailable(_first_line(error.orig)) from error
        if "invalid connection option" in str(error.orig):
            raise WrongUse(
                f"INTENT_DATABASE_URL has an option that the driver does not know "
                f"({_first_line(error.orig)})"
            ) from error
        if "readonly" in str(error.orig).lower():
            raise OperatorError(
                f"the database is read-only ({_first_line(error.orig)}); make its file and folder "
                "writable"
            ) from error
        if "not a database" in str(error.orig).lower() or "malformed" in str(error.orig).lower():
            raise OperatorError(
                f"the file is no healthy SQLite database ({_first_line(error.orig)}); restore it, "
                "or give another INTENT_DATABASE_URL"
            ) from error
        raise


def insert_for(transaction: Connection, target: Table) -> sqlite.Insert | postgresql.Insert:
    """Return the dialect's own INSERT, which knows ON CONFLICT."""
    return (
        postgresql.insert(target)
        if transaction.dialect.name == "postgresql"
        else sqlite.insert(target)
    )


def _first_line(error: BaseException | None) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]


def _may_pass(error: DBAPIError) -> bool:
    if error.connection_invalidated:
        return True
    state = getattr(error.orig, "sqlstate", None)
    if state:
        return str(state).startswith(_RETRYABLE_CLASSES)
    text = str(error.orig).lower()
    if isinstance(error, OperationalError):
        # PostgreSQL's driver gives no state for what fails before or between statements: host,
        # connection, server.
        return any(word in text for word in _RETRYABLE_SQLITE) or _is_psycopg(error)
    return False


def _is_psycopg(error: DBAPIError) -> bool:
    return type(error.orig).__module__.startswith("psycopg")


def _engine(url: str, busy_timeout: float) -> Engine:
    try:
        parsed = sqlalchemy.make_url(url)
    except (ArgumentError, ValueError) as error:
        raise WrongUse(
            "INTENT_DATABASE_URL is no database URL; use sqlite:///intent.db or "
            "postgresql+psycopg://user@host/name"
        ) from error
    if parsed.drivername not in _DRIVERS:
        raise WrongUse(
            f"{parsed.drivername} is not supported; use sqlite:///intent.db or "
            "postgresql+psycopg://user@host/name"
        )
    parsed = parsed.set(drivername=_DRIVERS[parsed.drivername])
    try:
        if parsed.get_backend_name() == "sqlite":
            return _sqlite(parsed, busy_timeout)
        # In UTC, because the driver cannot hold what lies beyond year 9999 in a server's own zone.
        options = {"connect_timeout": 5, "options": "-c timezone=UTC"}
        return sqlalchemy.create_engine(
            parsed, pool_pre_ping=True, pool_size=5, connect_args=options, hide_parameters=True
        )
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        raise OperatorError(
            f"the driver of {parsed.drivername} is not installed; run: pip install "
            "'lead-intent[postgresql]'"
        ) from error


def sqlite_module() -> ModuleType:
    """Return the newest SQLite at hand: the bundled wheel where it is installed, else Python's
    own.
    """
    try:
        # optional: has no wheel on some platforms
        import pysqlite3.dbapi2 as bundled  # noqa: PLC0415
    except ImportError:
        return sqlite3
    return bundled if bundled.sqlite_version_info > sqlite3.sqlite_version_info else sqlite3


def _sqlite(url: sqlalchemy.URL, busy_timeout: float) -> Engine:
    module = sqlite_module()
    in_memory = url.database in (None, "", ":memory:")
    options: dict[str, Any] = {"poolclass": sqlalchemy.StaticPool} if in_memory else {}
    engine = sqlalchemy.create_engine(
        url,
        module=module,
        hide_parameters=True,
        connect_args={"check_same_thread": False, "timeout": busy_timeout},
        **options,
    )
    journal = "WAL" if module.sqlite_version_info >= SAFE_WAL_VERSION else "TRUNCATE"

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the begin event below speaks for itself
        for pragma in (
            f"journal_mode={journal}",
            "synchronous=FULL",
            "foreign_keys=ON",
            f"busy_timeout={int(busy_timeout * 1000)}",
        ):
            connection.execute(f"PRAGMA {pragma}").fetchall()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A transaction that starts by reading and then writes can fail at once with "locked"; so
        # writers say so at the start.
        connection.exec_driver_sql(
            "BEGIN IMMEDIATE" if connection.get_execution_options().get("write") else "BEGIN"
        )

    return engine
