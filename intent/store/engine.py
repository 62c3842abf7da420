"""Opens the database: SQLite or PostgreSQL, with transactions that say whether they write."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import sqlalchemy
from sqlalchemy import Connection, Engine, Table, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError

from intent.model.errors import OperatorError
from intent.store.access import Access, AccessLimits
from intent.store.address import read_address, shown_url
from intent.store.driver_errors import translated
from intent.store.sqlite import sqlite_engine, sqlite_file, within


class Database:
    """An engine with one way to read and one way to write."""

    def __init__(
        self,
        url: str,
        *,
        access: Access = Access.CREATE,
        limits: AccessLimits | None = None,
        schema: str | None = None,
    ) -> None:
        """Prepare the engine; nothing is opened yet.

        Args:
            url: an SQLAlchemy URL of SQLite or PostgreSQL.
            access: what may be done with it.
            limits: how long it may take.
            schema: PostgreSQL's schema that holds the tables; by default what the server says.

        Raises:
            OperatorError: the URL names another kind of database or is none.
        """
        self.url, self.access, self.schema = url, access, schema
        self.limits = limits or AccessLimits()
        self.revision: str | None = None
        """The migration that was found when the database was opened; None where nobody looked."""
        self._stop: Event | None = None
        address = read_address(url)
        self.dialect = address.get_backend_name()
        self.file: Path | None = sqlite_file(address) if self.dialect == "sqlite" else None
        self.engine = self._engine(address)
        # SQLite takes its log and shared memory away when the last connection is closed in order.
        weakref.finalize(self, self.engine.dispose)
        self._writer = self.engine.execution_options(write=True)

    def _engine(self, address: sqlalchemy.URL) -> Engine:
        if self.dialect == "sqlite":
            return sqlite_engine(address, self.access, self.limits.lock)
        try:
            # optional: an extra
            from intent.store.postgresql import postgresql_engine  # noqa: PLC0415
        except ModuleNotFoundError as error:
            raise OperatorError(
                f"the driver of {address.drivername} is not installed; run: pip install "
                "'lead-intent[postgresql]'"
            ) from error
        return postgresql_engine(
            address, self.access, self.limits, schema=self.schema, leaving=self._is_leaving
        )

    def _is_leaving(self) -> bool:
        return self._stop is not None and self._stop.is_set()

    @property
    def place(self) -> str:
        """The URL for people: its password is hidden."""
        return shown_url(self.url)

    def leave_with(self, stop: Event) -> None:
        """Let a call that is not answered end soon after ``stop`` is set."""
        self._stop = stop

    @contextmanager
    def begin(self, *, patient: bool = False) -> Iterator[Connection]:
        """Open a write transaction.

        Args:
            patient: its statements may take as long as they need, such as those of a migration.

        Raises:
            StoreUnavailable: the database is away, locked, full or takes no writes; the whole block
                may be run again.
            OperatorError: the role, the file or the tables are not as they must be.
        """
        if self.access is Access.READ:
            raise RuntimeError("the database was opened for reading")
        with self._explained(), self._writer.begin() as connection, ExitStack() as limits:
            if patient:
                limits.enter_context(self._without_limit(connection))
            yield connection

    @contextmanager
    def read(self, *, most: float | None = None) -> Iterator[Connection]:
        """Open a read transaction: one consistent view, which blocks no writer.

        Args:
            most: seconds that all of it may take; None for the limits of each statement.

        Raises:
            StoreUnavailable: the database is away.
            OperatorError: the role, the file or the tables are not as they must be.
        """
        with self._explained(), self.engine.connect() as connection:
            if self.dialect == "postgresql":
                connection = connection.execution_options(
                    isolation_level="REPEATABLE READ", postgresql_readonly=True
                )
            with connection.begin(), ExitStack() as limits:
                if most is not None:
                    limits.enter_context(self._within(connection, most))
                yield connection

    def cut_log(self) -> bool | None:
        """Bring SQLite's log into the file and cut it, so that nothing that was deleted stands in
        it; False while somebody reads what stands there. None for PostgreSQL, which keeps its log
        by its own rules.

        Raises:
            StoreUnavailable: the database is away.
        """
        if self.dialect != "sqlite" or self.file is None:
            return None
        with self._explained(), self.engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            # Whoever asks decides how long to wait for a reader, and for a writer nobody does.
            (patience,) = driver.execute("PRAGMA busy_timeout").fetchone()
            driver.execute("PRAGMA busy_timeout=0")
            try:
                busy, _, _ = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            finally:
                driver.execute(f"PRAGMA busy_timeout={patience}")
            return not busy

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            with translated():
                yield
        except DBAPIError as error:
            # Whatever it is: tables that were migrated under a running process explain it.
            if self.revision is None or (held := self._held_revision()) in (None, self.revision):
                raise
            raise OperatorError(
                f"the database was brought from migration {self.revision} to {held} while this "
                "process ran; start the version that belongs to it"
            ) from error

    def _held_revision(self) -> str | None:
        try:
            with self.engine.connect() as connection:
                return str(connection.scalar(text("SELECT version_num FROM alembic_version")))
        except DBAPIError:
            return None

    def _within(self, connection: Connection, seconds: float) -> AbstractContextManager[None]:
        driver: Any = connection.connection.driver_connection
        if self.dialect == "sqlite":
            return within(driver, seconds)
        bounded: AbstractContextManager[None] = driver.within(seconds)
        return bounded

    @contextmanager
    def _without_limit(self, connection: Connection) -> Iterator[None]:
        if self.dialect == "sqlite":
            yield
            return
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        driver: Any = connection.connection.driver_connection
        before, driver.most = driver.most, None
        try:
            yield
        finally:
            driver.most = before


def insert_for(transaction: Connection, target: Table) -> sqlite.Insert | postgresql.Insert:
    """Return the dialect's own INSERT, which knows ON CONFLICT."""
    return insert_in(transaction.dialect.name, target)


def insert_in(dialect: str, target: Table) -> sqlite.Insert | postgresql.Insert:
    """Return the INSERT of a dialect, for a statement that is made once."""
    return postgresql.insert(target) if dialect == "postgresql" else sqlite.insert(target)
