"""The connection to PostgreSQL is cut behind a COMMIT, once the server has done it and before anybody
was told; whoever asked tries again, and finds it done.
"""

from __future__ import annotations

import pytest

from intent.model.batch import Batch
from intent.model.errors import StoreUnavailable
from tests.fault_tries import Tries, in_rounds
from tests.faults.children import application, work
from tests.faults.fault_house import FaultHouse
from tests.faults.faulty_wire import FaultyWire
from tests.postgres import PostgresServer

pytestmark = [pytest.mark.slow, pytest.mark.fault("commit")]


def behind(wire: FaultyWire, house: FaultHouse, postgres: PostgresServer) -> str:
    """Return the house's address behind the wire."""
    return house.database.url.replace(f":{postgres.port}/", f":{wire.port}/")


@in_rounds(2, 50)
def test_a_worker_that_never_hears_of_its_commit_has_done_everything_once(
    rounds: int, postgres: PostgresServer, postgres_house: FaultHouse, tries: Tries
) -> None:
    house = postgres_house
    with FaultyWire(postgres.port) as wire:
        for number in range(rounds):
            house.fill(24)
            wire.commits, before = 1 + number % 12, wire.cuts
            worker = house.child(work, lease=0.2, database_url=behind(wire, house, postgres))
            if worker.ended() != 0:
                # It was opening the database when it was cut off; who starts it starts it again.
                assert "StoreUnavailable" in worker.said(), worker.said()
            house.end_leases()
            wire.commits = 0
            assert house.child(work).ended() == 0
            tries.add(house.reckoned(), tried=wire.cuts - before)


@in_rounds(3, 100)
def test_who_puts_and_never_hears_of_it_puts_again_and_everything_is_there_once(
    rounds: int, postgres: PostgresServer, postgres_house: FaultHouse, tries: Tries
) -> None:
    house = postgres_house
    with FaultyWire(postgres.port) as wire:
        url = behind(wire, house, postgres)
        app = application({**house.settings, "database_url": url})
        app.inbox.put(Batch(house.fill(1)))  # so that its connection is there
        for _ in range(rounds):
            messages = [house.message() for _ in range(10)]
            wire.commits = 1
            with pytest.raises(StoreUnavailable):
                app.inbox.put(Batch(messages))
            accepted = app.inbox.put(Batch(messages))
            assert (accepted.new, accepted.repeated) == (0, 10)
            house.sent.update((one.message_id, one) for one in messages)
            tries.add(house.reckoned(waiting=True))
        app.database.close()
    assert house.child(work).ended() == 0
    tries.add(house.reckoned(), tried=0)
