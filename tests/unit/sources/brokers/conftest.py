"""A real Redis of this test process's own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.brokers import RedisServer


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server
