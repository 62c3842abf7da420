"""A real server: sockets, clients that hang, leaving."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager

import httpx2
import pytest
from starlette.responses import Response, StreamingResponse

from intent.model.errors import OperatorError
from intent.web import app
from intent.web.endpoint import Endpoint
from intent.web.serving import open_listener
from intent.web.visit import Visit
from tests.serving import RunningServer

Start = Callable[..., AbstractContextManager[RunningServer]]


async def patient(visit: Visit) -> Response:
    """Stream until the service leaves."""

    async def events() -> AsyncIterator[bytes]:
        yield b": open\n\n"
        await visit.service.stopping.wait()
        yield b": leaving\n\n"

    return StreamingResponse(events(), media_type="text/event-stream")


async def stubborn(visit: Visit) -> Response:
    """Stream whatever happens."""

    async def events() -> AsyncIterator[bytes]:
        yield b": open\n\n"
        await asyncio.Event().wait()

    return StreamingResponse(events(), media_type="text/event-stream")


async def put(visit: Visit, body: bytes) -> dict[str, int]:
    """Put it."""
    return {"bytes": len(body)}


TABLE = (
    Endpoint("GET", "/v1/patient", patient, None),
    Endpoint("GET", "/v1/stubborn", stubborn, None),
    Endpoint("POST", "/v1/put", put, None),
)


def test_it_leaves_while_streams_are_open_and_those_that_can_end_in_order(
    start_serving: Start,
) -> None:
    with (
        start_serving(serve_leave=1, table=TABLE) as server,
        httpx2.stream("GET", f"{server.url}/v1/patient") as first,
        httpx2.stream("GET", f"{server.url}/v1/stubborn") as second,
    ):
        pieces, others = first.iter_raw(), second.iter_raw()
        assert next(pieces) == next(others) == b": open\n\n"
        assert server.leave(seconds=5)
        assert b"".join(pieces) == b": leaving\n\n"


def raw(server: RunningServer, sent: bytes) -> bytes:
    """Send bytes as they are, and return what comes until the server closes."""
    with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), 10) as link:
        link.sendall(sent)
        got = b""
        while piece := link.recv(65_536):
            got += piece
        return got


def post(length: str, body: bytes, *more: str) -> bytes:
    head = ["POST /v1/put HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json", length]
    return "\r\n".join([*head, *more, "", ""]).encode() + body


def test_a_body_that_does_not_come_is_given_up(start_serving: Start) -> None:
    with start_serving(serve_body_seconds=0.1, table=TABLE) as server:
        answer = raw(server, post("Content-Length: 10", b"half"))
        assert answer.startswith(b"HTTP/1.1 408")
        assert b"application/problem+json" in answer


@pytest.mark.parametrize("sent", [b"", b"GET /livez HT"])
def test_a_head_that_does_not_end_is_given_up(start_serving: Start, sent: bytes) -> None:
    with start_serving(serve_body_seconds=0.2, table=TABLE) as server:
        assert raw(server, sent) == b""


def test_a_connection_that_waits_for_its_answer_is_kept(start_serving: Start) -> None:
    with (
        start_serving(serve_body_seconds=0.2, serve_leave=1, table=TABLE) as server,
        httpx2.stream("GET", f"{server.url}/v1/patient") as stream,
    ):
        pieces = stream.iter_raw()
        assert next(pieces) == b": open\n\n"
        assert raw(server, b"GET /livez HT") == b"", "longer than a head may take"
        server.leave(seconds=5)
        assert next(pieces) == b": leaving\n\n"


def test_a_body_that_is_too_large_is_refused_before_it_is_read(start_serving: Start) -> None:
    with start_serving(table=TABLE) as server:
        answer = raw(server, post("Content-Length: 40000000", b"x"))
        assert answer.startswith(b"HTTP/1.1 413")
        assert b"connection: close" in answer


@pytest.mark.parametrize(
    "sent",
    [
        post("Content-Length: 3", b"abc", "Transfer-Encoding: chunked"),
        post("Content-Length: 3", b"abc", "Content-Length: 4"),
        post("Content-Length: +3", b"abc"),
        post("Content-Length : 3", b"abc"),
        post("Transfer-Encoding: xchunked", b"0\r\n\r\n"),
        post("Content-Length: 3", b"abc", "Host: other"),
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"a" * 70_000,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
def test_requests_that_two_servers_could_read_differently_are_refused(
    start_serving: Start, sent: bytes
) -> None:
    with start_serving(table=TABLE) as server:
        answer = raw(server, sent)
        assert answer.split(b" ")[1] in (b"400", b"501"), answer[:200]
        assert answer.count(b"HTTP/1.1 ") == 1


def test_a_port_that_is_taken_is_said() -> None:
    with open_listener("127.0.0.1", 0) as taken, pytest.raises(OperatorError, match="--port"):
        open_listener("127.0.0.1", taken.getsockname()[1])


def test_the_table_of_the_product_is_served(start_serving: Start) -> None:
    with start_serving() as server:
        assert httpx2.get(f"{server.url}/livez").text == "alive\n"
    assert app.TABLE
