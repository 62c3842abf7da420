"""A small HTTP server beside a loop: ``/livez``, ``/readyz`` and ``/metrics``, and nothing else."""

from __future__ import annotations

import gzip
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from socketserver import TCPServer, ThreadingMixIn
from threading import Thread
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from intent.model.errors import OperatorError

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

PATIENCE = 5.0
"""Seconds for which a silent client holds a thread."""

ZIPPED_FROM = 1_024
"""Bytes from which on an answer is compressed, where the client reads that."""


@dataclass(frozen=True, slots=True)
class WatchPage:
    """What a page says; ``ok`` is false where the process is not ready."""

    body: bytes
    content_type: str
    ok: bool = True


@dataclass(frozen=True, slots=True)
class Pages:
    """What is asked of a process by those who watch it.

    Attributes:
        metrics: told what formats the client reads, as its header ``Accept``.
        ready: returns why the process is not ready, by what was checked; nothing where it is.
    """

    metrics: Callable[[str], tuple[bytes, str]]
    ready: Callable[[], dict[str, str]]

    def answer(self, path: str, accept: str = "") -> WatchPage | None:
        """Return the page of a path; None where there is none."""
        if path == "/livez":
            return WatchPage(b"alive\n", "text/plain; charset=utf-8")
        if path == "/readyz":
            reasons = self.ready()
            said = json.dumps({"ready": not reasons, "reasons": reasons}) + "\n"
            return WatchPage(said.encode(), "application/json", ok=not reasons)
        if path == "/metrics":
            return WatchPage(*self.metrics(accept))
        return None


@contextmanager
def exposed(pages: Pages, host: str, port: int) -> Iterator[int]:
    """Serve the pages while the block runs, each request in a thread of its own; yield the port.

    Args:
        host: address to listen on.
        port: 0 for any that is free.

    Raises:
        OperatorError: nobody can listen there.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    kind: type[_Server] = type("_OfFamily", (_Server,), {"address_family": family})
    try:
        server = make_server(host, port, _application(pages), kind, handler_class=_Handler)
    except OSError as error:
        raise OperatorError(
            f"metrics cannot be served on {host}:{port}: {error.strerror}; give another "
            "--metrics-port, or another INTENT_METRICS_HOST"
        ) from error
    thread = Thread(target=server.serve_forever, name="metrics", daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join(PATIENCE)


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    block_on_close = False

    def server_bind(self) -> None:
        # Not HTTPServer's, which asks the network for our name, and may wait for it.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]
        self.setup_environ()


class _Handler(WSGIRequestHandler):
    timeout = PATIENCE

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
        """Log nothing: whoever watches asks every few seconds."""


def _application(
    pages: Pages,
) -> Callable[[WSGIEnvironment, StartResponse], list[bytes]]:
    def application(environ: WSGIEnvironment, start: StartResponse) -> list[bytes]:
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            start("405 Method Not Allowed", [("Allow", "GET, HEAD"), ("Content-Length", "0")])
            return []
        page = pages.answer(environ["PATH_INFO"], environ.get("HTTP_ACCEPT", ""))
        if page is None:
            start("404 Not Found", [("Content-Length", "0")])
            return []
        body, headers = page.body, [("Content-Type", page.content_type)]
        zips = "gzip" in environ.get("HTTP_ACCEPT_ENCODING", "")
        if zips and len(body) >= ZIPPED_FROM:
            body, headers = gzip.compress(body, 1), [*headers, ("Content-Encoding", "gzip")]
        headers += [("Content-Length", str(len(body))), ("Cache-Control", "no-store")]
        start("200 OK" if page.ok else "503 Service Unavailable", headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    return application
