"""A worker is stopped wherever it stands, its leases end, another does its work, and it goes on."""

from __future__ import annotations

import itertools
import signal
from contextlib import suppress

import pytest

from intent.model.errors import StoreUnavailable
from tests.fault_tries import Tries, in_rounds
from tests.faults.children import until, work
from tests.faults.fault_house import FaultHouse

pytestmark = [pytest.mark.slow, pytest.mark.fault("zombie")]

FREE, LOCKING = ("claimed", "decided", "committed"), ("saved", "finishing")
"""Steps at which it holds no lock of the database, and those at which nobody gets what it holds."""


def overtaken(house: FaultHouse, step: str, number: int) -> None:
    """Stop a worker at a step of its Nth batch, let another do its work, and let it go on."""
    worker = house.child(work, stops_at=f"{step}:{number}", database_lock_timeout=0.2)
    worker.wait_until_stopped()
    with suppress(StoreUnavailable):  # a lock: nobody can end them before it goes on
        house.end_leases()
    other = house.child(work, database_lock_timeout=0.2, drain=False)
    other.wait_for_log('"working"')
    left = house.settings["batch_count"] if step in LOCKING else 0
    until(lambda: house.app.inbox.waiting() <= left or '"waiting"' in other.said())
    worker.go_on()
    assert worker.ended() == 0, worker.said()
    until(lambda: house.app.inbox.waiting() == 0)
    other.send(signal.SIGTERM)
    assert other.ended() == 0, other.said()


@in_rounds(6, 50)
def test_stopped_past_its_lease_wherever_it_stands_a_worker_changes_nothing_afterwards(
    rounds: int, fault_house: FaultHouse, tries: Tries
) -> None:
    house = fault_house
    house.hurry()
    places = itertools.cycle(itertools.product(range(1, 6), FREE + LOCKING))
    for number, step in itertools.islice(places, rounds):
        house.begin_anew(40)
        overtaken(house, step, number)
        tries.add(house.reckoned())
