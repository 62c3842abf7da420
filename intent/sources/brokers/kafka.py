"""Reads a Kafka topic as one of its consumer group; where each partition stands is stored with what
was read from it (``kafka:``).

A batch holds what came from one partition, and its position. A partition that moves to another
consumer so takes its position along, and what is still on its way here is dropped by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from threading import Event

from intent.model.batch import Batch, Gap, Position, Refused
from intent.model.message import Message
from intent.sources.brokers.kafka_address import read_token
from intent.sources.brokers.kafka_feed import FeedSettings, TopicFeed
from intent.sources.brokers.kafka_partition import PartitionChunk
from intent.sources.door import Door

PAUSE = 1.0
"""Seconds between two batches, at most: an empty one when nothing came."""


class KafkaSource:
    """Reads values that hold a message each."""

    def __init__(
        self,
        settings: FeedSettings,
        stored: Callable[[str], Position | None],
        *,
        stop: Event,
        step: Callable[[str], None] = lambda name: None,
        door: Door | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Prepare to read.

        Args:
            settings: the topic, its brokers and the group.
            stored: returns where a partition stood after the last batch that was put.
            stop: set to leave.
            step: told each step as it is passed: ``read``, ``stored``, ``acknowledged``.
            door: the rules that messages must keep; without it those of every source.
            now: the time of day, aware.
        """
        self._settings, self._positions, self._stop, self._step = settings, stored, stop, step
        self._door, self._now = door or Door(), now

    def read(self) -> Iterator[Batch]:
        """Yield what waits and what comes.

        Raises:
            SourceLost: the brokers are away.
            OperatorError: they do not let us in, or there is no such topic.
        """
        feed = TopicFeed(
            self._settings,
            lambda partition: (
                read_token(position.token)
                if (position := self._positions(self._position_of(partition)))
                else None
            ),
        )
        feed.start()
        try:
            while not self._stop.is_set():
                yield from self._next(feed)
        finally:
            feed.close()

    def _next(self, feed: TopicFeed) -> Iterator[Batch]:
        chunk = feed.take(PAUSE)
        if chunk is None:
            yield Batch()
            return
        self._step("read")
        yield self._batch(chunk)
        self._step("stored")
        feed.done(chunk)
        self._step("acknowledged")

    def _batch(self, chunk: PartitionChunk) -> Batch:
        topic, partition = self._settings.topic, chunk.partition
        read: list[Message | Refused] = []
        for record in chunk.records:
            payload = record.value()
            if payload:  # an empty one says that a key is gone, and no message
                text = payload.encode("utf-8") if isinstance(payload, str) else payload
                read.append(self._door.payload(text, f"{topic}/{partition}/{record.offset()}"))
        gaps = []
        if chunk.missed:
            now = self._now()
            since = min(chunk.since or now, now)
            gaps.append(Gap("kafka", f"{topic}/{partition}", since, now, chunk.missed))
        return Batch(
            [one for one in read if isinstance(one, Message)],
            [one for one in read if isinstance(one, Refused)],
            gaps=gaps,
            position=Position(self._position_of(partition), chunk.after.token()),
        )

    def _position_of(self, partition: int) -> str:
        return f"{self._settings.name}/{partition}"
