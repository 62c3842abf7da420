"""What a process may do with a database, and how long it waits for it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Access(Enum):
    """What a command does with the database."""

    READ = "read"
    """Reads alone: nothing is created or changed, a read-only file or folder is enough."""
    WRITE = "write"
    """Reads and writes what is there."""
    CREATE = "create"
    """Also makes an SQLite file that is missing."""


@dataclass(frozen=True, slots=True)
class AccessLimits:
    """How long the database may take; all in seconds.

    Attributes:
        connect: for a connection to be made.
        statement: for one statement of PostgreSQL; None is for ever.
        grace: for a server to say that it has cancelled a statement; one that says nothing is given
            up.
        lock: for a lock of another transaction; for SQLite, for the other writer.
        idle: PostgreSQL ends a transaction of a writer that says nothing for so long, so that a
            stopped process holds no locks. None is for ever.
        slow: after so long a log line says that the database takes its time.
        leave: for the call at hand, once the process was asked to leave.
    """

    connect: float = 5.0
    statement: float | None = 30.0
    grace: float = 5.0
    lock: float = 10.0
    idle: float | None = 60.0
    slow: float = 5.0
    leave: float = 5.0
