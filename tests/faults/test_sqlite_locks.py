"""Somebody else holds SQLite's one lock for writing beyond every timeout, or reads for so long that
the log cannot be cut.
"""

from __future__ import annotations

import random
import signal

import pytest

from intent.store.access import Access
from intent.store.engine import Database
from tests.fault_tries import Tries, in_rounds
from tests.faults.children import until, work
from tests.faults.fault_house import FaultHouse

pytestmark = [pytest.mark.slow, pytest.mark.fault("lock")]


@in_rounds(3, 100)
def test_a_lock_that_outlasts_every_timeout_is_waited_for(
    rounds: int, sqlite_house: FaultHouse, tries: Tries
) -> None:
    house, draw = sqlite_house, random.Random(13)
    worker = house.child(work, drain=False, seconds=0.001, database_lock_timeout=0.01)
    worker.wait_for_log('"working"')
    for _ in range(rounds):
        house.fill(40)
        left, said = draw.randrange(40), worker.said().count('"waiting"')
        until(lambda most=left: house.app.inbox.waiting() <= most)
        with house.database.begin():
            # Everything may be decided by now: then it waits with nothing in hand.
            until(lambda before=said: worker.said().count('"waiting"') > before)
        until(lambda: house.app.inbox.waiting() == 0)
        tries.add(house.reckoned(leaks=False))
    worker.send(signal.SIGTERM)
    assert worker.ended() == 0
    tries.add(house.reckoned(), tried=0)


@in_rounds(1, 20)
def test_a_reader_that_pins_the_log_delays_nobody_and_the_log_is_cut_behind_it(
    rounds: int, sqlite_house: FaultHouse, tries: Tries
) -> None:
    house = sqlite_house
    reader = Database(house.database.url, access=Access.READ)
    for _ in range(rounds):
        house.fill(40)
        with reader.read() as view:
            counted = view.exec_driver_sql("SELECT count(*) FROM messages").scalar_one()
            assert house.child(work).ended() == 0
            house.fill(40)
            assert house.child(work).ended() == 0
            assert house.database.cut_log() is False, "not yet: a reader holds the log"
            again = view.exec_driver_sql("SELECT count(*) FROM messages").scalar_one()
            assert again == counted, "one consistent view"
        assert house.database.cut_log() is True
        tries.add(house.reckoned())
    reader.close()
