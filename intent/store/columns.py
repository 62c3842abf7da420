"""What all tables share: names, kinds of columns, and the database's clock."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, Integer, MetaData, String, TypeDecorator
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

INTENTS = (
    "purchase_intent",
    "price_inquiry",
    "availability_inquiry",
    "product_inquiry",
    "shipping_inquiry",
    "appointment_booking",
    "contact_request",
    "quote_request",
    "store_location",
    "objection",
    "customer_support",
    "spam",
    "chatter",
)
"""The intents that have a column; a test holds them against the taxonomy, and a new one needs a
migration.
"""

MILLION = 1_000_000
"""Probabilities are stored in integer millionths, so that their sums are exact."""


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: ``timestamptz`` on PostgreSQL, ISO text in UTC on SQLite; always an aware UTC
    value in Python.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive values: nobody could say when they are."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive time cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Return an aware UTC value."""
        if value is None:
            return None
        result: datetime = (
            value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        )
        return result


# named like SQLAlchemy's own functions
class database_now(FunctionElement[datetime]):  # noqa: N801
    """The database's clock at the moment of the statement, not of the transaction's begin."""

    type = UtcDateTime()
    inherit_cache = True


@compiles(database_now, "sqlite")
def _sqlite_now(element: database_now, compiler: Any, **_: Any) -> str:
    # SQLite counts milliseconds; SQLAlchemy reads the fraction as microseconds, hence the zeros.
    return "(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000')"


@compiles(database_now, "postgresql")
def _postgresql_now(element: database_now, compiler: Any, **_: Any) -> str:
    return "clock_timestamp()"


# named like SQLAlchemy's own functions
class writer_number(FunctionElement[int]):  # noqa: N801
    """The number of the transaction that writes: PostgreSQL's, which never comes again; 0 on
    SQLite.
    """

    type = BigInteger()
    inherit_cache = True


@compiles(writer_number, "sqlite")
def _sqlite_writer(element: writer_number, compiler: Any, **_: Any) -> str:
    return "0"


@compiles(writer_number, "postgresql")
def _postgresql_writer(element: writer_number, compiler: Any, **_: Any) -> str:
    return "(pg_current_xact_id()::text::bigint)"


metadata = MetaData(naming_convention=NAMING)

Serial = BigInteger().with_variant(Integer, "sqlite")
Key = String(200)
