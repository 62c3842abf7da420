"""A Kafka topic is read on from where its partitions were stored; run against librdkafka's mock
cluster, over Kafka's protocol.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from threading import Event
from typing import Any

import pytest

from intent.model.batch import Batch, Position
from intent.model.errors import OperatorError, SourceLost, StoreUnavailable, WrongUse
from intent.sources.brokers.kafka import KafkaSource
from intent.sources.brokers.kafka_address import PartitionPosition, kafka_topic, read_token
from intent.sources.brokers.kafka_client import new_producer
from intent.sources.brokers.kafka_feed import FeedSettings
from tests.brokers import KafkaCluster, payload

_topics = itertools.count(1)
OFFSET_COMMIT, HEARTBEAT = 8, 12
COORDINATOR_NOT_AVAILABLE, UNKNOWN_MEMBER_ID = 15, 25
LOOKS = 60
"""Batches, empty ones included, until a test gives up: at most a second each."""


@dataclass
class Topic:
    """A fresh topic, and what was stored of it."""

    cluster: KafkaCluster
    name: str
    positions: dict[str, Position] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)

    def add(self, *numbers: int, partition: int = 0) -> None:
        producer = new_producer({"bootstrap.servers": self.cluster.servers})
        for number in numbers:
            producer.produce(self.name, payload(number), partition=partition)
        assert producer.flush(30) == 0

    def source(self, *, stop: Event | None = None, **options: Any) -> KafkaSource:
        connection = {"bootstrap.servers": self.cluster.servers}
        options = {
            "session": 1.0,
            "group": self.name,
            "told": lambda what: self.told.append(what),
            **options,
        }
        settings = FeedSettings(connection, self.name, "kafka:t", **options)
        return KafkaSource(settings, self.positions.get, stop=stop or Event())

    def read(self, batches: Iterator[Batch], count: int) -> list[str]:
        """Store so many messages, and return their ids."""
        came: list[str] = []
        for batch in itertools.islice(batches, LOOKS):
            came += [message.message_id for message in batch.messages]
            if batch.position is not None:
                self.positions[batch.position.source] = batch.position
            if len(came) >= count:
                return came
        raise AssertionError(f"only {len(came)} of {count} came")


@pytest.fixture(scope="module")
def cluster() -> Iterator[KafkaCluster]:
    with KafkaCluster() as running:
        yield running


@pytest.fixture
def topic(cluster: KafkaCluster) -> Topic:
    made = Topic(cluster, f"topic-{next(_topics)}")
    cluster.create_topic(made.name, 2)
    return made


def first(batches: Iterator[Batch], wanted: Callable[[Batch], object]) -> Batch:
    return next(batch for batch in itertools.islice(batches, LOOKS) if wanted(batch))


def ids(*numbers: int) -> list[str]:
    return [f"m-{number}" for number in numbers]


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_a_topic_is_read_from_its_beginning_and_then_from_where_it_was_stored(
    topic: Topic, protocol: str
) -> None:
    topic.add(1, 2)
    with closing(topic.source(protocol=protocol).read()) as batches:
        assert topic.read(batches, 2) == ids(1, 2)
    topic.add(3)
    with closing(topic.source(protocol=protocol).read()) as batches:
        assert topic.read(batches, 1) == ids(3)
    assert read_token(topic.positions["kafka:t/0"].token).offset == 3


def test_what_was_read_and_not_stored_comes_again_whatever_was_committed(topic: Topic) -> None:
    topic.add(1, 2)
    with closing(topic.source().read()) as batches:
        topic.read(batches, 2)
        next(batches)  # the offset is committed
    topic.positions.clear()
    with closing(topic.source().read()) as batches:
        assert topic.read(batches, 2) == ids(1, 2)


def test_a_batch_holds_one_partition_and_where_it_stands(topic: Topic) -> None:
    topic.add(1, 2)
    topic.add(3, partition=1)
    with closing(topic.source().read()) as batches:
        assert sorted(topic.read(batches, 3)) == ids(1, 2, 3)
    offsets = {name: read_token(one.token).offset for name, one in topic.positions.items()}
    assert offsets == {"kafka:t/0": 2, "kafka:t/1": 1}


def test_what_is_no_message_is_refused_under_its_offset_and_empty_values_are_passed_over(
    topic: Topic,
) -> None:
    producer = new_producer({"bootstrap.servers": topic.cluster.servers})
    producer.produce(topic.name, None, key="gone", partition=0)
    producer.produce(topic.name, b"", partition=0)
    producer.produce(topic.name, b"{", partition=0, headers={"trace": "1"})
    assert producer.flush(30) == 0
    with closing(topic.source().read()) as batches:
        batch = first(batches, bool)
    assert [one.position for one in batch.refused] == [f"{topic.name}/0/2"]
    assert batch.position is not None
    assert read_token(batch.position.token).offset == 3


def test_what_retention_deleted_before_it_was_read_is_counted_in_a_gap(topic: Topic) -> None:
    topic.add(*range(1, 11))
    with closing(topic.source().read()) as batches:
        topic.read(batches, 10)
    stood = read_token(topic.positions["kafka:t/0"].token)
    topic.positions["kafka:t/0"] = Position("kafka:t/0", PartitionPosition(3, stood.added).token())
    topic.cluster.delete_before(topic.name, 0, 7)
    with closing(topic.source().read()) as batches:
        batch = first(batches, lambda batch: batch.gaps)
        assert topic.read(batches, 3) == ids(8, 9, 10)
    assert "deleted 4 messages before they were read (offsets 3 to 6" in batch.gaps[0].reason
    assert (batch.gaps[0].room_id, batch.gaps[0].since) == (f"{topic.name}/0", stood.added)


def test_a_topic_that_was_made_again_is_a_gap_and_is_read_from_its_beginning(topic: Topic) -> None:
    topic.positions["kafka:t/0"] = Position("kafka:t/0", "1000")
    topic.add(1)
    with closing(topic.source().read()) as batches:
        assert "made again" in first(batches, lambda batch: batch.gaps).gaps[0].reason
        assert topic.read(batches, 1) == ids(1)


def test_while_there_is_no_room_fetching_pauses_and_nothing_is_lost_or_out_of_order(
    topic: Topic,
) -> None:
    topic.add(*range(5000))
    paused = Event()

    def hear(what: str) -> None:
        if what == "paused":
            paused.set()

    with closing(topic.source(patience=0.0, told=hear).read()) as batches:
        came = topic.read(batches, 500)
        assert paused.wait(60)
        came += topic.read(batches, 5000 - len(came))
    assert came == ids(*range(5000))


def test_two_readers_share_the_partitions_and_one_that_leaves_hands_its_own_over(
    topic: Topic,
) -> None:
    numbers = itertools.count(1)

    def add() -> set[str]:
        mine, other = next(numbers), next(numbers)
        topic.add(mine)
        topic.add(other, partition=1)
        return set(ids(mine, other))

    wanted = add()
    one = topic.source().read()
    came = set(topic.read(one, 2))
    two = topic.source().read()
    both: set[str] = set()
    for _ in range(LOOKS):
        wanted |= set() if both else add()
        came |= {m.message_id for m in _store(topic, next(one)).messages}
        new = {m.message_id for m in _store(topic, next(two)).messages}
        came, both = came | new, both | new
        if both and came == wanted:
            break
    assert both, "the second reader was given a partition"
    assert came == wanted
    one.close()  # type: ignore[attr-defined]
    wanted |= add()
    while came != wanted:
        came |= set(topic.read(two, 1))
    two.close()  # type: ignore[attr-defined]


def _store(topic: Topic, batch: Batch) -> Batch:
    if batch.position is not None:
        topic.positions[batch.position.source] = batch.position
    return batch


def test_partitions_that_are_lost_are_given_back_without_a_commit_and_read_on(
    topic: Topic,
) -> None:
    topic.add(1, 2)
    with closing(topic.source().read()) as batches:
        assert topic.read(batches, 2) == ids(1, 2)
        topic.cluster.refuse(HEARTBEAT, UNKNOWN_MEMBER_ID, 1)
        first(batches, lambda batch: "lost" in topic.told)
        topic.add(3)
        assert topic.read(batches, 1) == ids(3)
    assert topic.told.count("assigned") == 2


def test_a_commit_that_fails_changes_nothing(topic: Topic) -> None:
    topic.cluster.refuse(OFFSET_COMMIT, UNKNOWN_MEMBER_ID, 3)
    topic.add(1, 2)
    with closing(topic.source().read()) as batches:
        assert topic.read(batches, 2) == ids(1, 2)
        topic.add(3)
        assert topic.read(batches, 1) == ids(3)


def test_brokers_that_are_away_are_a_lost_source_and_it_goes_on_when_they_are_back() -> None:
    with KafkaCluster() as cluster:
        topic = Topic(cluster, "comments")
        cluster.create_topic("comments", 1)
        topic.add(1)
        batches = topic.source().read()
        topic.read(batches, 1)
        cluster.break_down()
        with pytest.raises(SourceLost, match="no broker answers"):
            list(itertools.islice(batches, LOOKS))
        cluster.come_back()
        topic.add(2)
        with closing(topic.source().read()) as batches:
            assert topic.read(batches, 1) == ids(2)


def test_a_topic_that_is_missing_and_a_wrong_setting_are_the_operators(
    cluster: KafkaCluster, topic: Topic
) -> None:
    with pytest.raises(OperatorError, match="setting of the connection"):
        list(itertools.islice(topic.source(protocol="none").read(), LOOKS))


def test_a_database_that_is_away_when_a_partition_is_given_to_us_is_told(topic: Topic) -> None:
    def away(name: str) -> Position | None:
        raise StoreUnavailable("away")

    connection = {"bootstrap.servers": topic.cluster.servers}
    settings = FeedSettings(connection, topic.name, "kafka:t", group=topic.name)
    with pytest.raises(StoreUnavailable):
        list(itertools.islice(KafkaSource(settings, away, stop=Event()).read(), LOOKS))


def test_it_leaves_when_it_is_told_to(topic: Topic) -> None:
    stop = Event()
    topic.add(1)
    batches = topic.source(stop=stop).read()
    topic.read(batches, 1)
    stop.set()
    assert list(batches) == []


def test_an_address_names_a_topic_and_perhaps_its_servers() -> None:
    assert kafka_topic("comments", {}) == (
        {"bootstrap.servers": "127.0.0.1:9092", "security.protocol": "PLAINTEXT"},
        "comments",
    )
    settings, name = kafka_topic("//a:1,b:2/t", {"KAFKA_SASL_USERNAME": "u"})
    assert (settings["bootstrap.servers"], name) == ("a:1,b:2", "t")
    assert (settings["security.protocol"], settings["sasl.mechanism"]) == ("SASL_SSL", "PLAIN")
    for wrong in ("//u:p@a:1/t", "//a:1/", "//a:1"):
        with pytest.raises(WrongUse):
            kafka_topic(wrong, {})
