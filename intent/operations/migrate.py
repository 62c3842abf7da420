"""Brings a database to the newest migration, or to another one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from intent.store.engine import Database
from intent.store.migrate import migrate as run_migrations


@dataclass(frozen=True, slots=True)
class Migrated:
    """The migrations before and after; None for a database without tables of ours."""

    before: str | None
    after: str | None


def migrate(database: Database, scripts: Path, to: str = "head") -> Migrated:
    """Run migrations up or down to ``to``.

    Raises:
        OperatorError: the database is newer than this installation.
        StoreUnavailable: the database is away or locked.
        WrongUse: there is no such migration.
    """
    return Migrated(*run_migrations(database, scripts, to))
