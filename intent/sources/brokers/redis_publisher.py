"""Adds messages to a Redis Stream, an entry each; implements ``Publisher``."""

from __future__ import annotations

from collections.abc import Sequence

from intent.model.message import Message, wire
from intent.sources.brokers.redis_address import FIELD
from intent.sources.brokers.redis_client import RedisClient, translated


class RedisPublisher:
    """Adds to one stream. A call that fails may have added some: who publishes again adds them
    twice, and identity makes one of both.
    """

    def __init__(self, client: RedisClient, stream: str) -> None:
        self._client, self._stream = client, stream

    def publish(self, messages: Sequence[Message]) -> None:
        """Return once the server has all of them.

        Raises:
            SourceLost: the server is away or has no room.
            OperatorError: it does not let us in, or the key is no stream.
        """
        with translated(self._stream), self._client.pipeline(transaction=False) as pipe:
            for message in messages:
                pipe.xadd(self._stream, {FIELD: wire(message)})
            pipe.execute()

    def close(self) -> None:
        """End the connection."""
        self._client.close()
