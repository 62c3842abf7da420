"""The whole house over every adapter."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from intent.bootstrap.application import migrations_dir
from intent.model.taxonomy import Taxonomy
from intent.store.engine import Database
from intent.store.migrate import migrate
from tests.conftest import MakeDecision
from tests.contracts.house import House, MemoryHouse, SqlHouse


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def house(
    request: pytest.FixtureRequest, make_decision: MakeDecision, taxonomy: Taxonomy
) -> Iterator[House]:
    if request.param == "memory":
        yield MemoryHouse(make_decision)
        return
    url = "sqlite_url" if request.param == "sqlite" else "postgres_url"
    database = Database(request.getfixturevalue(url))
    migrate(database, migrations_dir())
    yield SqlHouse(make_decision, database, taxonomy.members)
    database.close()
