"""PostgreSQL ends our connections, has none free, finds deadlocks, and is a standby for a while; a
worker waits and goes on.
"""

from __future__ import annotations

import random
import signal

import psycopg
import pytest

from tests.conftest import rows
from tests.fault_tries import Tries, in_rounds
from tests.faults.children import Child, until, work
from tests.faults.fault_house import FaultHouse
from tests.postgres import PostgresServer

pytestmark = [pytest.mark.slow, pytest.mark.fault("server")]

END_ALL = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)

CLAIMED = "SELECT count(*) FROM inbox WHERE token IS NOT NULL"
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


@in_rounds(1, 10)
def test_a_deadlock_is_an_outage_of_a_moment(
    rounds: int, postgres: PostgresServer, postgres_house: FaultHouse, tries: Tries
) -> None:
    house = postgres_house
    name = house.database.url.rpartition("/")[2]
    with plain(house) as other:
        # Whoever waits longest looks for a deadlock, and is ended: the worker.
        other.execute(f"ALTER DATABASE {name} SET deadlock_timeout = '20ms'".encode())
        other.execute("SET deadlock_timeout = '1h'")
    with plain(house) as other:
        other.execute("SET deadlock_timeout = '1h'")
        for _ in range(rounds):
            house.fill(2)
            first, second = sorted(row["id"] for row in rows(house.database, "inbox"))
            worker = house.child(work, drain=False, seconds=0.3, batch_count=2, lease=5.0)
            until(lambda: other.execute(CLAIMED).fetchone() == (2,))
            with other.transaction():
                lock = "SELECT id FROM inbox WHERE id = %s FOR UPDATE"
                other.execute(lock, [second])
                with plain(house) as third:
                    until(lambda one=third: one.execute(WAITS).fetchone() != (0,))
                other.execute(lock, [first])
            worker.wait_for_log("deadlock detected")
            settled(house, worker)
            tries.add(house.reckoned())
