"""PostgreSQL ends our connections, has none free, finds deadlocks, and is a standby for a while; a
worker waits and goes on.
"""

from __future__ import annotations

import random
import signal
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from tests.fault_tries import Tries, in_rounds
from tests.faults.children import Child, until, work
from tests.faults.fault_house import FaultHouse

pytestmark = [pytest.mark.slow, pytest.mark.fault("server")]

END_ALL = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)

WAITS = "SELECT count(*) FROM pg_locks WHERE NOT granted"


def plain(house: FaultHouse) -> psycopg.Connection:
    """Return a connection of somebody else."""
    url = house.database.url.replace("+psycopg", "")
    return psycopg.connect(url, autocommit=True)


def started(house: FaultHouse) -> Child:
    worker = house.child(work, drain=False, seconds=0.002, lease=0.5)
    worker.wait_for_log('"working"')
    return worker


def settled(house: FaultHouse, worker: Child) -> None:
    """Let a worker decide everything, and leave."""
    until(lambda: house.app.inbox.waiting() == 0)
    worker.send(signal.SIGTERM)
    assert worker.ended() == 0, worker.said()


@in_rounds(3, 100)
def test_backends_that_are_terminated_at_any_moment_cost_nothing_but_time(
    rounds: int, postgres_house: FaultHouse, tries: Tries
) -> None:
    house, draw = postgres_house, random.Random(9)
    worker = started(house)
    with plain(house) as other:
        for _ in range(rounds):
            house.fill(40)
            left = draw.randrange(40)
            until(lambda most=left: house.app.inbox.waiting() <= most)
            house.close()
            other.execute(END_ALL)
            until(lambda: house.app.inbox.waiting() == 0)
            tries.add(house.reckoned())
    settled(house, worker)


@in_rounds(1, 10)
def test_with_no_connection_free_a_worker_waits_for_one(
    rounds: int, postgres_house: FaultHouse, tries: Tries
) -> None:
    house = postgres_house
    for _ in range(rounds):
        worker = started(house)
        taken = [plain(house)]
        taken[0].execute(END_ALL)
        house.close()
        try:
            while True:
                taken.append(plain(house))
        except psycopg.OperationalError:
            pass
        worker.wait_for_log('"waiting"')
        for one in taken:
            one.close()
        house.fill(20)
        settled(house, worker)
        tries.add(house.reckoned())


@in_rounds(1, 10)
def test_on_a_standby_a_worker_waits_for_the_primary(
    rounds: int, postgres_house: FaultHouse, tries: Tries
) -> None:
    house = postgres_house
    name = house.database.url.rpartition("/")[2]
    for _ in range(rounds):
        worker = started(house)
        house.fill(20)
        until(lambda: house.app.inbox.waiting() == 0)
        house.close()
        with plain(house) as other:
            switch = f"ALTER DATABASE {name} SET default_transaction_read_only = ".encode()
            other.execute(switch + b"on")
            other.execute(END_ALL)
            worker.wait_for_log('"waiting"')
            other.execute("SET default_transaction_read_only = off")
            other.execute(switch + b"off")
        house.fill(20)
        settled(house, worker)
        tries.add(house.reckoned())


@in_rounds(1, 30)
def test_a_deadlock_is_an_outage_of_a_moment(
    rounds: int, postgres_house: FaultHouse, tries: Tries
) -> None:
    house = postgres_house
    name = house.database.url.rpartition("/")[2]
    with plain(house) as other:
        other.execute(f"ALTER DATABASE {name} SET deadlock_timeout = '20ms'".encode())
    for _ in range(rounds):
        house.fill(2)
        worker = house.child(work, drain=False, stops_at="saved:1")
        worker.wait_until_stopped()
        crossed(house, worker)
        settled(house, worker)
        tries.add(house.reckoned())


def crossed(house: FaultHouse, worker: Child) -> None:
    """Hold what a worker needs next, and ask for what it holds. It asks last: it finds the
    deadlock, and is ended.
    """
    with plain(house) as other, plain(house) as third, ThreadPoolExecutor(1) as beside:
        other.execute("SET deadlock_timeout = '1h'")
        with other.transaction():
            other.execute("LOCK TABLE feature_counters IN ACCESS EXCLUSIVE MODE")
            asked = beside.submit(other.execute, "LOCK TABLE inbox IN ACCESS EXCLUSIVE MODE")
            until(lambda: third.execute(WAITS).fetchone() != (0,))
            worker.go_on()
            worker.wait_for_log("deadlock detected")
            asked.result()
