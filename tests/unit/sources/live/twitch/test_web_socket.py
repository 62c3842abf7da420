"""Real WebSockets on loopback: frames come as they are, and every end is a source that is lost."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from websockets.sync.server import ServerConnection, serve

from intent.model.errors import OperatorError, SourceLost
from intent.sources.live.twitch.web_socket import (
    MOST_FRAME_BYTES,
    Opening,
    SocketClosed,
    WebSocket,
    open_socket,
)


@contextmanager
def talking(*frames: str | bytes, code: int = 1000, cut: bool = False) -> Iterator[str]:
    """Serve connections that send some frames, and end after the first that comes back."""

    def talk(connection: ServerConnection) -> None:
        for frame in frames:
            connection.send(frame)
        connection.recv()
        if cut:
            linger = struct.pack("ii", 1, 0)
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            connection.close_socket()
        else:
            connection.close(code, "so long")

    with serve(talk, "127.0.0.1", 0, max_size=None) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}"


def frames_of(opened: WebSocket, count: int) -> list[bytes | None]:
    return [opened.receive(30) for _ in range(count)]


def test_frames_come_as_bytes_also_where_they_are_no_text_or_very_long() -> None:
    with talking("halo", b"\xff", "x" * 10_000_000) as url:
        opened = open_socket(url)
        assert frames_of(opened, 3) == [b"halo", b"\xff", b"x" * 10_000_000]
        assert opened.receive(0) is None
        opened.close()


def test_the_other_side_leaves_with_a_code_after_all_that_it_sent() -> None:
    with talking("halo", code=4000) as url:
        opened = open_socket(url)
        opened.send("bye")
        assert frames_of(opened, 1) == [b"halo"]
        with pytest.raises(SocketClosed, match=r"4000: so long") as closed:
            opened.receive(30)
        assert closed.value.code == 4000
        with pytest.raises(SocketClosed):
            opened.send("anybody?")


def test_a_connection_that_breaks_is_closed_too() -> None:
    with talking(cut=True) as url:
        opened = open_socket(url)
        opened.send("bye")
        with pytest.raises(SocketClosed, match="1006") as closed:
            opened.receive(30)
        assert closed.value.code == 1006


def test_a_frame_beyond_the_limit_ends_the_connection() -> None:
    long = b"x" * (MOST_FRAME_BYTES + 1)
    with talking(long) as url, pytest.raises(SocketClosed, match="1009"):
        open_socket(url).receive(30)


def test_where_nobody_answers_the_source_is_lost() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(SourceLost, match="cannot connect"):
        open_socket(f"ws://127.0.0.1:{port}")


@pytest.mark.parametrize("url", ["https://example.com", "toko", "ws://", "ws://127.0.0.1:port"])
def test_what_is_no_address_is_for_the_operator(url: str) -> None:
    with pytest.raises(OperatorError, match="is no address"):
        open_socket(url)


def test_opening_does_not_block() -> None:
    may_open = threading.Event()
    with talking("halo") as url:

        def slowly(url: str) -> WebSocket:
            may_open.wait(60)
            return open_socket(url)

        opening = Opening(slowly, url)
        assert opening.opened() is None
        may_open.set()
        opened = opening.opened(30)
        assert opened is not None
        assert opened.receive(30) == b"halo"
        opened.close()


def test_what_goes_wrong_while_opening_is_raised_where_it_is_asked_for() -> None:
    def wrong(url: str) -> WebSocket:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Opening(wrong, "").opened(30)


class _Remembers:
    def __init__(self) -> None:
        self.is_closed = threading.Event()

    def receive(self, seconds: float) -> bytes | None:
        return None

    def send(self, text: str) -> None: ...

    def close(self) -> None:
        self.is_closed.set()


def test_what_is_given_up_is_closed_once_it_is_open() -> None:
    may_open, opened = threading.Event(), _Remembers()

    def slowly(url: str) -> WebSocket:
        may_open.wait(60)
        return opened

    opening = Opening(slowly, "")
    opening.give_up()
    may_open.set()
    assert opened.is_closed.wait(30)
