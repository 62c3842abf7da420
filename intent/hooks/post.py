"""Posts to a receiver once, and never raises for what it does; the one home of httpcore2, whose
errors end here.

One connection a post, and no more of the answer than its head: a status says all that is needed.
Redirects are not followed, and no proxy of the environment is used, since who connects for us would
also resolve for us. Everything from connecting on has one deadline together, however slowly bytes
drip in, and the head of an answer may be :data:`MOST_BYTES` long; only the system's own resolver
takes the time that it takes.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import httpcore2

from intent.hooks.destination import NotPublic, Resolve, public_addresses
from intent.model.hook import Answered
from intent.retry import retry_after

MOST_BYTES = 64 * 1024
"""Bytes of an answer that are read, at most."""


class HookPost:
    """Posts; used by several threads at once."""

    def __init__(
        self,
        *,
        seconds: float = 10.0,
        resolve: Resolve | None = None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Prepare; nothing is opened.

        Args:
            seconds: how long an answer may take, from connecting on.
            resolve: asks for addresses of a host; by default the system.
            clock: monotonic time in seconds.
        """
        self._seconds, self._resolve, self._clock, self._now = seconds, resolve, clock, now

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return httpcore2.default_ssl_context()

    def post(
        self, url: str, headers: Mapping[str, str], body: bytes, *, allow_private: bool
    ) -> Answered:
        """Send once, and return how it ended."""
        try:
            return self._sent(url, headers, body, allow_private=allow_private)
        except NotPublic:
            return Answered(None, "its name leads to no public address; it was not connected to")
        except _AnswerTooLong:
            return Answered(None, f"its answer begins with more than {MOST_BYTES:,} bytes")
        except httpcore2.ConnectTimeout:
            return Answered(None, f"cannot be connected to in {self._seconds:g} s")
        except httpcore2.TimeoutException:
            return Answered(None, f"does not answer in {self._seconds:g} s")
        except httpcore2.ConnectError as error:
            return Answered(None, _why_unconnected(error))
        except httpcore2.NetworkError:
            return Answered(None, "broke the connection off")
        except (httpcore2.ProtocolError, httpcore2.UnsupportedProtocol, ValueError):
            return Answered(None, "breaks off, or answers with something that is no HTTP")

    def _sent(
        self, url: str, headers: Mapping[str, str], body: bytes, *, allow_private: bool
    ) -> Answered:
        network = _Network(
            self._resolve, _Budget(self._clock() + self._seconds, self._clock), allow_private
        )
        sent = {
            "content-type": "application/json",
            "user-agent": "lead-intent",
            "accept": "*/*",
            "connection": "close",
            **headers,
        }
        with (
            httpcore2.ConnectionPool(ssl_context=self._tls, network_backend=network) as pool,
            pool.stream("POST", url, headers=list(sent.items()), content=body) as response,
        ):
            said = {
                name.decode("latin-1").lower(): value.decode("latin-1")
                for name, value in response.headers
            }
            return _answered(response.status, said, self._now())


def _answered(status: int, headers: Mapping[str, str], now: datetime) -> Answered:
    if 200 <= status < 300:
        return Answered(status)
    error = f"answers with status {status}"
    if 300 <= status < 400:
        error += ", and redirects are not followed: give the hook its final address"
    return Answered(status, error, retry_after(headers, now))


def _why_unconnected(error: httpcore2.ConnectError) -> str:
    cause = error.__cause__ or error.__context__
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted: {cause.verify_message}"
    if isinstance(cause, ssl.SSLError):
        return f"TLS fails: {cause.reason or 'no reason is given'}"
    strerror = cause.strerror if isinstance(cause, OSError) else None
    return f"cannot be connected to: {strerror or 'the connection is refused'}"


class _AnswerTooLong(Exception):
    """More bytes came than are read."""


class _Budget:
    """What is left of the time and of the bytes of one post."""

    def __init__(self, late: float, clock: Callable[[], float]) -> None:
        self._late, self._clock, self._bytes = late, clock, MOST_BYTES

    def seconds(self, late: type[httpcore2.TimeoutException]) -> float:
        """Return the seconds that are left; raise ``late`` where none are."""
        left = self._late - self._clock()
        if left <= 0:
            raise late
        return left

    def spend(self, count: int) -> None:
        self._bytes -= count
        if self._bytes < 0:
            raise _AnswerTooLong


class _Network(httpcore2.NetworkBackend):
    """Connects to the addresses that were checked, and to no other."""

    def __init__(self, resolve: Resolve | None, budget: _Budget, allow_private: bool) -> None:
        self._resolve, self._budget, self._allow_private = resolve, budget, allow_private
        self._system = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        try:
            addresses = public_addresses(
                host, port, allow_private=self._allow_private, resolve=self._resolve
            )
        except OSError as error:
            raise httpcore2.ConnectError("no address") from error
        failed: Exception = httpcore2.ConnectError("no address")
        for number, address in enumerate(addresses):
            # One that is silent leaves time for the next.
            share = self._budget.seconds(httpcore2.ConnectTimeout) / (len(addresses) - number)
            try:
                stream = self._system.connect_tcp(address, port, share, None, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failed = error
                continue
            return _Stream(stream, self._budget)
        raise failed


class _Stream(httpcore2.NetworkStream):
    """A connection whose every step ends with the deadline of the post."""

    def __init__(self, stream: httpcore2.NetworkStream, budget: _Budget) -> None:
        self._stream, self._budget = stream, budget

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        read = self._stream.read(max_bytes, self._budget.seconds(httpcore2.ReadTimeout))
        self._budget.spend(len(read))
        return read

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._budget.seconds(httpcore2.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        left = self._budget.seconds(httpcore2.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, left), self._budget)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
