"""Migrations: the same schema as the code's, on SQLite and PostgreSQL, up and down with data in
it.
"""

from __future__ import annotations

import threading

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import select

from intent.bootstrap.application import migrate_fresh, migrations_dir
from intent.features.online.state import SqlFeatureState
from intent.model.batch import Batch, Position
from intent.model.decision import Entry
from intent.model.errors import OperatorError
from intent.queues.inbox import SqlInbox
from intent.store.access import Access
from intent.store.decisions import SqlDecisions
from intent.store.engine import Database
from intent.store.feature_tables import feature_counters, metadata  # with every table
from intent.store.migrate import migrate
from intent.store.opening import open_store
from intent.store.positions import SqlPositions
from intent.store.revision import current_revision, is_empty, require_newest
from intent.store.schema import runs
from tests.conftest import MakeDecision, MakeMessage, rows


def test_migrations_make_the_schema_that_the_code_expects(database: Database) -> None:
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_migrations_go_up_down_and_up_again_on_a_populated_database(
    database: Database, make_message: MakeMessage, make_decision: MakeDecision
) -> None:
    message = make_message()
    SqlInbox(database).put(Batch([message, make_message()]))
    with database.begin() as transaction:
        entries = SqlDecisions().save(transaction, [Entry(message, make_decision("price_inquiry"))])
        SqlFeatureState({}).add(transaction, entries)
    assert migrate(database, migrations_dir(), "base")[1] is None
    before, after = migrate(database, migrations_dir())
    assert before is None
    assert after is not None
    require_newest(database, migrations_dir())
    assert SqlInbox(database).put(Batch([message])).new == 1


@pytest.mark.fault("schema")
def test_what_waits_goes_down_and_up_a_migration_and_still_waits(
    database: Database, make_message: MakeMessage
) -> None:
    inbox = SqlInbox(database)
    inbox.put(Batch([make_message()], position=Position("s", "1")))
    migrate(database, migrations_dir(), "0004")
    migrate(database, migrations_dir())
    assert len(inbox.take(10, 1000)) == 1
    assert SqlPositions(database).position("s") is None


def test_what_was_counted_of_categories_goes_with_their_columns(database: Database) -> None:
    kept = ["user/p/category", "user_item/p/u/category", "userXcategory/p/u"]
    with database.begin() as transaction:
        keys = [*kept, "category/p/k", "user_category/p/u/k"]
        rows = [{"key": key, "newest": 0, "state": b""} for key in keys]
        transaction.execute(feature_counters.insert(), rows)
    migrate(database, migrations_dir(), "0021")
    with database.read() as connection:
        assert set(connection.scalars(select(feature_counters.c.key))) == set(kept)


def test_of_a_room_that_a_list_showed_twice_the_first_place_stays(database: Database) -> None:
    migrate(database, migrations_dir(), "0022")
    shown = [("r", "a", 1), ("r", "b", 2), ("r", "a", 3), ("s", "a", 1)]
    with database.begin() as transaction:
        for request_id, room_id, position in shown:
            transaction.exec_driver_sql(
                "INSERT INTO impressions (request_id, platform, user_id, room_id, position, "
                f"served_at, policy) VALUES ('{request_id}', 'tiktok', 'u', '{room_id}', "
                f"{position}, '2026-11-20 12:00:00', 'p')"
            )
    migrate(database, migrations_dir())
    left = [
        (one["request_id"], one["room_id"], one["position"])
        for one in rows(database, "impressions")
    ]
    assert sorted(left) == [("r", "a", 1), ("r", "b", 2), ("s", "a", 1)]


def test_migrating_twice_changes_nothing(database: Database) -> None:
    before, after = migrate(database, migrations_dir())
    assert before == after


def test_the_newest_migration_is_told_without_the_machinery_that_migrates(
    database: Database,
) -> None:
    config = Config()
    config.set_main_option("script_location", str(migrations_dir()))
    head = ScriptDirectory.from_config(config).get_current_head()
    assert require_newest(database, migrations_dir()) == current_revision(database) == head


def test_an_older_database_is_refused_with_the_command_to_run(database: Database) -> None:
    migrate(database, migrations_dir(), "base")
    with pytest.raises(OperatorError, match="run: intent migrate"):
        require_newest(database, migrations_dir())


def test_a_newer_database_is_refused(database: Database) -> None:
    with database.begin() as transaction:
        transaction.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(
        OperatorError, match="migration 9999, which this installation does not know"
    ):
        require_newest(database, migrations_dir())
    with pytest.raises(OperatorError, match="install the newer version"):
        migrate(database, migrations_dir())


@pytest.mark.fault("schema")
def test_two_processes_may_create_the_same_database_at_once(database_url: str) -> None:
    databases = [Database(database_url) for _ in range(4)]
    failures: list[Exception] = []

    def create(database: Database) -> None:
        try:
            migrate(database, migrations_dir())
        except Exception as error:  # noqa: BLE001  the thread hands it to the test
            failures.append(error)

    threads = [threading.Thread(target=create, args=(database,)) for database in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert not is_empty(databases[0])
    assert current_revision(databases[0]) is not None
    for database in databases:
        database.close()


NOT_NULL = {
    # SQLite adds no such column without a value, but a rule that nothing keeps.
    "sqlite": "INTEGER CHECK (owner IS NOT NULL)",
    "postgresql": "INTEGER NOT NULL",
}


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        ("ALTER TABLE runs RENAME TO gone", "tables are not those that this version needs"),
        ("ALTER TABLE runs ADD owner NOT NULL", r"from migration \d+ to 9999 while this"),
    ],
)
@pytest.mark.fault("schema")
def test_who_works_while_the_tables_are_migrated_is_told_in_one_sentence(
    database_url: str, harm: str, words: str
) -> None:
    migrator = Database(database_url)
    migrate(migrator, migrations_dir())
    working = open_store(database_url, Access.WRITE, migrations_dir(), make=migrate_fresh)
    with migrator.begin() as transaction:
        transaction.exec_driver_sql("DELETE FROM runs")
        transaction.exec_driver_sql(harm.replace("NOT NULL", NOT_NULL[migrator.dialect]))
        transaction.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(OperatorError, match=words), working.begin() as transaction:
        transaction.execute(runs.insert(), {"name": "trial", "description": "d"})
    working.close()
    migrator.close()
