"""Builds what reads brokers and writes to them: Redis Streams and Kafka."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Mapping

from intent.bootstrap.failpoint import failpoint
from intent.bootstrap.sources import SourceRequest
from intent.model.errors import OperatorError, WrongUse
from intent.ports.ingestion import Publisher, Source


def build_redis(request: SourceRequest) -> Source:
    """Build the source of a Redis Stream.

    Raises:
        OperatorError: the extra package is missing.
        WrongUse: the address is wrong.
    """
    try:
        from intent.sources.brokers.redis import RedisSource
        from intent.sources.brokers.redis_client import connect
        from intent.sources.brokers.redis_group import StreamGroup, StreamTrial
    except ModuleNotFoundError as error:
        raise OperatorError(missing("redis")) from error
    from intent.sources.brokers.redis_address import redis_stream

    url, stream = redis_stream(request.target, request.environment)
    kind = StreamTrial if request.trial else StreamGroup
    # The same name each time: what a killed process held comes again as soon as it is back.
    consumer = f"{socket.gethostname()}:{request.name}"
    return RedisSource(
        kind(connect(url), stream, request.text("group"), consumer),
        request.name,
        position=request.position,
        stop=request.stop,
        claim_after=request.number("claim_after"),
        step=failpoint(request.environment.get("INTENT_FAILPOINT")),
    )


def build_kafka(request: SourceRequest) -> Source:
    """Build the source of a Kafka topic.

    Raises:
        OperatorError: the extra package is missing.
        WrongUse: the address is wrong.
    """
    try:
        from intent.sources.brokers.kafka import KafkaSource
        from intent.sources.brokers.kafka_feed import FeedSettings
    except ModuleNotFoundError as error:
        raise OperatorError(missing("kafka")) from error
    from intent.sources.brokers.kafka_address import kafka_topic

    connection, topic = kafka_topic(request.target, request.environment)
    group = request.text("group")
    settings = FeedSettings(
        connection,
        topic,
        request.name,
        # A trial takes no partition from those who store what they read.
        group=f"{group}-trial-{secrets.token_hex(4)}" if request.trial else group,
        protocol=request.text("protocol"),
        session=request.number("session"),
        commits=not request.trial,
    )
    return KafkaSource(
        settings,
        request.stored,
        stop=request.stop,
        step=failpoint(request.environment.get("INTENT_FAILPOINT")),
    )


def build_publisher(to: str, environment: Mapping[str, str]) -> Publisher:
    """Build what publishes to ``redis:STREAM``, ``kafka:TOPIC`` or either with its servers.

    Raises:
        OperatorError: the extra package is missing, or a setting is wrong.
        WrongUse: it is no address of a broker.
    """
    scheme, _, target = to.partition(":")
    if scheme not in {"redis", "kafka"} or not target:
        raise WrongUse(
            f"{to!r} is no address of a broker; write it like redis:comments or "
            "kafka://host:9092/comments"
        )
    try:
        return (_to_redis if scheme == "redis" else _to_kafka)(target, environment)
    except ModuleNotFoundError as error:
        raise OperatorError(missing(scheme)) from error


def _to_redis(target: str, environment: Mapping[str, str]) -> Publisher:
    from intent.sources.brokers.redis_address import redis_stream
    from intent.sources.brokers.redis_client import connect
    from intent.sources.brokers.redis_publisher import RedisPublisher

    url, stream = redis_stream(target, environment)
    return RedisPublisher(connect(url), stream)


def _to_kafka(target: str, environment: Mapping[str, str]) -> Publisher:
    from intent.sources.brokers.kafka_address import kafka_topic
    from intent.sources.brokers.kafka_publisher import KafkaPublisher

    return KafkaPublisher(*kafka_topic(target, environment))


def missing(extra: str) -> str:
    """Return what to say where an extra package is missing."""
    return f"the package for {extra} is missing; run: pip install 'lead-intent[{extra}]'"
