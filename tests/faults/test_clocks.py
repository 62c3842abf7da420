"""The database's clock jumps by drawn amounts, forward and back, between whatever is done."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from intent.model.batch import Batch
from intent.model.taxonomy import Taxonomy
from intent.store.engine import Database
from tests.conftest import MakeDecision, MakeMessage
from tests.fault_tries import Tries, in_rounds
from tests.faults.oracle import CANARY, reckon
from tests.integration.conftest import House, new_vault

pytestmark = [pytest.mark.slow, pytest.mark.fault("clock")]

JUMPS = (-86_400.0, -3_600.0, -61.0, -1.5, 0.5, 61.0, 3_600.0, 86_400.0, 31_536_000.0)
MAKE_CLOCK = """
    CREATE SCHEMA warp;
    CREATE TABLE warp.jump (seconds double precision);
    INSERT INTO warp.jump VALUES (0);
    CREATE FUNCTION warp.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS
    $$ SELECT pg_catalog.clock_timestamp() + make_interval(secs => seconds) FROM warp.jump $$
"""


class WarpedClock:
    """The clock of a house's database; ``ahead`` is how many seconds it is."""

    def __init__(self, house: House) -> None:
        self.house, self.ahead = house, 0.0
        database = house.database
        if database.dialect == "postgresql":
            name = database.url.rpartition("/")[2]
            with database.begin() as transaction:
                transaction.exec_driver_sql(MAKE_CLOCK)
                transaction.exec_driver_sql(
                    f"ALTER DATABASE {name} SET search_path = public, warp, pg_catalog"
                )
        else:
            event.listen(database.engine, "connect", self._instead)
        database.close()

    def jump(self, seconds: float) -> None:
        """Set it forward, or back."""
        self.ahead += seconds
        if self.house.database.dialect == "postgresql":
            with self.house.database.begin() as transaction:
                transaction.exec_driver_sql(f"UPDATE warp.jump SET seconds = {self.ahead}")

    def _instead(self, connection: Any, _record: Any) -> None:
        connection.create_function("strftime", 2, self._strftime)

    def _strftime(self, form: str, at: str) -> str:
        assert (form, at) == ("%Y-%m-%d %H:%M:%f", "now")
        now = datetime.now(UTC) + timedelta(seconds=self.ahead)
        return now.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


@pytest.fixture
def house(database: Database, taxonomy: Taxonomy, make_decision: MakeDecision) -> House:
    return House(database, taxonomy, make_decision, vault=new_vault())


@pytest.fixture
def clock(house: House) -> Iterator[WarpedClock]:
    warped = WarpedClock(house)
    yield warped
    assert warped.ahead != 0


@in_rounds(4, 60)
def test_however_a_clock_jumps_everything_is_decided_once(
    rounds: int,
    house: House,
    clock: WarpedClock,
    make_message: MakeMessage,
    tries: Tries,
    tmp_path: Path,
) -> None:
    draw = random.Random(19)
    sent: set[str] = set()
    for number in range(rounds):
        said = f"how much? wa {CANARY.format(number)}"
        messages = [make_message(said, user_id=f"u-{draw.randrange(5)}") for _ in range(6)]
        house.work(*messages[:3], unsure=draw.random() < 0.5)
        held = house.inbox.take(draw.randint(1, 4), 10_000)
        clock.jump(draw.choice(JUMPS))
        house.inbox.put(Batch(messages[3:]))
        house.inbox.take(2, 10_000)  # somebody who dies
        clock.jump(draw.choice(JUMPS))
        house.inbox.release(held)
        house.ask()
        sent.update(one.message_id for one in messages)
        reckoning = reckon(house.database, sent, waiting=True, places=[tmp_path])
        tries.add(reckoning, tried=2)
        # Hours after every lease that was given before, or long before it.
        clock.jump((number + 1) * 5_400.0 - clock.ahead)
        house.work(unsure=False)
        tries.add(reckon(house.database, sent, places=[tmp_path]), tried=0)
