"""Serves the product to tests: called in this process, or by a real server on a free port.

In this process, on a temporary database and with a client that goes to no socket::

    def test_the_inbox_is_shown(served):
        assert served().get("/inbox").status_code == 200

What is served can be looked at and prepared through ``served().service.app``. A handler that is
under test alone needs no table::

    served(table=[Endpoint("GET", "/v1/x", handler, Scope.READ)])

By a server, for what needs sockets (streams that stay open, slow clients, leaving)::

    def test_a_stream_ends_when_the_server_leaves(start_serving):
        with start_serving() as server:
            httpx2.get(f"{server.url}/livez")

Keyword arguments of both are settings, such as ``serve_threads=1``; ``entrance=Entrance(False)`` serves as
other machines are served: with keys alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

from pydantic import SecretStr
from starlette.testclient import TestClient

from intent.bootstrap.application import Application
from intent.bootstrap.settings import Settings
from intent.store.access import Access
from intent.web.app import TABLE, build_web
from intent.web.endpoint import Endpoint
from intent.web.entrance import Entrance
from intent.web.service import Service
from intent.web.serving import WebServer, open_listener

PLACE = "http://127.0.0.1"


def service_on(url: str, entrance: Entrance | None = None, **settings: Any) -> Service:
    """Return what all requests share, on a database that is made when it is missing."""
    values = Settings(database_url=SecretStr(url), **settings)
    return Service(Application(values, access=Access.CREATE), entrance)


class Served(TestClient):
    """A client of an application in this process; it follows no redirects."""

    def __init__(self, service: Service, table: Iterable[Endpoint] = TABLE) -> None:
        self.service = service
        super().__init__(
            build_web(service, table),
            base_url=PLACE,
            raise_server_exceptions=False,
            follow_redirects=False,
            client=("127.0.0.1", 50_000),
        )


@contextmanager
def running(service: Service, table: Iterable[Endpoint] = TABLE) -> Iterator[RunningServer]:
    """Run a real server beside the test, and make it leave at the end."""
    server = RunningServer(service, table)
    try:
        yield server
    finally:
        server.leave()


class RunningServer:
    """A server on a free port of this machine.

    Attributes:
        url: where it is, without a slash at the end.
    """

    def __init__(self, service: Service, table: Iterable[Endpoint]) -> None:
        self.service = service
        self._server = WebServer(service, build_web(service, table), open_listener("127.0.0.1", 0))
        self.url = f"{PLACE}:{self._server.port}"
        self._thread = Thread(target=self._server.serve_until_told, daemon=True)
        self._thread.start()

    def leave(self, seconds: float = 10.0) -> bool:
        """Make it leave; whether it left in time."""
        self._server.leave()
        self._thread.join(seconds)
        return not self._thread.is_alive()
