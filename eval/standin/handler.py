"""The HTTP of the fake LLM server: a request in, an answer out, broken where a fault says so."""

from __future__ import annotations

import json
import socket
import struct
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from typing import Any, Protocol

from eval.standin.faults import Fault


class Behind(Protocol):
    """What decides behind the HTTP."""

    latency: float

    def meet(self, raw: bytes) -> tuple[Fault, dict[str, str], dict[str, Any]]:
        """Return what happens to a request: the fault, headers, and the body of a good answer."""

    def sleep(self, seconds: float) -> None:
        """Wait, but not beyond the server's end."""

    def opened(self, connection: socket.socket) -> None:
        """Note a connection, to be broken when the server dies."""

    def closed(self, connection: socket.socket) -> None:
        """Forget a connection."""


class Handler(BaseHTTPRequestHandler):
    """Speaks HTTP for a server of ours."""

    protocol_version = "HTTP/1.1"
    server_of: Behind
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.server_of.opened(self.connection)

    def finish(self) -> None:
        self.server_of.closed(self.connection)
        with suppress(OSError):  # the connection may have been broken on purpose
            super().finish()

    def do_POST(self) -> None:
        try:
            self._post()
        except OSError:
            self.close_connection = True  # whoever asked has left

    # the base class names it so
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing: tests read what was seen instead."""

    def _post(self) -> None:
        raw = self.rfile.read(int(self.headers["content-length"]))
        fault, headers, answer = self.server_of.meet(raw)
        self.server_of.sleep(self.server_of.latency + fault.delay)
        if fault.reset:
            reset(self.connection)
            self.close_connection = True
            return
        body = (
            fault.body
            if fault.body is not None
            else json.dumps({"error": fault.error} if fault.status != 200 else answer).encode(
                "utf-8"
            )
        )
        self.send_response(fault.status)
        for name, value in {
            "content-type": "application/json",
            **headers,
            "content-length": str(len(body)),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self._write(body, fault)

    def _write(self, body: bytes, fault: Fault) -> None:
        if fault.drip:
            for byte in body:
                self.wfile.write(bytes([byte]))
                self.server_of.sleep(fault.drip)
        elif fault.cut:
            self.wfile.write(body[: len(body) // 2])
            reset(self.connection)
            self.close_connection = True
        else:
            self.wfile.write(body)


def reset(connection: socket.socket) -> None:
    """Break a connection so that the other side sees a reset."""
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # it is broken already
    connection.close()
