"""Speaks ``streamList`` through grpc, whose errors end here: pages come as they are said."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import Any
from urllib.parse import urlsplit

import grpc

from intent.model.errors import OperatorError, SourceLost
from intent.sources.live.fetch import MAX_ANSWER_BYTES
from intent.sources.live.youtube.data_api import PARTS
from intent.sources.live.youtube.login import Login
from intent.sources.live.youtube.refusals import refusal_of_code, shown
from intent.sources.live.youtube.stream_wire import METHOD, read_response, written_request

STREAM_URL = "https://youtube.googleapis.com:443"
IDLE_SECONDS = 0.2

_OPTIONS = (
    ("grpc.max_receive_message_length", MAX_ANSWER_BYTES),
    # A connection that died in silence is noticed within these five minutes and twenty seconds;
    # servers that are asked more often may hang up.
    ("grpc.keepalive_time_ms", 300_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    # Whoever lost the connection is told; trying again is not left to the channel.
    ("grpc.enable_retries", 0),
)


class StreamList:
    """Opens streams of a chat's messages."""

    def __init__(self, login: Login, url: str = STREAM_URL) -> None:
        """Prepare; nothing is sent.

        Args:
            url: ``https://HOST:PORT``, or ``http://`` without TLS.

        Raises:
            OperatorError: the address is none.
        """
        address = urlsplit(url)
        if address.scheme not in {"http", "https"} or not address.hostname:
            raise OperatorError(f"{url} is no address; write it like {STREAM_URL}")
        self._login, self._target, self._secure = login, address.netloc, address.scheme == "https"

    def read(self, payload: bytes) -> dict[str, object]:
        """Read a page into the shape of the REST API.

        Raises:
            Malformed: it is none.
        """
        return read_response(payload)

    @contextmanager
    def open(self, chat: str, page: str | None) -> Iterator[Iterator[bytes | None]]:
        """Open a stream behind a page token, or from the recent messages on; its responses come
        unread, and None whenever there was none for 0.2 seconds. It is cancelled when the block
        ends.

        The iterator raises:
            SourceLost: the connection is lost, or the server has closed the stream.
            YouTubeRefused: the answer is no.
        """
        channel = (
            grpc.secure_channel(self._target, grpc.ssl_channel_credentials(), options=_OPTIONS)
            if self._secure
            else grpc.insecure_channel(self._target, options=_OPTIONS)
        )
        with channel:
            # The bytes are read by us: an error in grpc's own thread would end the stream.
            method = channel.unary_stream(METHOD, _as_it_is, _as_it_is)
            call = method(written_request(chat, page, PARTS), metadata=[self._login.header])
            pump = _Pump(call)
            try:
                yield pump.pages()
            finally:
                pump.close()


def _as_it_is(payload: bytes) -> bytes:
    return payload


class _Pump:
    """Reads a call in a thread of its own, which ends when the call is cancelled."""

    def __init__(self, call: Any) -> None:
        self._call, self._closed = call, Event()
        self._pages: Queue[bytes | Exception] = Queue(maxsize=2)
        Thread(target=self._run, daemon=True, name="youtube-stream").start()

    def pages(self) -> Iterator[bytes | None]:
        while True:
            try:
                page = self._pages.get(timeout=IDLE_SECONDS)
            except Empty:
                yield None
                continue
            if isinstance(page, Exception):
                raise page
            yield page

    def close(self) -> None:
        self._closed.set()
        self._call.cancel()

    def _run(self) -> None:
        try:
            for page in self._call:
                self._put(page)
            self._put(SourceLost("YouTube has closed the stream"))
        except grpc.RpcError as error:
            self._put(_translated(error))

    def _put(self, page: bytes | Exception) -> None:
        while not self._closed.is_set():
            try:
                self._pages.put(page, timeout=IDLE_SECONDS)
            except Full:
                continue
            return


def _translated(error: grpc.RpcError) -> Exception:
    code, details = error.code().name, error.details() or ""
    said = f"{code} {shown(details)}".strip()
    return refusal_of_code(code, details) or SourceLost(f"YouTube's stream is lost ({said})")
