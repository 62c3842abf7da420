"""A process is ready when its database is at the newest migration, and until it is to leave."""

from __future__ import annotations

from threading import Event

import pytest
import sqlalchemy

from intent.bootstrap.application import migrations_dir
from intent.model.errors import OperatorError, StoreUnavailable
from intent.operations.readiness import ReadinessChecks, database_check
from intent.store.engine import Database


def test_reasons_are_told_by_name_and_asked_for_once_a_second() -> None:
    now, said, asked = [100.0], ["too old"], list[int]()

    def check() -> str | None:
        asked.append(1)
        return said[0] or None

    checks = ReadinessChecks({"data": check}, stop=Event(), clock=lambda: now[0])
    assert checks().reasons == {"data": "too old"}
    said[0] = ""
    assert not checks().ready
    now[0] += 1.0
    assert checks().ready
    assert len(asked) == 2


def test_who_is_to_leave_says_so_at_once() -> None:
    stop = Event()
    checks = ReadinessChecks({}, stop=stop)
    assert checks().ready
    stop.set()
    assert checks().reasons == {"process": "was asked to leave"}


def test_a_database_at_the_newest_migration_is_ready(database: Database) -> None:
    check = database_check(lambda: database, migrations_dir())
    assert check() is None
    with database.begin() as transaction:
        transaction.execute(sqlalchemy.text("UPDATE alembic_version SET version_num = '0001'"))
    assert (check() or "").startswith("is at migration 0001, this version needs")


@pytest.mark.parametrize(
    "error",
    [StoreUnavailable("host db.example refused shop@x"), OperatorError("no file secret.db")],
)
def test_a_reason_names_no_address(error: Exception) -> None:
    def fails() -> Database:
        raise error

    said = database_check(fails, migrations_dir())()
    assert said
    assert "example" not in said
    assert "secret" not in said
