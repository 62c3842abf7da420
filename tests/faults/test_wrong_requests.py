"""Bytes that are no requests, and requests that are not what they say, at a real server: it answers
or closes, stores nothing of them, and goes on.
"""

from __future__ import annotations

import gzip
import json
import random
import socket
from collections.abc import Iterator

import httpx2
import pytest

from intent.model.principal import Scope
from intent.operations.keys import create_key
from intent.web.entrance import Entrance
from tests.conftest import VAULT_KEY, rows
from tests.fault_tries import Tries, in_rounds
from tests.faults.oracle import reckon
from tests.faults.test_floods import SAID
from tests.serving import RunningServer, running, service_on

pytestmark = [pytest.mark.slow, pytest.mark.fault("request")]

POST = b"POST /v1/messages HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
ONE = json.dumps({**SAID, "message_id": "never"}).encode()


def with_body(body: bytes, *more: bytes) -> bytes:
    head = b"".join(line + b"\r\n" for line in more)
    return POST + head + b"Content-Length: %d\r\n\r\n" % len(body) + body


def wrong(key: str, draw: random.Random) -> list[bytes]:
    """Return requests that must not be obeyed; in half of them the key is right."""
    auth = b"Authorization: Bearer " + key.encode()
    noise = draw.randbytes(draw.randint(1, 4_000))
    return [
        with_body(ONE),
        with_body(ONE, b"Authorization: Bearer li_wrong_" + noise.hex().encode()[:40]),
        with_body(ONE, b"Authorization: Basic eDp5"),
        with_body(ONE, auth[:-1]),
        with_body(ONE, auth + b"\x00"),
        with_body(ONE[: draw.randint(1, len(ONE) - 2)], auth),
        with_body(noise, auth),
        with_body(b"[" * 50_000, auth),
        with_body(b"9" * 100_000, auth),
        with_body(gzip.compress(bytes(1_000_000)), auth, b"Content-Encoding: gzip"),
        POST + auth + b"\r\nContent-Length: -5\r\n\r\n",
        POST + auth + b"\r\nContent-Length: 99999999999999\r\n\r\n" + ONE,
        POST + auth + b"\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n" + ONE,
        POST + auth + b"\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n" + ONE,
        POST + auth + b"\r\nX: " + b"y" * 200_000 + b"\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + noise,
        noise,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /../../etc/passwd HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    ]


def told(server: RunningServer, content: bytes) -> bytes:
    """Send bytes and nothing more, and return what is answered."""
    port = int(server.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        answer = b""
        try:
            connection.sendall(content)
            connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(65_536):
                answer += part
        except OSError:
            pass  # it was closed on us
    return answer


@pytest.fixture
def server(sqlite_url: str) -> Iterator[RunningServer]:
    """Return a server that is open to those alone who have a key."""
    settings = {"vault_key": VAULT_KEY, "serve_wrong_keys_per_minute": 1_000_000}
    with running(service_on(sqlite_url, Entrance(False, None), **settings)) as server:
        yield server


@in_rounds(1, 50)
def test_what_is_no_request_is_not_obeyed_and_the_next_one_is(
    rounds: int, server: RunningServer, tries: Tries
) -> None:
    database, draw = server.service.app.database, random.Random(29)
    key = create_key(database, "shop", [Scope.INGEST]).text
    sent = set[str]()
    for number in range(rounds):
        requests = wrong(key, draw)
        for content in requests:
            answer = told(server, content)
            assert b"Traceback" not in answer
            assert answer[:10] not in (b"HTTP/1.1 5", b"HTTP/1.1 2"), answer[:300]
        name = f"good-{number}"
        good = httpx2.post(
            f"{server.url}/v1/messages",
            json={**SAID, "message_id": name},
            headers={"authorization": f"Bearer {key}"},
        )
        assert good.status_code == 202, good.text
        sent.add(name)
        tries.add(reckon(database, sent, waiting=True, places=[]), tried=len(requests))
    assert {row["message_id"] for row in rows(database, "messages")} == sent
