"""Builds sources that read brokers: Redis Streams and Kafka."""

from __future__ import annotations

import secrets
import socket

from intent.bootstrap.failpoint import failpoint
from intent.bootstrap.sources import SourceRequest
from intent.model.errors import OperatorError
from intent.ports.ingestion import Source


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
        commits=not request.trial,
    )
    return KafkaSource(
        settings,
        request.stored,
        stop=request.stop,
        step=failpoint(request.environment.get("INTENT_FAILPOINT")),
    )


def missing(extra: str) -> str:
    """Return what to say where an extra package is missing."""
    return f"the package for {extra} is missing; run: pip install 'lead-intent[{extra}]'"
