"""Twenty workers start at once, are killed at once, and start again."""

from __future__ import annotations

import signal

import pytest

from tests.fault_tries import Tries
from tests.faults.children import until, work
from tests.faults.fault_house import FaultHouse

pytestmark = [pytest.mark.slow, pytest.mark.fault("restart")]


@pytest.mark.parametrize(
    ("rounds", "workers"),
    [(1, 4), pytest.param(15, 20, marks=[pytest.mark.soak, pytest.mark.timeout(7_200)])],
)
def test_many_that_start_die_and_start_again_at_once_lose_and_double_nothing(
    rounds: int, workers: int, fault_house: FaultHouse, tries: Tries
) -> None:
    house = fault_house
    house.fill(10)
    for _ in range(rounds):
        house.fill(workers * 20)
        waited = house.app.inbox.waiting()
        crowd = [house.child(work, drain=False, seconds=0.002) for _ in range(workers)]
        until(lambda before=waited: house.app.inbox.waiting() < before)
        for one in crowd:
            one.send(signal.SIGKILL)
        assert {one.ended() for one in crowd} == {-signal.SIGKILL}
        house.end_leases()
        tries.add(house.reckoned(waiting=True, leaks=False))
    crowd = [house.child(work) for _ in range(workers)]
    assert {one.ended(300) for one in crowd} == {0}
    tries.add(house.reckoned(), tried=0)
