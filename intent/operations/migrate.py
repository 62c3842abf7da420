"""Brings a database to the newest migration, or to another one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from intent.features.online.state import SqlFeatureState
from intent.store.engine import Database
from intent.store.migrate import migrate as run_migrations


@dataclass(frozen=True, slots=True)
class Migrated:
    """The migrations before and after; None for a database without tables of ours.

    Attributes:
        recounted: decisions that were counted anew as features, because a migration needed it;
            None where none did.
    """

    before: str | None
    after: str | None
    recounted: int | None = None


def migrate(
    database: Database, scripts: Path, to: str = "head", *, features: SqlFeatureState
) -> Migrated:
    """Run migrations up or down to ``to``; what the features count is counted anew where that is
    needed, in the same transaction.

    Raises:
        OperatorError: the database is newer than this installation.
        StoreUnavailable: the database is away or locked.
        WrongUse: there is no such migration.
    """
    recounted: list[int] = []
    before, after = run_migrations(
        database,
        scripts,
        to,
        recount=lambda transaction: recounted.append(features.rebuild(transaction)),
    )
    return Migrated(before, after, recounted[-1] if recounted else None)
