"""Between a worker and PostgreSQL the network is slow, resets, truncates and falls silent."""

from __future__ import annotations

import random

import pytest

from tests.fault_tries import Tries, in_rounds
from tests.faults.children import until, work
from tests.faults.fault_house import FaultHouse
from tests.faults.faulty_wire import FaultyWire
from tests.faults.test_unknown_commits import behind
from tests.postgres import PostgresServer

pytestmark = [pytest.mark.slow, pytest.mark.fault("network")]


@in_rounds(3, 100)
def test_answers_that_are_cut_anywhere_and_slow_ones_cost_nothing_but_time(
    rounds: int, postgres: PostgresServer, postgres_house: FaultHouse, tries: Tries
) -> None:
    house, draw = postgres_house, random.Random(5)
    with FaultyWire(postgres.port) as wire:
        for number in range(rounds):
            house.fill(16)
            wire.delay = 0.002 * (number % 2)
            wire.answers = draw.randrange(20_000)
            worker = house.child(work, lease=0.2, database_url=behind(wire, house, postgres))
            if worker.ended() != 0:
                assert "StoreUnavailable" in worker.said(), worker.said()
            house.end_leases()
            wire.answers = None
            assert house.child(work).ended() == 0
            tries.add(house.reckoned())


@in_rounds(1, 10)
def test_a_network_that_falls_silent_half_open_is_left_and_asked_again(
    rounds: int, postgres: PostgresServer, postgres_house: FaultHouse, tries: Tries
) -> None:
    house = postgres_house
    with FaultyWire(postgres.port) as wire:
        for _ in range(rounds):
            worker = house.child(
                work,
                drain=False,
                database_url=behind(wire, house, postgres),
                database_statement_timeout=0.1,
            )
            worker.wait_for_log('"working"')
            house.fill(16)
            wire.silent = True
            worker.wait_for_log('"waiting"')
            wire.silent = False
            until(lambda: house.app.inbox.waiting() == 0 or _ends_leases(house))
            worker.process.terminate()
            assert worker.ended() == 0, worker.said()
            tries.add(house.reckoned())


def _ends_leases(house: FaultHouse) -> bool:
    house.end_leases()
    return False
