"""A worker is told to leave in each of its states, once and twice, and has settled everything."""

from __future__ import annotations

import random
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import text

from tests.fault_tries import Tries, in_rounds
from tests.faults.children import Child, until, work
from tests.faults.fault_house import FaultHouse

pytestmark = [pytest.mark.slow, pytest.mark.fault("leave")]


def claimed(house: FaultHouse) -> int:
    with house.database.read() as connection:
        query = "SELECT count(*) FROM inbox WHERE token IS NOT NULL"
        return int(connection.exec_driver_sql(query).scalar_one())


@contextmanager
def locked(house: FaultHouse) -> Iterator[None]:
    """Hold what a worker writes to."""
    with house.database.begin() as transaction:
        if house.database.dialect == "postgresql":
            transaction.execute(text("LOCK TABLE inbox IN ACCESS EXCLUSIVE MODE"))
        yield


def leave(house: FaultHouse, worker: Child, how: tuple[signal.Signals, ...]) -> None:
    for one in how:
        worker.send(one)
    assert worker.ended() == 0, worker.said()
    assert claimed(house) == 0, "what was taken is settled or given back"


@pytest.mark.parametrize("how", [(signal.SIGTERM,), (signal.SIGTERM, signal.SIGTERM)])
def test_told_while_it_waits_and_while_it_decides_a_worker_has_settled_everything(
    how: tuple[signal.Signals, ...], fault_house: FaultHouse, tries: Tries
) -> None:
    house = fault_house
    waits = house.child(work, drain=False)
    waits.wait_for_log("working")
    leave(house, waits, how)
    tries.add(house.reckoned())
    house.fill(40)
    decides = house.child(work, drain=False, seconds=0.3)
    until(lambda: claimed(house) > 0)
    leave(house, decides, how)
    tries.add(house.reckoned(waiting=True))


def test_told_during_an_outage_a_worker_leaves_and_what_it_held_comes_again(
    fault_house: FaultHouse, tries: Tries
) -> None:
    house = fault_house
    house.fill(40)
    worker = house.child(work, drain=False, database_lock_timeout=0.05)
    with locked(house):
        worker.wait_for_log('"waiting"')
        worker.send(signal.SIGTERM)
        assert worker.ended() == 0, worker.said()
    tries.add(house.reckoned(waiting=True), tried=0)
    house.end_leases()
    assert house.child(work).ended() == 0
    tries.add(house.reckoned())


@in_rounds(3, 50)
def test_told_at_any_moment_a_worker_leaves_and_the_next_goes_on(
    rounds: int, fault_house: FaultHouse, tries: Tries
) -> None:
    house, draw = fault_house, random.Random(4)
    for _ in range(rounds):
        house.begin_anew(40)
        worker = house.child(work, drain=False, seconds=0.001)
        worker.wait_for_log('"working"')
        wanted = draw.randrange(40)
        until(lambda wanted=wanted: house.app.inbox.waiting() <= 40 - wanted)
        leave(house, worker, (signal.SIGTERM,) * draw.randint(1, 3))
        assert house.child(work).ended() == 0
        tries.add(house.reckoned())
