"""What sources read from, each with a small real one of its own: a file, Redis, Kafka."""

from __future__ import annotations

import itertools
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event
from typing import Any

from intent.model.batch import Position
from intent.ports.ingestion import Source
from intent.sources.brokers.kafka import KafkaSource
from intent.sources.brokers.kafka_client import new_producer
from intent.sources.brokers.kafka_feed import FeedSettings
from intent.sources.brokers.redis import RedisSource
from intent.sources.brokers.redis_client import connect
from intent.sources.brokers.redis_group import StreamGroup
from intent.sources.files.file_source import FileSource
from tests.brokers import KafkaCluster, RedisServer

Stored = Callable[[str], Position | None]
_names = itertools.count(1)


class Platform(ABC):
    """Somewhere that payloads wait, in order."""

    @abstractmethod
    def send(self, payloads: Sequence[bytes]) -> None: ...

    @abstractmethod
    def source(self, stored: Stored, stop: Event) -> Source: ...


class ReplayPlatform(Platform):
    """A file, which knows no positions: it is read from its beginning each time."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "recorded.jsonl"

    def send(self, payloads: Sequence[bytes]) -> None:
        with self._file.open("ab") as file:
            file.writelines(payload + b"\n" for payload in payloads)

    def source(self, stored: Stored, stop: Event) -> Source:
        return FileSource(os.open(self._file, os.O_RDONLY), "recorded.jsonl", stop=stop)


class RedisPlatform(Platform):
    """A stream."""

    def __init__(self, server: RedisServer) -> None:
        self._url, self._stream = server.url, f"contract-{next(_names)}"
        self._client: Any = connect(server.url)

    def send(self, payloads: Sequence[bytes]) -> None:
        with self._client.pipeline(transaction=False) as pipe:
            for payload in payloads:
                pipe.xadd(self._stream, {"message": payload})
            pipe.execute()

    def source(self, stored: Stored, stop: Event) -> Source:
        group = StreamGroup(connect(self._url), self._stream, "readers", "a")
        return RedisSource(group, "redis:c", position=stored("redis:c"), stop=stop)


class KafkaPlatform(Platform):
    """A topic of one partition."""

    def __init__(self, cluster: KafkaCluster) -> None:
        self._topic = f"contract-{next(_names)}"
        self._connection = {"bootstrap.servers": cluster.servers}
        cluster.create_topic(self._topic, 1)

    def send(self, payloads: Sequence[bytes]) -> None:
        producer = new_producer(self._connection)
        for payload in payloads:
            producer.produce(self._topic, payload)
        assert producer.flush(30) == 0

    def source(self, stored: Stored, stop: Event) -> Source:
        settings = FeedSettings(
            self._connection, self._topic, "kafka:c", group=self._topic, session=1.0
        )
        return KafkaSource(settings, stored, stop=stop)
