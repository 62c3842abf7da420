"""Writes many rows at once. On PostgreSQL what is new is copied in, and what may be known or is
changed comes as an array for each column, in a statement that does not grow with them.

A statement with a parameter for every value of every row is put together, sent and parsed anew by
the driver and by the server; for a batch of decisions that was most of the work.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Column, Connection, String, Table, bindparam, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import IntegrityError
from sqlalchemy.types import TypeEngine

from intent.store.column_text import array_text, plain_values
from intent.store.engine import insert_in

Rows = Sequence[Mapping[str, Any]]

MANY = 8
"""Fewer rows are written the plain way: to put an array for every column together takes longer."""


def insert_unless_known(
    transaction: Connection, target: Table, rows: Rows, returning: Sequence[Column[Any]]
) -> list[tuple[Any, ...]]:
    """Insert rows of equal keys, leave alone what conflicts, and return columns of what was
    inserted.
    """
    if _is_plain(transaction, rows):
        known = _unless_known(transaction.dialect.name, target, tuple(returning))
        return [tuple(row) for row in transaction.execute(known, list(rows))]
    names = tuple(rows[0])
    wanted = ", ".join(column.name for column in returning)
    several = f"{_insert_arrays(target, names)} ON CONFLICT DO NOTHING RETURNING {wanted}"
    return [tuple(row) for row in transaction.exec_driver_sql(several, _arrays(target, rows))]


def insert_new(
    transaction: Connection, target: Table, rows: Rows, returning: Sequence[Column[Any]]
) -> list[tuple[Any, ...]]:
    """Do what :func:`insert_unless_known` does, for rows of which hardly any conflicts: they are
    copied in, and only if one of them is known they come as arrays. The table numbers its rows.
    """
    if _is_plain(transaction, rows):
        return insert_unless_known(transaction, target, rows, returning)
    numbers = transaction.exec_driver_sql(
        f"SELECT nextval('{target.name}_id_seq') FROM generate_series(1, %s)", (len(rows),)
    ).scalars()
    numbered = [{"id": number, **row} for number, row in zip(numbers, rows, strict=True)]
    try:
        with transaction.begin_nested():
            _copy(transaction, target, numbered)
    except IntegrityError:
        return insert_unless_known(transaction, target, rows, returning)
    return [tuple(row[column.name] for column in returning) for row in numbered]


def insert_all(transaction: Connection, target: Table, rows: Rows) -> None:
    """Insert rows of equal keys, none of which is known."""
    if _is_plain(transaction, rows):
        transaction.execute(target.insert(), list(rows))
    else:
        _copy(transaction, target, rows)


def upsert(transaction: Connection, target: Table, key: Sequence[str], rows: Rows) -> None:
    """Insert rows of equal keys; of one that is known by ``key`` write the other columns."""
    names = tuple(rows[0])
    written = tuple(name for name in names if name not in key)
    if _is_plain(transaction, rows):
        statement = _upsert(transaction.dialect.name, target, tuple(key), written)
        transaction.execute(statement, list(rows))
        return
    news = ", ".join(f"{name} = EXCLUDED.{name}" for name in written)
    known = f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {news}"
    several = f"{_insert_arrays(target, names)} {known}"
    transaction.exec_driver_sql(several, _arrays(target, rows))


def update_by_key(transaction: Connection, target: Table, key: str, rows: Rows) -> None:
    """Write the other columns of rows that are there, on PostgreSQL; they are locked already."""
    names = tuple(rows[0])
    if _is_plain(transaction, rows):
        plain = update(target).where(target.c[key] == bindparam(f"of_{key}"))
        values: dict[str, Any] = {name: bindparam(name) for name in names if name != key}
        transaction.execute(plain.values(values), [{f"of_{key}": row[key], **row} for row in rows])
        return
    transaction.exec_driver_sql(_update_arrays(target, key, names), _arrays(target, rows))


def _is_plain(transaction: Connection, rows: Rows) -> bool:
    return transaction.dialect.name != "postgresql" or len(rows) < MANY


@cache
def _unless_known(dialect: str, target: Table, returning: tuple[Column[Any], ...]) -> Any:
    return insert_in(dialect, target).on_conflict_do_nothing().returning(*returning)


@cache
def _upsert(dialect: str, target: Table, key: tuple[str, ...], written: tuple[str, ...]) -> Any:
    statement = insert_in(dialect, target)
    news = {name: statement.excluded[name] for name in written}
    return statement.on_conflict_do_update(index_elements=list(key), set_=news)


@cache
def _insert_arrays(target: Table, names: tuple[str, ...]) -> str:
    return f"INSERT INTO {target.name} ({', '.join(names)}) SELECT * FROM {_given(target, names)}"


@cache
def _update_arrays(target: Table, key: str, names: tuple[str, ...]) -> str:
    written = ", ".join(f"{name} = given.{name}" for name in names if name != key)
    given = f"{_given(target, names)} AS given ({', '.join(names)})"
    return (
        f"UPDATE {target.name} SET {written} FROM {given} WHERE {target.name}.{key} = given.{key}"
    )


def _given(target: Table, names: Sequence[str]) -> str:
    kinds = [_kind(target.c[name].type) for name in names]
    return f"unnest({', '.join(f'CAST(%s AS {kind}[])' for kind in kinds)})"


def _kind(column: TypeEngine[Any]) -> str:
    # Without a length: a cast would cut what is too long, where an insert refuses it.
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    return "TEXT" if isinstance(column, String) else column.compile(dialect)


def _arrays(target: Table, rows: Rows) -> tuple[str, ...]:
    return tuple(array_text(target.c[name].type, [row[name] for row in rows]) for name in rows[0])


def _copy(transaction: Connection, target: Table, rows: Rows) -> None:
    names = list(rows[0])
    columns = [plain_values(target.c[name].type, [row[name] for row in rows]) for name in names]
    # The engine hands it to the driver as what is copied.
    transaction.exec_driver_sql(
        f"COPY {target.name} ({', '.join(names)}) FROM STDIN", list(zip(*columns, strict=True))
    )
