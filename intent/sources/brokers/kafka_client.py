"""Talks to Kafka; the one home of the confluent-kafka package, whose errors end here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeAlias

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    TopicPartition,
)

from intent.model.errors import IntentError, OperatorError, SourceLost

Record: TypeAlias = Message
Partition: TypeAlias = TopicPartition
KafkaConsumer: TypeAlias = Consumer
KafkaProducer: TypeAlias = Producer

KafkaTrouble: TypeAlias = KafkaError
KafkaRefusal: TypeAlias = KafkaException

BEGINNING = OFFSET_BEGINNING
"""The oldest offset that a partition holds."""

_FORBIDDEN = frozenset(
    {
        KafkaError._AUTHENTICATION,
        KafkaError.SASL_AUTHENTICATION_FAILED,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
        KafkaError._SSL,
    }
)
_NO_TOPIC = frozenset(
    {
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError._UNKNOWN_TOPIC,
        KafkaError._UNKNOWN_PARTITION,
        KafkaError.TOPIC_EXCEPTION,
    }
)
_HARMLESS = frozenset({KafkaError._PARTITION_EOF, KafkaError._MAX_POLL_EXCEEDED})


def new_consumer(
    connection: Mapping[str, str],
    *,
    group: str,
    protocol: str,
    session: float,
    failed: Callable[[KafkaError], None],
) -> KafkaConsumer:
    """Return a consumer that keeps its positions elsewhere and moves partitions one by one.

    Args:
        connection: librdkafka's settings of it.
        group: the consumer group.
        protocol: ``classic``, or ``consumer`` for KIP-848.
        session: seconds of silence after which the group takes our partitions; with ``consumer``
            the brokers say it.
        failed: told what goes wrong beside reading, such as brokers that do not answer.
    """
    settings: dict[str, object] = {
        **connection,
        "group.id": group,
        "group.protocol": protocol,
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        # What is gone is told of, instead of being passed over.
        "auto.offset.reset": "error",
        "allow.auto.create.topics": False,
        # Of a message beyond the limit we keep the beginning anyway, and memory stays bounded.
        "queued.max.messages.kbytes": 16_384,
        "log_level": 0,
        "error_cb": failed,
    }
    if protocol == "classic":
        settings["partition.assignment.strategy"] = "cooperative-sticky"
        settings["session.timeout.ms"] = int(session * 1000)
        settings["heartbeat.interval.ms"] = int(session * 1000 / 3)
    return Consumer(settings)


def new_producer(connection: Mapping[str, str]) -> KafkaProducer:
    """Return a producer that writes a message once however often it is sent."""
    settings: dict[str, object] = {
        **connection,
        "enable.idempotence": True,
        "compression.type": "lz4",
        "delivery.timeout.ms": 30_000,
        "log_level": 0,
    }
    return Producer(settings)


def meaning(error: KafkaError, what: str) -> IntentError | None:
    """Return what an error means, or None for one that librdkafka mends by itself; ``what`` opens
    its sentence.
    """
    code = error.code()
    if code in _FORBIDDEN:
        return OperatorError(
            f"{what}: Kafka does not let us in ({error.str()}); see KAFKA_SASL_USERNAME, "
            "KAFKA_SASL_PASSWORD and KAFKA_SECURITY_PROTOCOL in docs/sources.md"
        )
    if code in _NO_TOPIC:
        return OperatorError(f"{what}: Kafka has no such topic; create it, or give another name")
    if code == KafkaError._INVALID_ARG:
        return OperatorError(f"{what}: a setting of the connection is wrong ({error.str()})")
    if code == KafkaError._ALL_BROKERS_DOWN:
        return SourceLost(f"{what}: no broker answers")
    if code in _HARMLESS or (error.retriable() and not error.fatal()):
        return None
    if code == KafkaError._TRANSPORT:
        return None  # one broker of several; all of them are told of above
    return SourceLost(f"{what}: {error.str()}")


def is_out_of_range(error: KafkaError) -> bool:
    """Say whether a partition no longer holds, or does not yet hold, the offset that was asked."""
    return bool(error.code() in (KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE))


@contextmanager
def translated_kafka(what: str) -> Iterator[None]:
    """Turn what the client raises into errors that say who can mend it.

    Raises:
        SourceLost: the brokers are away.
        OperatorError: they do not let us in, or there is no such topic.
    """
    try:
        yield
    except KafkaException as error:
        cause = error.args[0]
        known = meaning(cause, what) if isinstance(cause, KafkaError) else None
        raise known or SourceLost(f"{what}: {cause}") from error
