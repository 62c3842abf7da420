"""Polls Kafka in a thread of its own, so that the group goes on while what was read is stored:
partitions begin where they stand, pause while there is no room, and say what they have lost.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from queue import Empty, Full, Queue
from threading import Event, Thread

from intent.model.errors import IntentError
from intent.sources.brokers.kafka_address import PartitionPosition
from intent.sources.brokers.kafka_client import (
    BEGINNING,
    KafkaConsumer,
    KafkaRefusal,
    KafkaTrouble,
    Partition,
    Record,
    is_out_of_range,
    meaning,
    new_consumer,
    translated_kafka,
)
from intent.sources.brokers.kafka_partition import HeldPartition, PartitionChunk, position_after
from intent.sources.gather import AT_ONCE
from intent.telemetry import logger

POLL = 0.5
"""Seconds between looks at whether we are to leave, while nothing comes."""

GATHER = 0.02
"""Seconds that the first of a batch waits for others."""

COMMIT_EVERY = 1.0
"""Seconds between commits."""

AHEAD = 4
"""Batches that are read ahead of what is being stored."""


@dataclass(frozen=True, slots=True)
class FeedSettings:
    """How a topic is read.

    Attributes:
        connection: librdkafka's settings of it.
        group: the consumer group.
        protocol: ``classic``, or ``consumer`` for KIP-848.
        session: seconds after which the group gives a dead reader's partitions to others.
        commits: whether offsets are committed.
        patience: seconds without room until fetching pauses; the group wants to hear of us every
            five minutes.
    """

    connection: Mapping[str, str]
    topic: str
    name: str
    group: str = "lead-intent"
    protocol: str = "classic"
    session: float = 10.0
    commits: bool = True
    patience: float = 5.0
    told: Callable[[str], None] = field(default=lambda what: None)
    """Told what the thread does: ``assigned``, ``revoked``, ``lost``, ``paused``, ``resumed``."""


class TopicFeed:
    """Reads the partitions that the group gives us."""

    def __init__(
        self, settings: FeedSettings, stored: Callable[[int], PartitionPosition | None]
    ) -> None:
        """Prepare to read; ``stored`` says where a partition stands, and None if it never did."""
        self._settings, self._where = settings, stored
        self._chunks: Queue[PartitionChunk] = Queue(AHEAD)
        self._held: dict[int, HeldPartition] = {}
        self._leases = 0
        self._late: list[Record] = []
        self._failed: Exception | None = None
        self._trouble: IntentError | None = None
        self._leaving = Event()
        self._commit_at = 0.0
        self._log = logger("kafka")
        self._thread = Thread(target=self._run, name=settings.name, daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def take(self, seconds: float) -> PartitionChunk | None:
        """Return the next chunk of a partition that is still ours; None when nothing came.

        Raises:
            SourceLost: the brokers are away.
            OperatorError: they do not let us in, or there is no such topic.
        """
        try:
            chunk = self._chunks.get(timeout=seconds)
        except Empty:
            if self._failed is not None:
                raise self._failed from None
            return None
        return chunk if self._is_ours(chunk) else None

    def done(self, chunk: PartitionChunk) -> None:
        """Have the offset of a stored chunk committed, if its partition is still ours."""
        held = self._held.get(chunk.partition)
        if held is not None and held.lease == chunk.lease:
            held.stored = chunk.after.offset

    def close(self) -> None:
        """Leave the group."""
        self._leaving.set()
        self._thread.join()

    def _is_ours(self, chunk: PartitionChunk) -> bool:
        held = self._held.get(chunk.partition)
        return held is not None and held.lease == chunk.lease

    def _run(self) -> None:
        try:
            with translated_kafka(self._settings.name):
                self._consume()
        # Whatever it is, the one who takes is told.
        except Exception as error:  # noqa: BLE001
            self._failed = error

    def _consume(self) -> None:
        settings = self._settings
        consumer = new_consumer(
            settings.connection,
            group=settings.group,
            protocol=settings.protocol,
            session=settings.session,
            failed=self._note,
        )
        try:
            consumer.subscribe(
                [settings.topic],
                on_assign=self._assigned,
                on_revoke=self._revoked,
                on_lost=self._lost,
            )
            while not self._leaving.is_set():
                self._turn(consumer)
            self._commit(consumer, self._held)
        finally:
            consumer.close()

    def _turn(self, consumer: KafkaConsumer) -> None:
        records, self._late = self._late, []
        if not records:
            came = consumer.poll(POLL)
            records = [] if came is None else [came, *consumer.consume(AT_ONCE - 1, GATHER)]
        if self._trouble is not None:
            raise self._trouble
        for chunk in self._split(consumer, records):
            self._hand_over(consumer, chunk)
        if time.monotonic() >= self._commit_at:
            self._commit_at = time.monotonic() + COMMIT_EVERY
            self._commit(consumer, self._held)

    def _split(
        self, consumer: KafkaConsumer, records: Iterable[Record]
    ) -> Iterator[PartitionChunk]:
        """Return what came by partition; a partition that lost messages tells of it."""
        by_partition: dict[int, list[Record]] = {}
        for record in records:
            error, partition = record.error(), record.partition()
            if error is None and partition in self._held:
                by_partition.setdefault(partition, []).append(record)
            elif error is not None and is_out_of_range(error) and partition in self._held:
                yield self._restarted(consumer, partition)
            elif error is not None:
                self._note(error)
        for partition, came in by_partition.items():
            held = self._held.get(partition)
            if held is not None:
                held.next = position_after(came[-1])
                yield PartitionChunk(partition, held.next, came, lease=held.lease)

    def _restarted(self, consumer: KafkaConsumer, partition: int) -> PartitionChunk:
        """Read a partition on from the oldest message that it still holds."""
        held = self._held[partition]
        stood = held.next or PartitionPosition(0)
        at = Partition(self._settings.topic, partition)
        low, high = consumer.get_watermark_offsets(at, timeout=10.0)
        missed = None
        if stood.offset < low:
            missed = (
                f"the topic's retention deleted {low - stood.offset:,} messages before they were "
                f"read (offsets {stood.offset} to {low - 1} of partition {partition})"
            )
        elif stood.offset > high:
            missed = (
                f"partition {partition} ends before our position ({high} < {stood.offset}): the "
                "topic was made again, and is read from its beginning; what was not read of the "
                "old one is lost"
            )
        at.offset = low if missed else stood.offset
        consumer.incremental_unassign([at])
        consumer.incremental_assign([at])
        held.next = PartitionPosition(at.offset, stood.added)
        return PartitionChunk(
            partition, held.next, missed=missed, since=stood.added, lease=held.lease
        )

    def _hand_over(self, consumer: KafkaConsumer, chunk: PartitionChunk) -> None:
        """Hand a chunk over; while there is no room, pause, and go on polling."""
        wait, is_paused = self._settings.patience, False
        while not self._leaving.is_set() and self._is_ours(chunk):
            try:
                self._chunks.put(chunk, timeout=wait)
                break
            except Full:
                wait = 0.1
            if not is_paused:
                self._settings.told("paused")
            is_paused = True
            consumer.pause(consumer.assignment())  # whatever was given to us meanwhile, too
            came = consumer.poll(0.1)
            if came is not None:
                self._late.append(came)
        if is_paused:
            consumer.resume(consumer.assignment())
            self._settings.told("resumed")

    def _note(self, error: KafkaTrouble) -> None:
        trouble = meaning(error, self._settings.name)
        if trouble is not None:
            self._trouble = trouble
        else:
            self._log.debug("mended by itself", error=error.str())

    def _assigned(self, consumer: KafkaConsumer, partitions: list[Partition]) -> None:
        for one in partitions:
            stood = self._where(one.partition)
            self._leases += 1
            self._held[one.partition] = HeldPartition(stood, self._leases)
            one.offset = BEGINNING if stood is None else stood.offset
        consumer.incremental_assign(partitions)
        self._settings.told("assigned")

    def _revoked(self, consumer: KafkaConsumer, partitions: list[Partition]) -> None:
        self._commit(consumer, [one.partition for one in partitions])
        self._forget(partitions)
        self._settings.told("revoked")

    def _lost(self, _: KafkaConsumer, partitions: list[Partition]) -> None:
        # They are somebody else's by now, who stands where our last put has left them.
        self._forget(partitions)
        self._settings.told("lost")

    def _forget(self, partitions: Iterable[Partition]) -> None:
        for one in partitions:
            self._held.pop(one.partition, None)

    def _commit(self, consumer: KafkaConsumer, partitions: Iterable[int]) -> None:
        """Commit what is stored, for whoever watches the lag; whether it works changes nothing."""
        offsets = []
        for partition in partitions:
            held = self._held.get(partition)
            if held is not None and held.stored is not None:
                offsets.append(Partition(self._settings.topic, partition, held.stored))
                held.stored = None
        try:
            if offsets and self._settings.commits:
                consumer.commit(offsets=offsets, asynchronous=True)
        except KafkaRefusal as error:
            self._log.debug("not committed", error=str(error))
