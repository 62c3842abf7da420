"""Migrating leaves a database whose features are right."""

from __future__ import annotations

import sqlalchemy

from intent.bootstrap.application import migrations_dir
from intent.features.check.audit import check_state
from intent.features.online.state import SqlFeatureState
from intent.model.decision import Entry
from intent.model.taxonomy import Taxonomy
from intent.operations.migrate import migrate
from intent.store.decisions import SqlDecisions
from intent.store.engine import Database
from tests.conftest import MakeDecision, MakeMessage


def test_feature_state_of_an_older_database_is_counted_anew(
    database: Database, taxonomy: Taxonomy, make_message: MakeMessage, make_decision: MakeDecision
) -> None:
    state = SqlFeatureState(taxonomy.members)
    with database.begin() as transaction:
        entries = [Entry(make_message(), make_decision("price_inquiry")) for _ in range(3)]
        state.add(transaction, SqlDecisions().save(transaction, entries))
    assert migrate(database, migrations_dir(), "0003", features=state).recounted is None
    with database.begin() as transaction:
        transaction.execute(sqlalchemy.text("DELETE FROM feature_counters"))
    assert migrate(database, migrations_dir(), features=state).recounted == 3
    with database.read() as connection:
        assert check_state(connection, taxonomy.members).holds
    assert migrate(database, migrations_dir(), features=state).recounted is None
