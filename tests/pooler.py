"""A pooler between client and PostgreSQL that refuses options at the start, as some in the field
do.
"""

from __future__ import annotations

import socket
import struct
import threading
from types import TracebackType

_SSL, _GSS = 80877103, 80877104
_REFUSAL = b"SFATAL\0VFATAL\0C0A000\0Mcommand-line options are not supported\0\0"


class Pooler:
    """Listens after entering; ``parameters`` are those of every start that it saw."""

    def __init__(self, server: int) -> None:
        self._server = server
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.parameters: list[dict[str, str]] = []

    def __enter__(self) -> Pooler:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._start, args=(client,), daemon=True).start()

    def _start(self, client: socket.socket) -> None:
        while True:
            length = struct.unpack("!I", client.recv(4, socket.MSG_WAITALL))[0]
            body = client.recv(length - 4, socket.MSG_WAITALL)
            if struct.unpack("!I", body[:4])[0] not in (_SSL, _GSS):
                break
            client.sendall(b"N")
        words = body[4:].decode().split("\0")
        seen = {name: value for name, value in zip(words[::2], words[1::2], strict=False) if name}
        self.parameters.append(seen)
        if "options" in seen:
            client.sendall(b"E" + struct.pack("!I", len(_REFUSAL) + 4) + _REFUSAL)
            client.close()
            return
        server = socket.create_connection(("127.0.0.1", self._server))
        server.sendall(struct.pack("!I", length) + body)
        threading.Thread(target=_pump, args=(client, server), daemon=True).start()
        _pump(server, client)


def _pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass
    for end in (source, target):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            end.close()
