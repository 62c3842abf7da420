"""Writes messages to a Kafka topic, keyed by room; implements ``Publisher``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from intent.model.errors import SourceLost
from intent.model.message import Message, wire
from intent.sources.brokers.kafka_client import (
    KafkaTrouble,
    Record,
    meaning,
    new_producer,
    translated_kafka,
)

LONGEST = 60.0
"""Seconds to wait for what the brokers were sent."""


class KafkaPublisher:
    """Writes to one topic; a room stays in one partition, and so in order."""

    def __init__(self, connection: Mapping[str, str], topic: str) -> None:
        self._topic = topic
        with translated_kafka(topic):
            self._producer = new_producer(connection)

    def publish(self, messages: Sequence[Message]) -> None:
        """Return once all replicas that must have all of them do.

        Raises:
            SourceLost: the brokers did not confirm all of them; some may be there.
            OperatorError: they do not let us in, or there is no such topic.
        """
        failed: list[KafkaTrouble] = []

        def delivered(error: KafkaTrouble | None, _: Record) -> None:
            if error is not None:
                failed.append(error)

        with translated_kafka(self._topic):
            for message in messages:
                room = f"{message.platform}:{message.room_id}"
                self._producer.produce(
                    self._topic, wire(message), key=room.encode("utf-8"), on_delivery=delivered
                )
                self._producer.poll(0)
            left = self._producer.flush(LONGEST)
        if failed:
            known = meaning(failed[0], self._topic)
            raise known or SourceLost(f"{self._topic}: {failed[0].str()}")
        if left:
            raise SourceLost(f"{self._topic}: {left} messages were not confirmed")

    def close(self) -> None:
        """Give up what was not confirmed."""
        self._producer.purge()
