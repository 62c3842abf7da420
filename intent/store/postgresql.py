"""Connects to PostgreSQL: settings of the URL stand, and no call waits for ever."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from time import monotonic
from typing import Any, TypeVar

import psycopg
import sqlalchemy
from psycopg.pq import Conninfo
from sqlalchemy import Engine, event

from intent.model.errors import OperatorError, WrongUse
from intent.store.access import Access, AccessLimits
from intent.store.driver_errors import takes_no_writes
from intent.telemetry import logger

T = TypeVar("T")

_KEEPALIVES = {
    "keepalives": "1",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "20000",
}
"""A peer that vanished is noticed within some 25 seconds, by the kernel."""

_CHOSEN = ("client", "user", "database", "database user", "session", "interactive")
"""Sources of a setting that say that somebody chose it for this connection: the URL, PGOPTIONS, the
role or the database.
"""


class BoundedConnection(psycopg.Connection[Any]):
    """A connection on which every call ends: it is answered, or closed when its time is over.

    A keepalive notices a host that vanished, a statement timeout is kept by a server that works.
    Neither helps against a server that is stopped or a proxy that forwards nothing: so the client
    looks at its own clock, too. Signals are handled between two looks.
    """

    limits: AccessLimits = AccessLimits()
    most: float | None = None
    until: float | None = None
    leaving: Callable[[], bool] = staticmethod(lambda: False)

    def wait(self, gen: Generator[Any, Any, T], *args: Any, **kwargs: Any) -> T:
        """Wait for an answer, as :class:`psycopg.Connection` does, but not for ever.

        Raises:
            psycopg.OperationalError: there was none in time; the connection is closed.
        """
        return super().wait(self._watched(gen), *args, **kwargs)

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Give up whatever is not answered once so many seconds are over."""
        self.until = monotonic() + seconds
        try:
            yield
        finally:
            self.until = None

    def _watched(self, gen: Generator[Any, Any, T]) -> Generator[Any, Any, T]:
        started, told, asked_to_leave, ready = monotonic(), False, None, None
        while True:
            try:
                wanted = gen.send(ready)
            except StopIteration as answered:
                return answered.value  # type: ignore[no-any-return]
            ready = yield wanted
            if ready:
                continue
            now = monotonic()
            if self.until is not None and now > self.until:
                self._give_up("the database did not answer in the time that was left")
            if asked_to_leave is None and self.leaving():
                asked_to_leave = now
            if self.most is not None and now - started > self.most:
                self._give_up(f"the database did not answer within {now - started:.0f} s")
            if asked_to_leave is not None and now - asked_to_leave > self.limits.leave:
                self._give_up("the database did not answer before we had to leave")
            if not told and now - started > self.limits.slow:
                told = True
                logger("store").warning("the database takes long", seconds=round(now - started, 1))

    def _give_up(self, text: str) -> None:
        self.pgconn.finish()
        raise psycopg.OperationalError(text)


def postgresql_engine(
    url: sqlalchemy.URL,
    access: Access,
    limits: AccessLimits,
    *,
    schema: str | None,
    leaving: Callable[[], bool],
) -> Engine:
    """Prepare an engine; nothing is opened yet.

    Args:
        leaving: whether the process was asked to leave.

    Raises:
        WrongUse: the URL has an option that the driver does not know.
    """
    url, threshold = _without_threshold(url)
    _require_known(url.query)
    engine = sqlalchemy.create_engine(
        url,
        pool_pre_ping=True,
        pool_size=5,
        hide_parameters=True,
        connect_args={**_defaults(url.query, limits), **threshold},
    )

    @event.listens_for(engine, "do_connect")
    def _connect(_dialect: Any, _record: Any, arguments: Any, named: dict[str, Any]) -> Any:
        connection = BoundedConnection.connect(*arguments, **named)
        try:
            _prepare(connection, access, limits, schema)
        except BaseException:
            connection.close()
            raise
        connection.leaving = leaving
        return connection

    event.listen(engine, "do_executemany", _copied_in)

    @event.listens_for(engine, "handle_error")
    def _failed_over(context: Any) -> None:
        # Connections to what is a standby now are of no use: the next ones may find the primary.
        if takes_no_writes(context.original_exception):
            context.is_disconnect = True

    return engine


def _copied_in(cursor: Any, statement: str, rows: Any, _context: Any) -> bool:
    """Copy rows in, where a statement says so; False leaves it to the engine."""
    if not statement.startswith("COPY "):
        return False
    with cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
    return True


def _require_known(query: Mapping[str, Any]) -> None:
    known = {option.keyword.decode() for option in Conninfo.get_defaults()}
    for name in query:
        if name not in known:
            raise WrongUse(
                f"INTENT_DATABASE_URL has an option that the driver does not know ({name})"
            )


def _defaults(query: Mapping[str, Any], limits: AccessLimits) -> dict[str, str]:
    chosen = dict(_KEEPALIVES)
    if "PGCONNECT_TIMEOUT" not in os.environ:
        chosen["connect_timeout"] = str(max(2, round(limits.connect)))
    return {name: value for name, value in chosen.items() if name not in query}


def _without_threshold(url: sqlalchemy.URL) -> tuple[sqlalchemy.URL, dict[str, int | None]]:
    # Not libpq's but psycopg's: after how many times a statement is prepared; poolers want none.
    text = url.query.get("prepare_threshold")
    if text is None:
        return url, {}
    if text == "none":
        return url.difference_update_query(["prepare_threshold"]), {"prepare_threshold": None}
    if not isinstance(text, str) or not text.isdecimal() or not text.isascii():
        raise WrongUse(
            "INTENT_DATABASE_URL has a prepare_threshold that is no number; use none, 0, 1, 2 …"
        )
    return url.difference_update_query(["prepare_threshold"]), {"prepare_threshold": int(text)}


def _prepare(
    connection: BoundedConnection, access: Access, limits: AccessLimits, schema: str | None
) -> None:
    """Set what we need after connecting, since poolers refuse options at the start."""
    connection.limits = limits
    connection.most = limits.connect + limits.grace
    encoding = connection.info.parameter_status("server_encoding")
    if encoding not in (None, "UTF8"):
        raise OperatorError(
            f"the database's encoding is {encoding}, which cannot hold every language; make "
            "another one with: CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0"
        )
    connection.autocommit = True
    wanted = _limits(access, limits)
    rows = connection.execute(
        "SELECT name, source, setting FROM pg_settings WHERE name = ANY(%s)",
        [list(wanted)],
        prepare=False,
    ).fetchall()
    chosen = {name: int(setting) for name, source, setting in rows if source in _CHOSEN}
    values = {name: value for name, value in wanted.items() if name not in chosen}
    # In UTC, because the driver cannot hold what lies beyond year 9999 in a server's own zone.
    values |= {"TimeZone": "UTC", "client_encoding": "UTF8"}
    if schema:
        values["search_path"] = '"' + schema.replace('"', '""') + '"'
    calls = ", ".join(["set_config(%s, %s, false)"] * len(values))
    pairs = [part for pair in values.items() for part in pair]
    connection.execute(f"SELECT {calls}".encode(), pairs, prepare=False)
    connection.autocommit = False
    statement = chosen.get("statement_timeout", round(1000 * (limits.statement or 0)))
    connection.most = statement / 1000 + limits.grace if statement else None


def _limits(access: Access, limits: AccessLimits) -> dict[str, str]:
    seconds = {"statement_timeout": limits.statement, "lock_timeout": limits.lock}
    if access is not Access.READ:
        seconds["idle_in_transaction_session_timeout"] = limits.idle
    return {name: str(round(1000 * (value or 0))) for name, value in seconds.items()}
