"""``intent listen`` is killed at every step and at random moments while it reads a broker, and the
broker is killed, flushed and trimmed; afterwards every message is stored exactly once.
"""

from __future__ import annotations

import itertools
import random
import signal
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from intent.sources.brokers.kafka_client import new_producer
from intent.sources.brokers.redis_client import connect
from intent.store.engine import Database
from tests.brokers import KafkaCluster, RedisServer, payload
from tests.fault_tries import Tries, in_rounds
from tests.faults.children import listen, until, work
from tests.faults.fault_house import FaultHouse
from tests.faults.oracle import CANARY, reckon
from tests.listening import ListenProcess, StartListening

pytestmark = pytest.mark.slow

STEPS = ("read:2", "stored:2", "acknowledged:1")


class Broker(ABC):
    """A broker that a listener reads while it is filled; every third message holds a telephone
    number.
    """

    sources: dict[str, Any]
    added = 0

    def add(self, count: int) -> None:
        numbers = range(self.added, self.added + count)
        details = [f" wa {CANARY.format(one)}" if one % 3 == 0 else "" for one in numbers]
        self._send([payload(*one) for one in zip(numbers, details, strict=True)])
        self.added += count

    @property
    def ids(self) -> list[str]:
        return [f"m-{number}" for number in range(self.added)]

    @abstractmethod
    def _send(self, payloads: list[bytes]) -> None: ...


class RedisBroker(Broker):
    def __init__(self, server: RedisServer) -> None:
        self.server, self.client = server, connect(server.url)
        address = f"{server.url}/comments"
        self.sources = {"room": {"source": address, "claim_after": 1.0}}

    def _send(self, payloads: list[bytes]) -> None:
        for one in payloads:
            self.client.xadd("comments", {"message": one})


class KafkaBroker(Broker):
    def __init__(self, cluster: KafkaCluster) -> None:
        self.cluster = cluster
        cluster.create_topic("comments", 3)
        self.producer = new_producer({"bootstrap.servers": cluster.servers})
        address = f"kafka://{cluster.servers}/comments"
        self.sources = {"room": {"source": address, "session": 1.0}}

    def _send(self, payloads: list[bytes]) -> None:
        for number, one in enumerate(payloads):
            self.producer.produce("comments", one, partition=number % 3)
        assert self.producer.flush(30) == 0


@pytest.fixture(
    params=[pytest.param(one, marks=pytest.mark.fault(one)) for one in ("redis", "kafka")]
)
def broker(request: pytest.FixtureRequest) -> Iterator[Broker]:
    if request.param == "redis":
        with RedisServer() as server:
            yield RedisBroker(server)
    else:
        with KafkaCluster() as cluster:
            yield KafkaBroker(cluster)


def killed_at(
    start: StartListening, url: str, broker: Broker, steps: list[str | int]
) -> ListenProcess:
    """Kill a listener at each step, or once it has stored so many more than there were; return a
    last one that has stored everything.
    """
    for step in steps:
        broker.add(40)
        if isinstance(step, str):
            process = start(url, broker.sources, INTENT_FAILPOINT=step)
            while not _has_left(process):
                broker.add(1)
            assert process.process.returncode == -9, process.log
            continue
        _killed_behind(start(url, broker.sources), broker, step)
    broker.add(1)  # so that the last one has something to do, and is there
    process = start(url, broker.sources)
    process.wait_until(lambda: len(process.stored_ids()) == broker.added)
    assert process.leave() == 0
    return process


def _has_left(process: ListenProcess) -> bool:
    try:
        process.process.wait(0.1)
    except subprocess.TimeoutExpired:
        return False
    return True


def _killed_behind(process: ListenProcess, broker: Broker, count: int) -> None:
    """Kill a listener while it stores what is added, somewhere behind so many messages."""
    before = len(process.stored_ids())
    process.wait_until(lambda: len(process.stored_ids()) > before)
    broker.add(count)
    process.wait_until(lambda: len(process.stored_ids()) > before + count // 2)
    process.kill()


def is_whole(process: ListenProcess, broker: Broker, tries: Tries, tried: int) -> None:
    """Assert that everything is stored once, and that no contact detail stands in the clear beside
    it: in the database's files, the spool and what was logged.
    """
    assert sorted(process.stored_ids()) == sorted(broker.ids)
    assert process.gaps() == []
    places = [process.folder.parent]
    reckoning = reckon(process.database, broker.ids, waiting=True, places=places)
    tries.add(reckoning, tried=tried)


def test_killed_at_any_step_nothing_is_lost_or_doubled(
    broker: Broker, start_listening: StartListening, sqlite_url: str, tries: Tries
) -> None:
    last = killed_at(start_listening, sqlite_url, broker, [*STEPS, 20])
    is_whole(last, broker, tries, len(STEPS) + 1)


@in_rounds(3, 100)
def test_killed_at_any_step_of_the_first_batches_everything_is_read_once(
    rounds: int, broker: Broker, sqlite_house: FaultHouse, tries: Tries
) -> None:
    house, file = sqlite_house, sqlite_house.folder / "sources.yaml"
    file.write_text(yaml.safe_dump(broker.sources), encoding="utf-8")
    house.settings |= {"sources": file, "state_dir": house.folder / "state"}
    places = itertools.cycle(itertools.product((1, 2), ("read", "stored", "acknowledged")))
    for number, step in itertools.islice(places, rounds):
        broker.add(9)
        victim = house.child(listen, failpoint=f"{step}:{number}")
        while victim.process.is_alive():
            victim.process.join(0.1)
            broker.add(1)
        assert victim.ended() == -signal.SIGKILL, victim.said()
        reads_everything(house, broker)
        tries.add(house.reckoned(waiting=True))
    assert house.child(work).ended() == 0
    tries.add(house.reckoned(), tried=0)


def reads_everything(house: FaultHouse, broker: Broker) -> None:
    """Let a reader go on until everything is stored, and leave."""
    broker.add(1)  # so that it has something to do, and is there
    reader = house.child(listen)
    until(lambda: house.app.inbox.waiting() >= broker.added)
    reader.send(signal.SIGTERM)
    assert reader.ended() == 0, reader.said()
    house.sent = dict.fromkeys(broker.ids)


@pytest.mark.soak
def test_killed_thirty_times_nothing_is_lost_or_doubled(
    broker: Broker, start_listening: StartListening, database: Database, tries: Tries
) -> None:
    moments = random.Random(20261127)
    steps: list[str | int] = [*STEPS * 3, *(moments.randint(1, 400) for _ in range(21))]
    moments.shuffle(steps)
    is_whole(killed_at(start_listening, database.url, broker, steps), broker, tries, len(steps))


def test_a_broker_that_is_killed_and_comes_back_loses_nothing(
    broker: Broker, start_listening: StartListening, sqlite_url: str, tries: Tries
) -> None:
    broker.add(100)
    process = start_listening(sqlite_url, broker.sources)
    for _ in range(2):
        process.wait_until(lambda: len(process.stored_ids()) == broker.added)
        if isinstance(broker, RedisBroker):
            broker.server.kill()
            process.wait_until(lambda: "lost" in process.log)
            broker.server.start()
        elif isinstance(broker, KafkaBroker):
            broker.cluster.break_down()
            process.wait_until(lambda: "lost" in process.log)
            broker.cluster.come_back()
        broker.add(100)
    process.wait_until(lambda: len(process.stored_ids()) == broker.added)
    assert process.leave() == 0
    is_whole(process, broker, tries, 2)


@pytest.mark.fault("redis", on="redis")
def test_a_redis_that_is_flushed_is_a_gap_and_what_comes_afterwards_is_stored(
    start_listening: StartListening, sqlite_url: str
) -> None:
    with RedisServer() as server:
        broker = RedisBroker(server)
        broker.add(50)
        process = start_listening(sqlite_url, broker.sources)
        process.wait_until(lambda: len(process.stored_ids()) == 50)
        broker.client.flushall()
        process.wait_until(lambda: len(process.gaps()) == 1)
        broker.add(50)
        process.wait_until(lambda: len(process.stored_ids()) == 100)
        assert process.leave() == 0
        assert "flushed" in process.gaps()[0].reason
