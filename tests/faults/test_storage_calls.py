"""A worker is killed at every single call that changes the file of SQLite."""

from __future__ import annotations

import signal

import pytest

from tests.fault_tries import Tries
from tests.faults.children import Disk, may_trace, work
from tests.faults.fault_house import FaultHouse

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not may_trace(), reason="there is no strace, or it may trace nothing"),
]


def killed_at(house: FaultHouse, calls: list[int], tries: Tries) -> int:
    """Kill a worker at its Nth call, for each N, and let another go on; return how many calls it
    makes when nobody kills it, or so many as were tried.
    """
    for number in calls:
        house.begin_anew()
        child = house.child(work, paused=True)
        disk = Disk(child, "signal=KILL", number)
        code = child.ended()
        disk.heal()
        if code == 0:
            return number
        assert code == -signal.SIGKILL
        tries.add(house.reckoned(waiting=True), tried=0)
        house.end_leases()
        assert house.child(work).ended() == 0
        tries.add(house.reckoned())
    return calls[-1]


@pytest.mark.fault("kill")
def test_killed_at_some_storage_calls_nothing_is_lost_doubled_or_leaked(
    sqlite_house: FaultHouse, tries: Tries
) -> None:
    assert killed_at(sqlite_house, [1, 23, 61], tries) == 61


@pytest.mark.soak
@pytest.mark.fault("kill")
def test_killed_at_every_storage_call_nothing_is_lost_doubled_or_leaked(
    sqlite_house: FaultHouse, tries: Tries
) -> None:
    assert killed_at(sqlite_house, list(range(1, 10_000)), tries) < 9_999
