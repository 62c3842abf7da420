"""Opens SQLite files: for reading without leaving a trace, for writing with one writer a time."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from types import ModuleType
from typing import Any
from urllib.parse import quote, urlencode

import sqlalchemy
from sqlalchemy import Connection, Engine, event

from intent.model.errors import WrongUse
from intent.store.access import Access

SAFE_WAL_VERSION = (3, 51, 3)
"""Older SQLite versions can corrupt a database in WAL mode when two connections checkpoint at the
same instant (sqlite.org/wal.html).
"""

LOOK_EVERY = 10_000
"""Steps of SQLite's machine between two looks at the clock: some tenths of a millisecond."""

_MODES = ("ro", "rw", "rwc")
_MODE_OF = {Access.READ: "ro", Access.WRITE: "rw", Access.CREATE: "rwc"}
_FILE_OPTIONS = ("cache", "immutable", "nolock", "psow", "vfs")
"""Options of a URL that SQLite itself understands (sqlite.org/uri.html), beside ``mode``."""


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


def sqlite_file(url: sqlalchemy.URL) -> Path | None:
    """Return the file that a URL names; None for a database in memory."""
    name = (url.database or "").removeprefix("file:")
    in_memory = name in ("", ":memory:") or url.query.get("mode") == "memory"
    return None if in_memory else Path(name)


def sqlite_engine(url: sqlalchemy.URL, access: Access, busy_timeout: float) -> Engine:
    """Prepare an engine; nothing is opened yet.

    Args:
        busy_timeout: seconds to wait for another writer, where the URL names no ``timeout``.

    Raises:
        WrongUse: the URL has an option that SQLite does not know, or says ``mode=ro`` where
            something is to be written.
    """
    options, file = _options(url), sqlite_file(url)
    mode = _mode(options, access)
    seconds = _seconds(options.get("timeout"), busy_timeout)
    module = sqlite_module()
    engine = sqlalchemy.create_engine(
        url.set(query={}, database=str(file) if file else None),
        module=module,
        hide_parameters=True,
        connect_args={"check_same_thread": False, "timeout": seconds},
        **({} if file else {"poolclass": sqlalchemy.StaticPool}),
    )
    if file:
        kept = {name: options[name] for name in _FILE_OPTIONS if name in options}
        _open_with(engine, file, mode, kept)
    _prepare(engine, module, seconds, writes=access is not Access.READ)
    return engine


def _open_with(engine: Engine, file: Path, mode: str, options: dict[str, str]) -> None:
    @event.listens_for(engine, "do_connect")
    def _connect(_dialect: Any, _record: Any, arguments: Any, named: dict[str, Any]) -> None:
        chosen = {"mode": mode, **options}
        if mode == "ro" and "immutable" not in options:
            chosen |= _trace_free(file)
        # "#", "?" and "%" are letters of a path, and not so in a URI
        name = quote(os.path.abspath(file))  # noqa: PTH100  relative to where we are now
        arguments[0] = f"file:{name}?{urlencode(chosen)}"
        named["uri"] = True

    @event.listens_for(engine, "connect")
    def _only_read(connection: Any, _record: Any) -> None:
        if mode == "ro":
            connection.execute("PRAGMA query_only=ON")


def _trace_free(file: Path) -> dict[str, str]:
    """Return the options with which reading leaves no files behind.

    A reader of a file in WAL mode needs the shared memory beside it. Where a writer has left or
    opened one, ``mode=ro`` reads along. Where there is none, ``mode=ro`` would make it and could
    not take it away again: so it is opened as a writer would, which tidies up, and only queried;
    or, where nothing may be written, as a file that nobody changes.
    """
    # The log is looked for first: who closes a file of SQLite loses the locks that this process has
    # on it, for other connections too (sqlite.org/howtocorrupt.html, 2.2); where one is open, there
    # is a log.
    if Path(f"{file}-wal").exists() or not _is_wal(file):
        return {}
    if _may_write(file) and _may_write(file.absolute().parent):
        return {"mode": "rw"}
    return {"immutable": "1"}


@contextmanager
def within(driver: Any, seconds: float) -> Iterator[None]:
    """Interrupt what runs on a connection of the driver once so many seconds are over; SQLite has
    no timeout for a statement.
    """
    end = monotonic() + seconds
    driver.set_progress_handler(lambda: monotonic() > end, LOOK_EVERY)
    try:
        yield
    finally:
        driver.set_progress_handler(None, 0)


def _may_write(path: Path) -> bool:
    return os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids)


def _is_wal(file: Path) -> bool:
    try:
        with file.open("rb") as opened:
            return opened.read(20)[18:20] == b"\2\2"  # sqlite.org/fileformat.html
    except OSError:
        return False


def _prepare(engine: Engine, module: ModuleType, busy_timeout: float, *, writes: bool) -> None:
    journal = "WAL" if module.sqlite_version_info >= SAFE_WAL_VERSION else "TRUNCATE"
    pragmas = ["foreign_keys=ON", f"busy_timeout={int(busy_timeout * 1000)}"]
    if writes:
        # What is deleted is overwritten, so that who was forgotten stands in no free page.
        pragmas = [f"journal_mode={journal}", "synchronous=FULL", "secure_delete=ON", *pragmas]

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the begin event below speaks for itself
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}").fetchall()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A transaction that starts by reading and then writes can fail at once with "locked"; so
        # writers say so at the start.
        connection.exec_driver_sql(
            "BEGIN IMMEDIATE" if connection.get_execution_options().get("write") else "BEGIN"
        )


def _options(url: sqlalchemy.URL) -> dict[str, str]:
    options = {
        name: value if isinstance(value, str) else value[-1] for name, value in url.query.items()
    }
    known = {"mode", "timeout", "uri", *_FILE_OPTIONS}
    for name in options:
        if name not in known:
            raise WrongUse(
                f"INTENT_DATABASE_URL has an option that SQLite does not know ({name}); use one "
                f"of: {', '.join(sorted(known))}"
            )
    return options


def _mode(options: dict[str, str], access: Access) -> str:
    wanted, given = _MODE_OF[access], options.get("mode", "rwc")
    if given not in (*_MODES, "memory"):
        raise WrongUse(f"INTENT_DATABASE_URL says mode={given}; use one of: {', '.join(_MODES)}")
    if given == "ro" and access is not Access.READ:
        raise WrongUse(
            "INTENT_DATABASE_URL says mode=ro, and this command writes; leave mode=ro out"
        )
    return wanted if given == "memory" else min(wanted, given, key=_MODES.index)


def _seconds(given: str | None, default: float) -> float:
    try:
        seconds = default if given is None else float(given)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 86_400:
        raise WrongUse(
            f"INTENT_DATABASE_URL says timeout={given}; give seconds, such as timeout=10"
        )
    return seconds
