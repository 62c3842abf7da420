"""Talks to Redis; the one home of the redis package, whose errors end here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeAlias

import redis
from redis.backoff import NoBackoff
from redis.exceptions import (
    AuthenticationError,
    AuthorizationError,
    NoPermissionError,
    OutOfMemoryError,
    RedisError,
    ResponseError,
)
from redis.retry import Retry

from intent.model.errors import OperatorError, SourceLost, WrongUse

RedisClient: TypeAlias = redis.Redis

ANSWER = 10.0
"""Seconds that the server may take to answer, and to be reached."""


def connect(url: str) -> RedisClient:
    """Return a client of the server at a URL; nothing is opened yet.

    Nothing is tried twice in here: an entry added twice is two entries, and who listens tries
    again by itself.

    Raises:
        WrongUse: it is no URL of Redis.
    """
    try:
        return redis.Redis.from_url(
            url,
            protocol=2,
            decode_responses=False,
            socket_timeout=ANSWER,
            socket_connect_timeout=ANSWER,
            retry=Retry(NoBackoff(), 0),
        )
    except ValueError as error:
        raise WrongUse("REDIS_URL is no URL of Redis; write it like redis://host:6379/0") from error


def group_is_missing(error: ResponseError) -> bool:
    """Say whether a command failed because its stream or consumer group is gone."""
    return str(error).startswith("NOGROUP")


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn what the client raises into errors that say who can mend it; ``what`` opens their
    sentences.

    Raises:
        SourceLost: the server is away, starts, or has no room.
        OperatorError: it does not let us in, or the key is no stream.
    """
    try:
        yield
    except (AuthenticationError, AuthorizationError, NoPermissionError) as error:
        raise OperatorError(
            f"{what}: Redis does not let us in ({error}); give a user that may read and delete "
            "there in REDIS_URL"
        ) from error
    except OutOfMemoryError as error:
        raise SourceLost(f"{what}: Redis has no room ({error})", wait=5.0) from error
    except ResponseError as error:
        if str(error).startswith(("NOAUTH", "WRONGPASS", "NOPERM")):
            raise OperatorError(f"{what}: Redis does not let us in ({error})") from error
        if str(error).startswith("WRONGTYPE"):
            raise OperatorError(
                f"{what}: this key of Redis is no stream; give the name of another one"
            ) from error
        raise SourceLost(f"{what}: Redis refused a command ({error})") from error
    except RedisError as error:
        raise SourceLost(f"{what}: Redis is away ({error})") from error


Refusal: TypeAlias = ResponseError
"""What the server answers when it refuses a command."""
