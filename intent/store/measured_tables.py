"""Has PostgreSQL look at tables, so that it knows how to read them."""

from __future__ import annotations

from sqlalchemy import Table, text

from intent.store.engine import Database


def measure_tables(database: Database, *tables: Table) -> None:
    """Have PostgreSQL look at tables that were just filled, or are much worked on now. Of those
    that nobody has looked at it thinks that they are small, and reads them whole, or by the first
    index that comes; by itself it looks at them within a minute.

    Raises:
        StoreUnavailable: the database is away.
    """
    if database.dialect != "postgresql":
        return
    names = ", ".join(table.name for table in tables)
    with database.begin() as transaction:
        transaction.execute(text(f"ANALYZE (SKIP_LOCKED) {names}"))
