"""A receiver of webhooks on this machine, which does whatever receivers do."""

from __future__ import annotations

import contextlib
import itertools
import json
import socket
import struct
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Any

Behaviour = Callable[[socket.socket, Event], None]
"""Does something with a connection whose request was read; the event is set when the test ends."""


@dataclass(frozen=True)
class Received:
    """A request as it came. Names of headers are in lower case."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def webhook_id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict[str, Any]:
        read: dict[str, Any] = json.loads(self.body)
        return read


def answer(status: int = 200, body: bytes = b"", **headers: str) -> Behaviour:
    """Answer in order."""
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    text = f"HTTP/1.1 {status} Whatever\r\n{head}Content-Length: {len(body)}\r\n\r\n"
    return lambda connection, closing: connection.sendall(text.encode("latin-1") + body)


def hang(connection: socket.socket, closing: Event) -> None:
    """Take it, and say nothing."""
    closing.wait()


def reset(connection: socket.socket, closing: Event) -> None:
    """Reset the connection."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def leave(connection: socket.socket, closing: Event) -> None:
    """Close it without an answer."""


def garbage(connection: socket.socket, closing: Event) -> None:
    """Answer with no HTTP."""
    connection.sendall(b"\x00\xff\x13 what? \r\n\r\n" * 3)


def endless_body(connection: socket.socket, closing: Event) -> None:
    """Accept, and never come to an end."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while not closing.is_set():
        connection.sendall(b"4000\r\n" + b"x" * 0x4000 + b"\r\n")


def endless_head(connection: socket.socket, closing: Event) -> None:
    """Send headers for ever."""
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    for number in itertools.count():
        connection.sendall(f"x-{number}: {'y' * 500}\r\n".encode())


def drip(connection: socket.socket, closing: Event) -> None:
    """Send a byte now and then, so that none is ever waited for long."""
    for byte in itertools.chain(b"HTTP/1.1 200 OK\r\nx-slow: ", itertools.repeat(ord("y"))):
        connection.sendall(bytes([byte]))
        if closing.wait(0.0005):
            return


@dataclass
class Receiver:
    """Answers with what is in ``script``, one after the other, and then as ``always``.

    Attributes:
        deaf: connections are made by the system, and nobody takes them: half-open.
    """

    always: Behaviour = field(default_factory=answer)
    deaf: bool = False
    script: deque[Behaviour] = field(default_factory=deque)
    seen: list[Received] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._closing, self._lock = Event(), Lock()
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listening.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/leads?to=me"
        self._threads: list[Thread] = []
        if not self.deaf:
            self._start(self._accept)

    def __enter__(self) -> Receiver:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.set()
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for thread in self._threads:
            thread.join()

    @property
    def ids(self) -> list[str]:
        """Ids of what came, in its order."""
        with self._lock:
            return [one.webhook_id for one in self.seen]

    def _start(self, run: Callable[[], None]) -> None:
        self._threads.append(Thread(target=run))
        self._threads[-1].start()

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self._start(lambda connection=connection: self._serve(connection))  # type: ignore[misc]

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            received = _read(connection)
            if received is None:
                return
            with self._lock:
                self.seen.append(received)
                behaviour = self.script.popleft() if self.script else self.always
            behaviour(connection, self._closing)


def _read(connection: socket.socket) -> Received | None:
    """Return a request; None for one whose sender died amid it, which is no request."""
    with connection.makefile("rb") as file:
        first = file.readline().decode("latin-1").split()
        headers: dict[str, str] = {}
        while (line := file.readline()) not in (b"\r\n", b""):
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.strip().lower()] = value.strip()
        length = int(headers.get("content-length", "0"))
        body = file.read(length)
    whole = len(first) == 3 and line == b"\r\n" and len(body) == length
    return Received(first[1], headers, body) if whole else None
