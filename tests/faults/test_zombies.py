"""A worker is stopped wherever it stands, its leases end, another does its work, and it goes on."""

from __future__ import annotations

import random
import signal

import pytest

from intent.model.errors import StoreUnavailable
from tests.fault_tries import Tries, in_rounds
from tests.faults.children import Child, until, work
from tests.faults.fault_house import FaultHouse

pytestmark = [pytest.mark.slow, pytest.mark.fault("zombie")]


def stopped(house: FaultHouse, worker: Child, draw: random.Random) -> bool:
    """Stop a worker somewhere, and end its leases; False where it holds a lock of the database,
    which nobody can do anything about while it is stopped.
    """
    wanted = draw.randrange(30)
    until(lambda: house.app.inbox.waiting() <= 40 - wanted)
    worker.send(signal.SIGSTOP)
    try:
        house.end_leases()
    except StoreUnavailable:
        worker.go_on()
        return False
    return True


@in_rounds(2, 50)
def test_stopped_past_its_lease_wherever_it_stands_a_worker_changes_nothing_afterwards(
    rounds: int, fault_house: FaultHouse, tries: Tries
) -> None:
    house, draw = fault_house, random.Random(7)
    house.hurry()
    while tries.tried < rounds:
        house.begin_anew(40)
        worker = house.child(work, seconds=0.01, database_lock_timeout=0.2)
        if not stopped(house, worker, draw):
            assert worker.ended() == 0
            continue
        other = house.child(work, database_lock_timeout=0.2, drain=False)
        until(lambda one=other: house.app.inbox.waiting() == 0 or '"waiting"' in one.said())
        worker.go_on()
        assert worker.ended() == 0, worker.said()
        until(lambda: house.app.inbox.waiting() == 0)
        other.send(signal.SIGTERM)
        assert other.ended() == 0, other.said()
        tries.add(house.reckoned())
