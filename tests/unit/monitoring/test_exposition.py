"""The small server answers three paths, and holds nobody up."""

from __future__ import annotations

import gzip
import json
import socket
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse

import pytest

from intent.model.errors import OperatorError
from intent.monitoring.exposition import Pages, exposed

METRICS = b"# HELP x y\n" * 200


class Process:
    """A process and the address at which it is watched."""

    def __init__(self) -> None:
        self.reasons: dict[str, str] = {}
        self.port = 0

    def ask(self, path: str, method: str = "GET", **headers: str) -> tuple[HTTPResponse, bytes]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer, body


@pytest.fixture
def process() -> Iterator[Process]:
    process = Process()
    pages = Pages(lambda accept: (METRICS, "text/plain"), lambda: process.reasons)
    with exposed(pages, "127.0.0.1", 0) as process.port:
        yield process


def test_a_process_that_answers_is_alive(process: Process) -> None:
    process.reasons = {"database": "does not answer"}
    answer, body = process.ask("/livez")
    assert (answer.status, body) == (200, b"alive\n")


def test_who_is_not_ready_says_why(process: Process) -> None:
    answer, body = process.ask("/readyz")
    assert (answer.status, json.loads(body)) == (200, {"ready": True, "reasons": {}})
    process.reasons = {"database": "does not answer"}
    answer, body = process.ask("/readyz")
    assert answer.status == 503
    assert json.loads(body) == {"ready": False, "reasons": {"database": "does not answer"}}


def test_metrics_are_told_compressed_to_who_reads_that(process: Process) -> None:
    answer, body = process.ask("/metrics")
    assert (answer.status, body) == (200, METRICS)
    answer, body = process.ask("/metrics", **{"Accept-Encoding": "gzip"})
    assert gzip.decompress(body) == METRICS
    assert len(body) < len(METRICS) / 10
    answer, body = process.ask("/metrics", "HEAD")
    assert (answer.status, body, answer.headers["Content-Length"]) == (200, b"", str(len(METRICS)))


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/", 404), ("GET", "/metrics/..", 404), ("POST", "/metrics", 405)],
)
def test_nothing_else_is_served(process: Process, method: str, path: str, status: int) -> None:
    answer, body = process.ask(path, method)
    assert (answer.status, body) == (status, b"")


def test_a_client_that_says_nothing_holds_up_no_other(process: Process) -> None:
    with socket.create_connection(("127.0.0.1", process.port)) as silent:
        silent.sendall(b"GET /met")
        assert process.ask("/livez")[0].status == 200


def test_a_port_that_is_taken_is_the_operators_matter(process: Process) -> None:
    pages = Pages(lambda accept: (b"", ""), dict)
    with (
        pytest.raises(OperatorError, match="--metrics-port"),
        exposed(pages, "127.0.0.1", process.port),
    ):
        pass


def test_after_the_block_nobody_listens() -> None:
    pages = Pages(lambda accept: (b"", ""), dict)
    with exposed(pages, "127.0.0.1", 0) as port:
        pass
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)
