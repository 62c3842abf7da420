"""Turns what the drivers of SQLite and PostgreSQL raise into errors that say who can mend it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from intent.model.errors import IntentError, OperatorError, StoreUnavailable, WrongUse

# SQLSTATE classes and codes that say *the same transaction may work later*: connection, resources,
# deadlock, serialization, shutdown, lock timeout.
_RETRYABLE_STATES = ("08", "40", "53", "57", "58", "55P03")
_RETRYABLE_SQLITE = ("locked", "busy", "full", "disk i/o", "unable to open", "interrupted")
_READ_ONLY_TRANSACTION = "25006"


@dataclass(frozen=True, slots=True)
class _Cause:
    """What an error of the driver means: told by its SQLSTATE, or by words of its text."""

    kind: type[IntentError]
    sentence: str
    states: tuple[str, ...] = ()
    words: tuple[str, ...] = ()

    def fits(self, state: str, text: str) -> bool:
        return state in self.states or any(word in text for word in self.words)


_CAUSES = (
    _Cause(
        WrongUse,
        "INTENT_DATABASE_URL has an option that the driver does not know ({line})",
        words=("invalid connection option", "invalid uri query parameter"),
    ),
    _Cause(
        OperatorError,
        "the database's role may not do this ({line}); grant it what is missing, or give a URL "
        "with another role in INTENT_DATABASE_URL",
        states=("42501",),
    ),
    _Cause(
        OperatorError,
        "the database has no schema to work in ({line}); create it, or name one in "
        "INTENT_DATABASE_SCHEMA",
        states=("3F000",),
    ),
    _Cause(
        OperatorError,
        "the database is read-only ({line}); make its file and folder writable",
        words=("readonly", "read-only"),
    ),
    _Cause(
        OperatorError,
        "the file is no healthy SQLite database ({line}); restore it, or give another "
        "INTENT_DATABASE_URL",
        words=("not a database", "malformed"),
    ),
    _Cause(
        OperatorError,
        "the database's tables are not those that this version needs ({line}); an older database "
        "is brought up with: intent migrate, a newer one needs the version that wrote it",
        states=("42P01", "42703"),
        words=("no such table", "no such column", "has no column named"),
    ),
)


@contextmanager
def translated() -> Iterator[None]:
    """Turn the driver's errors that another try may cure into :class:`StoreUnavailable`, and those
    that a person can mend into :class:`OperatorError`; all others are defects and pass.
    """
    try:
        yield
    except PoolTimeout as error:
        raise StoreUnavailable("no database connection became free in time") from error
    except DBAPIError as error:
        line, state, text = _first_line(error.orig), _state(error), str(error.orig).lower()
        if takes_no_writes(error.orig):
            raise StoreUnavailable(f"the database takes no writes now ({line})") from error
        if _may_pass(error, state, text):
            raise StoreUnavailable(line) from error
        for cause in _CAUSES:
            if cause.fits(state, text):
                raise cause.kind(cause.sentence.format(line=line)) from error
        raise


def takes_no_writes(error: BaseException | None) -> bool:
    """Whether the server refused because it is a standby, or was made read-only.

    After a failover this is an outage as any other: the address leads to the primary again soon.
    """
    return (
        getattr(error, "sqlstate", None) == _READ_ONLY_TRANSACTION
        or "during recovery" in str(error).lower()
    )


def _may_pass(error: DBAPIError, state: str, text: str) -> bool:
    if error.connection_invalidated:
        return True
    if state:
        return state.startswith(_RETRYABLE_STATES)
    if isinstance(error, OperationalError):
        # PostgreSQL's driver gives no state for what fails before or between statements: host,
        # connection, server.
        return any(word in text for word in _RETRYABLE_SQLITE) or _is_psycopg(error)
    return False


def _state(error: DBAPIError) -> str:
    return str(getattr(error.orig, "sqlstate", None) or "")


def _is_psycopg(error: DBAPIError) -> bool:
    return type(error.orig).__module__.startswith("psycopg")


def _first_line(error: BaseException | None) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
