"""A claim on PostgreSQL looks each message up by its identity, however many the platform has."""

from __future__ import annotations

from typing import Any

import sqlalchemy

from intent.bootstrap.application import migrations_dir
from intent.model.batch import Batch
from intent.queues.inbox import MEASURE_AFTER, SqlInbox
from intent.store.engine import Database
from intent.store.migrate import migrate
from tests.conftest import MakeMessage


def test_a_claim_reads_no_other_messages_than_those_it_takes(
    postgres_url: str, make_message: MakeMessage
) -> None:
    database = Database(postgres_url)
    migrate(database, migrations_dir())
    inbox, claims = SqlInbox(database), list[Any]()
    # A burst into an empty database: PostgreSQL has not looked at these tables by itself yet.
    inbox.put(Batch([make_message() for _ in range(2 * MEASURE_AFTER)]))

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith("WITH candidates"):
            claims.append((statement, parameters))

    sqlalchemy.event.listen(database.engine, "before_cursor_execute", note)
    assert len(inbox.take(256, 1_000_000)) == 256
    sqlalchemy.event.remove(database.engine, "before_cursor_execute", note)
    statement, parameters = claims[-1]
    with database.begin() as transaction:
        lines = transaction.exec_driver_sql(f"EXPLAIN (ANALYZE) {statement}", parameters).scalars()
        plan = "\n".join(lines)
    database.close()
    assert "Index Scan using pk_messages on messages" in plan, plan
    assert "Join Filter" not in plan, plan
