"""Runs the server until it is told to leave; the one home of uvicorn."""

from __future__ import annotations

import logging
import socket
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from intent.model.errors import OperatorError
from intent.telemetry import logger
from intent.web.connection import impatient
from intent.web.service import Service

CONNECTIONS_MOST = 1_000
"""Connections at a time; more are turned away by the server itself."""


class WebServer(uvicorn.Server):
    """One server on one socket; told to leave, it lets its streams know first."""

    def __init__(self, service: Service, web: ASGIApp, listener: socket.socket) -> None:
        """Prepare it; :meth:`serve_until_told` runs it."""
        self._service, self._listener = service, listener
        settings = service.app.settings
        config = uvicorn.Config(
            web,
            http=impatient(settings.serve_body_seconds),
            ws="none",
            lifespan="on",
            # One line a request is logged by the frame, which knows what may stand in it.
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=settings.serve_proxies is not None,
            forwarded_allow_ips=settings.serve_proxies,
            limit_concurrency=CONNECTIONS_MOST,
            timeout_keep_alive=15,
            timeout_graceful_shutdown=settings.serve_leave,
        )
        super().__init__(config)

    @property
    def port(self) -> int:
        """The port that it listens to."""
        port: int = self._listener.getsockname()[1]
        return port

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Leave, as uvicorn does on a signal."""
        self._service.leave()
        super().handle_exit(sig, frame)

    def leave(self) -> None:
        """Leave; from any thread."""
        self._service.leave()
        self.should_exit = True

    def serve_until_told(self) -> None:
        """Serve until a signal or :meth:`leave`."""
        said = _Said()
        log = logging.getLogger("uvicorn")
        log.addHandler(said)
        log.setLevel(logging.WARNING)
        log.propagate = False
        try:
            self.run(sockets=[self._listener])
        finally:
            log.removeHandler(said)


class _Said(logging.Handler):
    """Puts what uvicorn says among our logs, without the stacks that it adds."""

    def emit(self, record: logging.LogRecord) -> None:
        logger("uvicorn").warning("said", text=record.getMessage())


def open_listener(host: str, port: int) -> socket.socket:
    """Return a socket that listens; port 0 takes a free one.

    Raises:
        OperatorError: the address is not ours, or taken.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(1024)
        except OSError:
            listener.close()
            raise
    except OSError as error:
        raise OperatorError(
            f"nothing can listen to {host}:{port} ({error.strerror or error}); give another "
            "--host or --port"
        ) from error
    listener.setblocking(False)
    return listener
