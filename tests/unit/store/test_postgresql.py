"""PostgreSQL: the URL's settings stand, no call waits for ever, and a refusal is one sentence."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

import psycopg
import pytest
import sqlalchemy
import structlog

from intent.bootstrap.application import migrate_fresh, migrations_dir
from intent.model.errors import OperatorError, StoreUnavailable, WrongUse
from intent.store.access import Access, AccessLimits
from intent.store.engine import Database
from intent.store.migrate import migrate
from intent.store.opening import open_store
from intent.store.revision import current_revision
from intent.store.schema import runs
from tests.pooler import Pooler
from tests.postgres import PostgresServer

IMPATIENT = AccessLimits(statement=0.2, grace=0.2, lock=0.2, slow=0.0, leave=0.0)


@contextmanager
def opened(url: str, **options: object) -> Iterator[Database]:
    database = Database(url, **options)
    try:
        yield database
    finally:
        database.close()


def shown(database: Database, name: str) -> str:
    with database.read() as connection:
        return str(connection.exec_driver_sql(f"SHOW {name}").scalar_one())


def told(url: str, *statements: str) -> None:
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def test_what_nobody_set_is_limited(postgres_url: str) -> None:
    with opened(postgres_url) as database:
        names = ("statement_timeout", "lock_timeout", "TimeZone", "client_encoding")
        assert [shown(database, name) for name in names] == ["30s", "10s", "UTC", "UTF8"]
        assert shown(database, "idle_in_transaction_session_timeout") == "1min"


def test_a_reader_may_let_its_transaction_rest(postgres_url: str) -> None:
    with opened(postgres_url, access=Access.READ) as database:
        assert shown(database, "idle_in_transaction_session_timeout") == "0"


@pytest.mark.parametrize(
    ("option", "name", "expected"),
    [
        ("-csearch_path%3Dmine", "search_path", "mine"),
        ("-cstatement_timeout%3D7000", "statement_timeout", "7s"),
        ("-cstatement_timeout%3D0", "statement_timeout", "0"),
        ("-clock_timeout%3D3s", "lock_timeout", "3s"),
        ("-cTimeZone%3DAsia/Tokyo", "TimeZone", "UTC"),  # the driver needs it
    ],
)
def test_options_of_the_url_stand(postgres_url: str, option: str, name: str, expected: str) -> None:
    with opened(f"{postgres_url}?options={option}") as database:
        assert shown(database, name) == expected


def test_options_of_the_environment_stand(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGOPTIONS", "-cstatement_timeout=8s -csearch_path=mine")
    monkeypatch.setenv("PGCONNECT_TIMEOUT", "9")
    with opened(postgres_url) as database:
        assert shown(database, "statement_timeout") == "8s"
        assert shown(database, "search_path") == "mine"


def test_limits_of_the_role_and_of_the_database_stand(postgres_url: str) -> None:
    name = sqlalchemy.make_url(postgres_url).database
    told(
        postgres_url,
        f"ALTER DATABASE {name} SET statement_timeout = '11s'",
        f"ALTER ROLE postgres IN DATABASE {name} SET lock_timeout = '12s'",
    )
    with opened(postgres_url) as database:
        assert [shown(database, limit) for limit in ("statement_timeout", "lock_timeout")] == [
            "11s",
            "12s",
        ]


def test_connection_options_of_the_url_stand(postgres_url: str) -> None:
    query = "connect_timeout=3&keepalives_idle=77&application_name=mine"
    with opened(f"{postgres_url}?{query}") as database, database.engine.connect() as connection:
        parameters = connection.connection.driver_connection.info.get_parameters()
    assert parameters["connect_timeout"] == "3"
    assert parameters["keepalives_idle"] == "77"
    assert parameters["keepalives_count"] == "3"
    assert parameters["application_name"] == "mine"


@pytest.mark.parametrize(("text", "expected"), [("0", 0), ("5", 5), ("none", None)])
def test_prepared_statements_can_be_chosen_in_the_url(
    postgres_url: str, text: str, expected: int | None
) -> None:
    with (
        opened(f"{postgres_url}?prepare_threshold={text}") as database,
        database.engine.connect() as connection,
    ):
        assert connection.connection.driver_connection.prepare_threshold == expected


@pytest.mark.parametrize("query", ["prepare_threshold=often", "prepare_threshold=-1", "sslmod=x"])
def test_a_wrong_option_of_the_url_is_one_sentence(query: str) -> None:
    with pytest.raises(WrongUse, match="INTENT_DATABASE_URL has a"):
        Database(f"postgresql://postgres@127.0.0.1/x?{query}")


def test_a_pooler_that_refuses_options_can_be_used(
    postgres: PostgresServer, postgres_url: str
) -> None:
    with Pooler(postgres.port) as pooler:
        url = postgres_url.replace(str(postgres.port), str(pooler.port))
        with opened(f"{url}?prepare_threshold=none") as database:
            migrate(database, migrations_dir())
            assert shown(database, "TimeZone") == "UTC"
        assert all("options" not in seen for seen in pooler.parameters)


def test_a_schema_of_ones_own_is_made_and_used(postgres_url: str) -> None:
    with opened(postgres_url, schema='Mine "1"') as database:
        assert current_revision(database) is None
        migrate(database, migrations_dir())
        with database.begin() as transaction:
            transaction.execute(sqlalchemy.select(runs))
        found = sqlalchemy.inspect(database.engine).get_table_names('Mine "1"')
        assert "decisions" in found
    open_store(
        postgres_url, Access.WRITE, migrations_dir(), make=migrate_fresh, schema='Mine "1"'
    ).close()
    with pytest.raises(OperatorError, match="no tables of ours yet"):
        open_store(postgres_url, Access.WRITE, migrations_dir(), make=migrate_fresh)


def test_the_role_needs_no_right_to_make_a_schema_that_exists(postgres_url: str) -> None:
    url = as_role(postgres_url, "tenant", "CREATE SCHEMA mine AUTHORIZATION tenant")
    with opened(url, schema="mine") as database:
        migrate(database, migrations_dir())
        assert current_revision(database) is not None


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_an_encoding_that_cannot_hold_every_language_is_refused(
    postgres: PostgresServer, postgres_url: str, encoding: str
) -> None:
    name = f"{sqlalchemy.make_url(postgres_url).database}_{encoding.lower()}"
    told(
        postgres_url,
        f"CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0",
    )
    with (
        opened(postgres.url(name)) as database,
        pytest.raises(OperatorError, match=f"encoding is {encoding}.*ENCODING 'UTF8'"),
    ):
        migrate(database, migrations_dir())


def as_role(url: str, role: str, *statements: str) -> str:
    name = sqlalchemy.make_url(url).database
    role = f"{role}_{name}"
    told(
        url,
        f"CREATE ROLE {role} LOGIN",
        *(statement.replace("tenant", role) for statement in statements),
    )
    return url.replace("postgres@", f"{role}@")


def test_a_role_that_may_create_nothing_is_told_so(postgres_url: str) -> None:
    url = as_role(postgres_url, "tenant", "REVOKE CREATE ON SCHEMA public FROM public")
    with opened(url) as database, pytest.raises(OperatorError, match=r"permission denied.*grant"):
        migrate(database, migrations_dir())


def test_a_role_that_may_only_read_reads_and_is_told_so_when_it_writes(postgres_url: str) -> None:
    with opened(postgres_url) as database:
        migrate(database, migrations_dir())
    url = as_role(postgres_url, "tenant", "GRANT SELECT ON ALL TABLES IN SCHEMA public TO tenant")
    store = open_store(url, Access.READ, migrations_dir(), make=migrate_fresh)
    with store.read() as connection:
        assert connection.execute(sqlalchemy.select(runs)).all() is not None
    store.close()
    store = open_store(url, Access.WRITE, migrations_dir(), make=migrate_fresh)
    with (
        pytest.raises(OperatorError, match=r"permission denied for table runs.*grant"),
        store.begin() as transaction,
    ):
        transaction.execute(runs.delete())
    store.close()


@pytest.mark.fault("server")
def test_a_database_that_takes_no_writes_is_an_outage_and_its_connections_are_left(
    postgres_url: str,
) -> None:
    name = sqlalchemy.make_url(postgres_url).database
    with opened(postgres_url) as database:
        migrate(database, migrations_dir())
        told(postgres_url, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        database.close()
        for _ in range(2):
            with (
                pytest.raises(StoreUnavailable, match="takes no writes now"),
                database.begin() as transaction,
            ):
                transaction.execute(runs.delete())
        told(
            postgres_url,
            "SET default_transaction_read_only = off",
            f"ALTER DATABASE {name} SET default_transaction_read_only = off",
        )
        with database.begin() as transaction:  # a new connection: it finds the primary
            transaction.execute(runs.delete())


def test_a_lock_of_somebody_else_is_an_outage(postgres_url: str) -> None:
    with opened(postgres_url) as holder, opened(postgres_url, limits=IMPATIENT) as database:
        migrate(holder, migrations_dir())
        with holder.begin() as holding:
            holding.exec_driver_sql("LOCK TABLE runs")
            with (
                pytest.raises(StoreUnavailable, match="timeout"),
                database.begin() as transaction,
            ):
                transaction.execute(runs.delete())


def test_a_statement_that_takes_too_long_is_an_outage(postgres_url: str) -> None:
    with (
        opened(postgres_url, limits=IMPATIENT) as database,
        pytest.raises(StoreUnavailable, match="statement timeout"),
        database.begin() as transaction,
    ):
        transaction.exec_driver_sql("SELECT pg_sleep(60)")


def test_a_migration_may_take_as_long_as_it_needs(postgres_url: str) -> None:
    with opened(postgres_url, limits=IMPATIENT) as database:
        with database.begin(patient=True) as transaction:
            transaction.exec_driver_sql("SELECT pg_sleep(0.5)")
        assert shown(database, "statement_timeout") == "200ms"


@contextmanager
def silenced(database: Database) -> Iterator[None]:
    # One connection in the pool, whose server process is stopped: the kernel still answers for it.
    with database.read() as connection:
        pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@pytest.mark.fault("network")
def test_a_connection_that_goes_silent_is_left_for_a_new_one(postgres_url: str) -> None:
    with (
        structlog.testing.capture_logs() as logs,
        opened(postgres_url, limits=IMPATIENT) as database,
        silenced(database),
        database.begin() as transaction,
    ):
        assert transaction.exec_driver_sql("SELECT 1").scalar_one() == 1
    assert "the database takes long" in [log["event"] for log in logs]


@pytest.mark.fault("network")
def test_a_connection_that_goes_silent_in_a_transaction_is_an_outage(postgres_url: str) -> None:
    with opened(postgres_url, limits=IMPATIENT) as database:

        def fails() -> None:
            with database.begin() as transaction:
                pid = transaction.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
                os.kill(pid, signal.SIGSTOP)
                try:
                    transaction.exec_driver_sql("SELECT 1")
                finally:
                    os.kill(pid, signal.SIGCONT)

        with pytest.raises(StoreUnavailable, match="did not answer within"):
            fails()


@pytest.mark.fault("leave")
def test_who_is_asked_to_leave_waits_for_no_silent_database(postgres_url: str) -> None:
    stop = Event()
    with opened(postgres_url, limits=AccessLimits(statement=None, leave=0.0)) as database:
        database.leave_with(stop)

        def fails() -> None:
            with database.begin() as transaction:
                pid = transaction.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
                os.kill(pid, signal.SIGSTOP)
                stop.set()
                try:
                    transaction.exec_driver_sql("SELECT 1")
                finally:
                    os.kill(pid, signal.SIGCONT)

        with pytest.raises(StoreUnavailable, match="before we had to leave"):
            fails()
