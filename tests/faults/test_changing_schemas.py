"""A migration is killed at any storage call and run again; several run at once."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy

from intent.bootstrap.application import migrations_dir
from intent.store.engine import Database
from intent.store.migrate import migrate
from intent.store.revision import current_revision
from tests.conftest import MakeMessage
from tests.fault_tries import Tries
from tests.faults.children import Child, Disk, may_trace, work
from tests.faults.fault_house import FaultHouse

pytestmark = [pytest.mark.slow, pytest.mark.fault("schema")]
BEFORE = "0013"


def bring_up(settings: Mapping[str, Any]) -> None:
    """Migrate to the newest."""
    migrate(Database(settings["database_url"]), migrations_dir())


def schema(url: str) -> str:
    """Return all tables, columns and indexes of a database."""
    database = Database(url)
    seen = sqlalchemy.inspect(database.engine)
    told = {
        name: (
            sorted(str(column["name"]) for column in seen.get_columns(name)),
            sorted(str(index["name"]) for index in seen.get_indexes(name)),
        )
        for name in sorted(seen.get_table_names())
    }
    database.close()
    return str(told)


@pytest.fixture
def old_house(sqlite_house: FaultHouse) -> FaultHouse:
    """Return a house of some migrations ago, with messages that are decided and others that wait."""
    house = sqlite_house
    plain = {"text": "chatter", "user_id": "u-1"}  # what the vault holds would be lost downwards
    house.fill(20, **plain)
    assert house.child(work).ended() == 0
    house.fill(10, **plain)
    house.close()
    migrate(house.database, migrations_dir(), BEFORE)
    house.keep_as_it_is()
    return house


@pytest.mark.skipif(not may_trace(), reason="there is no strace, or it may trace nothing")
@pytest.mark.parametrize(
    "step", [151, pytest.param(2, marks=[pytest.mark.soak, pytest.mark.timeout(7_200)])]
)
def test_a_migration_that_is_killed_anywhere_goes_on_with_the_same_command(
    step: int, old_house: FaultHouse, tries: Tries
) -> None:
    house = old_house
    assert house.child(bring_up).ended() == 0
    expected, newest = schema(house.database.url), current_revision(house.database)
    number = 1
    while True:
        house.begin_anew()
        child = house.child(bring_up, paused=True)
        disk = Disk(child, "signal=KILL", number)
        code = child.ended()
        disk.heal()
        if code == 0:
            break
        assert code == -signal.SIGKILL
        assert current_revision(house.database) in (BEFORE, newest), "all of it or nothing"
        house.close()
        assert house.child(bring_up).ended() == 0, "and the same command again"
        assert schema(house.database.url) == expected
        assert house.child(work).ended() == 0
        tries.add(house.reckoned())
        number += step


@pytest.mark.parametrize("rounds", [1, pytest.param(12, marks=pytest.mark.soak)])
@pytest.mark.parametrize("backend", ["sqlite", "postgresql"])
def test_several_migrations_at_once_are_one(
    rounds: int,
    backend: str,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    make_message: MakeMessage,
    tries: Tries,
) -> None:
    for number in range(rounds):
        url = f"sqlite:///{tmp_path}/{number}.db"
        if backend == "postgresql":
            request.getfixturevalue("postgres_url")
            url = request.getfixturevalue("postgres").fresh_database()
        logs = [tmp_path / f"{number}-{each}.log" for each in range(3)]
        several = [Child(log, bring_up, {"database_url": url}) for log in logs]
        assert {one.ended() for one in several} == {0}, [one.said() for one in several]
        house = FaultHouse(Database(url), tmp_path, make_message)
        house.fill(6)
        assert house.child(work).ended() == 0
        tries.add(house.reckoned())
        house.leave()
