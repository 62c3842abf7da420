"""Workers are killed, stopped and starved; afterwards every message is decided exactly once."""

from __future__ import annotations

import itertools
import random
import resource
import signal

import pytest

from intent.store.engine import Database
from tests.conftest import MakeMessage, rows
from tests.fault_tries import Tries, in_rounds
from tests.faults.children import work
from tests.faults.conftest import Books, StartWorker
from tests.faults.fault_house import FaultHouse
from tests.postgres import PostgresServer

pytestmark = pytest.mark.slow

LABELS = ("purchase_intent", "price_inquiry", "chatter", "spam", "objection")


def stream(make_message: MakeMessage, count: int) -> list[object]:
    return [
        make_message(
            f"{LABELS[n % len(LABELS)]} {n}",
            user_id=f"u-{n % 37}",
            item_id=f"i-{n % 5}",
            creator_id="c",
        )
        for n in range(count)
    ]


STEPS = ("claimed", "decided", "saved", "finishing", "committed")


@in_rounds(5, 20)
@pytest.mark.fault("kill")
def test_a_worker_killed_at_any_step_loses_and_doubles_nothing(
    rounds: int, fault_house: FaultHouse, tries: Tries
) -> None:
    house = fault_house
    for number, step in itertools.islice(itertools.product(range(1, 5), STEPS), rounds):
        house.begin_anew(40)
        for batch in (number, 1):  # the next one dies, too, with what the first has held
            killed = house.child(work, failpoint=f"{step}:{batch}")
            assert killed.ended() == -signal.SIGKILL, killed.said()
            tries.add(house.reckoned(waiting=True))
            house.end_leases()
        assert house.child(work).ended() == 0
        tries.add(house.reckoned(), tried=0)
    assert rows(house.database, "dead_letters") == []


@pytest.mark.fault("storm", tries=30)
def test_two_workers_killed_at_30_random_moments_lose_and_double_nothing(
    start_worker: StartWorker, books: Books, make_message: MakeMessage
) -> None:
    books.fill(stream(make_message, 2000))
    moments = random.Random(20261120)
    options = {"lease": 3600, "batch_count": 16, "gated": True}
    workers = [start_worker(**options), start_worker(**options)]
    for kill in range(30):
        victim = workers[kill % 2]
        victim.wait_until_ready()
        # It dies somewhere on the way from deciding to the next claim, wherever the two processes
        # happen to stand by then; what it decided before is committed.
        victim.let_decide(moments.randint(1, 3))
        victim.process.kill()
        victim.process.communicate()
        workers[kill % 2] = start_worker(**options)
        if kill % 10 == 9:
            books.end_leases()  # for the one that lives, too
    midway = books.balance()
    assert 0 < midway.decided < 2000
    for worker in workers:
        worker.wait_until_ready()
        worker.process.send_signal(signal.SIGTERM)
        assert worker.finish()[0] == 0
    books.end_leases()
    last = [start_worker(drain=True, batch_count=256) for _ in range(2)]
    assert [worker.finish()[0] for worker in last] == [0, 0]
    after = books.balance()
    assert (after.decided, after.waiting, after.dead) == (2000, 0, 0)
    assert {row["revision"] for row in rows(books.database, "decisions")} == {0}


def test_two_workers_share_one_database(
    start_worker: StartWorker, books: Books, make_message: MakeMessage
) -> None:
    books.fill(stream(make_message, 3000))
    workers = [start_worker(drain=True, batch_count=32, seconds=0.01) for _ in range(2)]
    reports = [worker.finish()[1] for worker in workers]
    after = books.balance()
    assert (after.decided, after.dead) == (3000, 0)
    assert sum(report["decided"] for report in reports) == 3000
    assert all(report["overtaken"] == 0 for report in reports)


@pytest.mark.fault("zombie")
def test_a_worker_stopped_past_its_lease_and_continued_changes_nothing(
    start_worker: StartWorker, books: Books, make_message: MakeMessage
) -> None:
    books.fill(stream(make_message, 40))
    zombie = start_worker(lease=3600, batch_count=40, gated=True, drain=True)
    zombie.wait_until_ready()
    zombie.wait_at_gate()
    zombie.process.send_signal(signal.SIGSTOP)
    books.end_leases()
    assert start_worker(lease=30, drain=True).finish()[1]["decided"] == 40
    before = {row["id"]: row["created_timestamp"] for row in rows(books.database, "decisions")}
    zombie.process.send_signal(signal.SIGCONT)
    code, report = zombie.finish()
    assert (code, report["decided"], report["overtaken"]) == (0, 0, 40)
    assert {
        row["id"]: row["created_timestamp"] for row in rows(books.database, "decisions")
    } == before
    books.balance()


@pytest.mark.fault("poison", tries=6)
def test_a_message_that_raises_and_one_that_kills_become_dead_letters_alone(
    start_worker: StartWorker, books: Books, make_message: MakeMessage
) -> None:
    messages = stream(make_message, 96)
    messages[40] = make_message("raise now", message_id="raising")
    messages[70] = make_message("segfault now", message_id="deadly")
    books.fill(messages)
    options = {"drain": True, "lease": 0.3, "batch_count": 32, "attempts": 2, "retry_delay": 0.05}
    codes = []
    while not codes or codes[-1] != 0:
        codes.append(start_worker(**options).finish()[0])
        assert len(codes) < 10
    # In its batch of 32, in halves of 16 and 8, and twice alone: the others of its last 8 were taken
    # before it.
    assert codes == [-signal.SIGSEGV] * 5 + [0]
    after = books.balance()
    assert (after.decided, after.dead) == (94 if len(messages) == 96 else -1, 2)
    reasons = {row["message_id"]: row["reason"] for row in rows(books.database, "dead_letters")}
    assert reasons == {
        "raising": "cannot be decided: Undecidable: told to",
        "deadly": "its worker died 2 times while it was decided alone",
    }


@pytest.mark.fault("leave")
def test_sigterm_leaves_in_time_with_everything_settled(
    start_worker: StartWorker, books: Books, make_message: MakeMessage
) -> None:
    books.fill(stream(make_message, 500))
    worker = start_worker(batch_count=16, gated=True)
    worker.wait_until_ready()
    worker.let_decide(2)
    worker.process.send_signal(signal.SIGTERM)
    code, report = worker.finish()
    after = books.balance()
    assert code == 0
    assert 0 < report["decided"] == after.decided < 500
    assert all(row["token"] is None for row in rows(books.database, "inbox"))


@pytest.mark.fault("disk")
def test_a_full_disk_is_waited_for(
    sqlite_url: str, start_worker: StartWorker, books: Books, make_message: MakeMessage
) -> None:
    if books.database.dialect != "sqlite":
        pytest.skip("the disk of PostgreSQL is the server's")
    books.fill(stream(make_message, 2000))
    worker = start_worker(drain=True, batch_count=100, seconds=0.02, outage_delay_most=0.2)
    worker.wait_until_ready()
    resource.prlimit(worker.process.pid, resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
    worker.wait_for_log("waiting")
    assert worker.process.poll() is None
    stuck = books.balance()
    assert stuck.waiting > 0
    resource.prlimit(
        worker.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    )
    code, report = worker.finish()
    after = books.balance()
    assert (code, after.decided, after.dead) == (0, 2000, 0)
    assert report["outages"] > 0


@pytest.mark.fault("server")
def test_a_database_that_goes_away_and_comes_back_is_waited_for(
    postgres: PostgresServer,
    database: Database,
    start_worker: StartWorker,
    books: Books,
    make_message: MakeMessage,
) -> None:
    if database.dialect != "postgresql":
        pytest.skip("SQLite has no server")
    books.fill(stream(make_message, 2000))
    worker = start_worker(drain=True, batch_count=50, gated=True, outage_delay_most=0.5)
    worker.wait_until_ready()
    worker.let_decide(2)
    database.close()
    postgres.stop(signal.SIGQUIT)
    try:
        worker.open_gate()
        worker.wait_for_log("waiting")
        assert worker.process.poll() is None
    finally:
        postgres.start()
    code, report = worker.finish()
    after = books.balance()
    assert (code, after.decided, after.dead) == (0, 2000, 0)
    assert report["outages"] > 0
