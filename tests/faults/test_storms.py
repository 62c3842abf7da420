"""Four workers get TERM, INT and KILL at drawn moments, and a new one comes for each that left."""

from __future__ import annotations

import random
import signal

import pytest

from tests.fault_tries import Tries, in_rounds
from tests.faults.children import Child, until, work
from tests.faults.fault_house import FaultHouse

pytestmark = [pytest.mark.slow, pytest.mark.fault("storm")]

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGKILL)
LEAVES = {signal.SIGTERM: {0}, signal.SIGINT: {0}, signal.SIGKILL: {-signal.SIGKILL}}


def decided(house: FaultHouse) -> int:
    with house.database.read() as connection:
        query = "SELECT count(*) FROM decisions"
        return int(connection.exec_driver_sql(query).scalar_one())


@in_rounds(8, 60)
def test_whoever_is_signalled_whenever_nothing_is_lost_doubled_or_leaked(
    rounds: int, fault_house: FaultHouse, tries: Tries
) -> None:
    house, draw = fault_house, random.Random(20261127)

    def start() -> Child:
        return house.child(work, drain=False, seconds=0.002)

    workers = [start() for _ in range(4)]
    for number in range(rounds):
        house.fill(80)
        wanted = decided(house) + draw.randint(1, 40)
        until(lambda wanted=wanted: decided(house) >= wanted)
        victim, how = workers.pop(draw.randrange(4)), SIGNALS[number % 3]
        victim.wait_for_log("working")
        victim.send(how)
        workers.append(start())
        assert victim.ended() in LEAVES[how], victim.said()
        if number % 5 == 4:
            house.end_leases()  # of those that live, too
    for worker in workers:
        worker.wait_for_log("working")
        worker.send(signal.SIGTERM)
    assert {worker.ended() for worker in workers} == {0}
    house.end_leases()
    assert house.child(work).ended() == 0
    tries.add(house.reckoned(), tried=rounds)
