"""Speaks WebSocket through the library ``websockets``, whose errors end here."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import ExitStack
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Protocol

from websockets.exceptions import ConnectionClosed, InvalidURI, WebSocketException
from websockets.sync.client import ClientConnection, connect

from intent.model.errors import IntentError, OperatorError, SourceLost

MOST_FRAME_BYTES = 16 * 1024 * 1024
"""A longer frame is not read: the connection ends with it."""

OPEN_SECONDS = 10.0
CLOSE_SECONDS = 1.0


class SocketClosed(SourceLost):
    """The other side closed a connection, or it broke; ``code`` is the close code, or 1006."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"the connection was closed ({code}{f': {reason}' if reason else ''})")
        self.code = code


class WebSocket(Protocol):
    """An open connection."""

    def receive(self, seconds: float) -> bytes | None:
        """Return the next frame; None if there is none for so long.

        Raises:
            SocketClosed: there will be no more; all that came before was returned.
        """

    def send(self, text: str) -> None:
        """Send a frame.

        Raises:
            SocketClosed: nobody is there.
        """

    def close(self) -> None:
        """Leave, without waiting for the other side."""


Connect = Callable[[str], WebSocket]
"""Opens a connection to a URL; blocks, and raises SourceLost or OperatorError."""


class _Connection:
    """A connection of the library."""

    def __init__(self, opened: ClientConnection, leave: Callable[[], object]) -> None:
        self._opened, self._leave = opened, leave

    def receive(self, seconds: float) -> bytes | None:
        try:
            # Bytes, because text that is no UTF-8 would end the connection here.
            return self._opened.recv(seconds, decode=False)
        except TimeoutError:
            return None
        except ConnectionClosed as error:
            raise _closed(error) from error
        except (WebSocketException, OSError) as error:
            raise SocketClosed(1006, type(error).__name__) from error

    def send(self, text: str) -> None:
        try:
            self._opened.send(text)
        except ConnectionClosed as error:
            raise _closed(error) from error
        except (WebSocketException, OSError) as error:
            raise SocketClosed(1006, type(error).__name__) from error

    def close(self) -> None:
        # The other side may take its time to answer.
        Thread(target=self._leave, daemon=True, name="socket-close").start()


def open_socket(url: str) -> WebSocket:
    """Connect; blocks for up to ten seconds.

    Raises:
        SourceLost: nobody answers there, or not as a WebSocket server does.
        OperatorError: the URL is none.
    """
    held = ExitStack()
    logging.getLogger("websockets.client").setLevel(logging.CRITICAL)  # what it says is raised, too
    try:
        opened = held.enter_context(
            connect(
                url,
                open_timeout=OPEN_SECONDS,
                close_timeout=CLOSE_SECONDS,
                # Whether the platform lives is asked in its own words.
                ping_interval=None,
                max_size=MOST_FRAME_BYTES,
                compression=None,
            )
        )
    except (InvalidURI, ValueError) as error:
        raise OperatorError(f"{url!r} is no address; write it like wss://HOST") from error
    except (WebSocketException, OSError, EOFError) as error:  # TimeoutError is an OSError
        raise SourceLost(f"cannot connect: {error}") from error
    return _Connection(opened, held.close)


class Opening:
    """A connection that is being opened in a thread of its own."""

    def __init__(self, connect_to: Connect, url: str) -> None:
        self._ended: SimpleQueue[WebSocket | Exception] = SimpleQueue()
        self._given_up = False
        Thread(target=self._open, args=(connect_to, url), daemon=True, name="socket-open").start()

    def opened(self, seconds: float = 0.0) -> WebSocket | None:
        """Return the connection once it is open; None if it is not after so many seconds.

        Raises:
            SourceLost, OperatorError: as :func:`open_socket`.
        """
        try:
            ended = self._ended.get(timeout=seconds) if seconds else self._ended.get_nowait()
        except Empty:
            return None
        if isinstance(ended, Exception):
            raise ended
        return ended

    def give_up(self) -> None:
        """Close the connection as soon as it is open."""
        self._given_up = True
        try:
            opened = self.opened()
        except IntentError:
            return
        if opened is not None:
            opened.close()

    def _open(self, connect_to: Connect, url: str) -> None:
        try:
            opened = connect_to(url)
        except Exception as error:  # noqa: BLE001  raised where it was asked for
            self._ended.put(error)
            return
        self._ended.put(opened)
        if self._given_up:
            self.give_up()


def _closed(error: ConnectionClosed) -> SocketClosed:
    received = error.rcvd or error.sent
    if received is None:
        return SocketClosed(1006, "it broke")
    return SocketClosed(received.code, received.reason)
