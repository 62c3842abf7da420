"""One connection: what is written together leaves together, and who reads nothing is left."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager
from threading import Event

import httpx2
import pytest
from starlette.responses import Response, StreamingResponse

from intent.web import serving
from intent.web.connection import HELD_MOST, HoldingTransport, impatient
from intent.web.endpoint import Endpoint
from intent.web.visit import Visit
from tests.serving import RunningServer

Start = Callable[..., AbstractContextManager[RunningServer]]


class FakeTransport(asyncio.Transport):
    """Remembers what was written, and that it was closed."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written.append(bytes(data))

    def close(self) -> None:
        self.written.append(b"(closed)")


def test_what_is_written_in_one_turn_leaves_in_one_piece_and_before_the_end() -> None:
    async def answer() -> list[bytes]:
        transport = FakeTransport()
        holding = HoldingTransport(transport, asyncio.get_running_loop())
        holding.write(b"head ")
        holding.write(b"body")
        await asyncio.sleep(0)
        holding.write(b"another")
        holding.close()
        return transport.written

    assert asyncio.run(answer()) == [b"head body", b"another", b"(closed)"]


def test_what_waits_is_bounded() -> None:
    async def answer() -> list[int]:
        transport = FakeTransport()
        holding = HoldingTransport(transport, asyncio.get_running_loop())
        for _ in range(3):
            holding.write(b"x" * HELD_MOST)
        return [len(one) for one in transport.written]

    assert asyncio.run(answer()) == [HELD_MOST] * 3


def test_who_reads_nothing_of_an_answer_is_left(
    start_serving: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = Event()

    async def endless(visit: Visit) -> Response:
        """Send for ever."""

        async def pieces() -> AsyncIterator[bytes]:
            try:
                while True:
                    yield b"x" * HELD_MOST
                    await asyncio.sleep(0)
            finally:
                left.set()

        return StreamingResponse(pieces())

    monkeypatch.setattr(serving, "impatient", lambda head: impatient(head, reading=0.1))
    table = [Endpoint("GET", "/v1/endless", endless, None), *serving_table()]
    with start_serving(table=table) as server:
        place = ("127.0.0.1", int(server.url.rpartition(":")[2]))
        with socket.create_connection(place, 10) as silent:
            silent.sendall(b"GET /v1/endless HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert left.wait(60)
        assert httpx2.get(f"{server.url}/v1/short").text == "short"


def serving_table() -> list[Endpoint]:
    async def short(visit: Visit) -> Response:
        """Answer."""
        return Response("short")

    return [Endpoint("GET", "/v1/short", short, None)]
