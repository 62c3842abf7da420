"""A proxy before a server on this machine: it delays, falls silent, cuts connections behind so many
bytes, or behind a COMMIT whose answer then nobody gets.
"""

from __future__ import annotations

import socket
import struct
import threading
import time
from contextlib import suppress
from types import TracebackType

_RESET = struct.pack("ii", 1, 0)


class FaultyWire:
    """Listens after entering.

    Attributes:
        delay: seconds before each piece of an answer.
        silent: whether nothing is passed on.
        commits: COMMITs left until the connection is cut behind one, once the server has done it;
            0 for never.
        answers: bytes of answers left until the connection is reset; None for never.
        cuts: how often something was cut.
    """

    def __init__(self, server: int) -> None:
        self._server = server
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.delay, self.silent = 0.0, False
        self.commits, self.cuts = 0, 0
        self.answers: int | None = None
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()

    def __enter__(self) -> FaultyWire:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.reset()

    def reset(self) -> None:
        """Reset all connections."""
        with self._lock:
            ends = [*self._open]
        for end in ends:
            _reset(end)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._server))
            except OSError:
                return
            with self._lock:
                self._open |= {client, server}
            doomed = threading.Event()
            for pump in (self._ask, self._answer):
                threading.Thread(target=pump, args=(client, server, doomed), daemon=True).start()

    def _ask(self, client: socket.socket, server: socket.socket, doomed: threading.Event) -> None:
        with suppress(OSError):
            while data := client.recv(65_536):
                self._wait_while_silent()
                if b"COMMIT\0" in data and self.commits:
                    self.commits -= 1
                    if self.commits == 0:
                        doomed.set()
                server.sendall(data)
        self._close(client, server)

    def _answer(
        self, client: socket.socket, server: socket.socket, doomed: threading.Event
    ) -> None:
        with suppress(OSError):
            while data := server.recv(65_536):
                time.sleep(self.delay)
                self._wait_while_silent()
                if doomed.is_set():
                    self.cuts += 1
                    _reset(client)
                    break
                if self.answers is not None and len(data) > self.answers:
                    client.sendall(data[: self.answers])
                    self.answers = None
                    self.cuts += 1
                    _reset(client)
                    break
                if self.answers is not None:
                    self.answers -= len(data)
                client.sendall(data)
        self._close(client, server)

    def _wait_while_silent(self) -> None:
        while self.silent:
            time.sleep(0.005)

    def _close(self, *ends: socket.socket) -> None:
        with self._lock:
            self._open -= set(ends)
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


def _reset(end: socket.socket) -> None:
    with suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        end.shutdown(socket.SHUT_RDWR)  # whoever waits for it is let go
        end.close()
