"""Keeps no connection open for nothing: a head that never ends, an answer that nobody reads. What
is written of an answer in one go leaves in one piece.
"""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

SEND_SECONDS = 30.0
"""How long a client may take nothing of an answer before it is left."""

HELD_MOST = 65_536
"""Bytes that wait for more of the same answer."""


class HoldingTransport:
    """A transport that hands on what is written once the event loop has nothing else to do: head,
    body and end of an answer are one system call, and one packet for who waits.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._held = bytearray()

    def write(self, data: bytes) -> None:
        """Write, at the latest when this turn of the event loop is over."""
        if not self._held:
            self._loop.call_soon(self._hand_on)
        self._held += data
        if len(self._held) >= HELD_MOST:
            self._hand_on()

    def close(self) -> None:
        """Close once everything is written."""
        self._hand_on()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        """Everything else is as it was."""
        return getattr(self._transport, name)

    def _hand_on(self) -> None:
        if self._held:
            held, self._held = self._held, bytearray()
            self._transport.write(held)


class Impatient(H11Protocol):
    """Speaks HTTP on one connection, as uvicorn does.

    Attributes:
        for_head: seconds in which the head of a request has to arrive.
        for_reading: seconds in which a client may take nothing of an answer.
    """

    for_head: float
    for_reading: float
    _late: asyncio.TimerHandle | None = None
    _full: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a head."""
        super().connection_made(HoldingTransport(transport, self.loop))  # type: ignore[arg-type]
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        super().connection_lost(exc)
        self._unwatch()
        self._go_on()

    def data_received(self, data: bytes) -> None:
        """Wait for the rest of a head, or for the next one."""
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._unwatch()
        elif self._late is None:
            self._watch()

    def pause_writing(self) -> None:
        """Wait until something of an answer is taken."""
        super().pause_writing()
        self._full = self.loop.call_later(self.for_reading, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on with an answer."""
        super().resume_writing()
        self._go_on()

    def _watch(self) -> None:
        self._late = self.loop.call_later(self.for_head, self.transport.close)

    def _unwatch(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _go_on(self) -> None:
        if self._full is not None:
            self._full.cancel()
            self._full = None


def impatient(head: float, *, reading: float = SEND_SECONDS) -> type[H11Protocol]:
    """Return uvicorn's protocol with limits to what others keep it waiting, in seconds."""
    return type("Limited", (Impatient,), {"for_head": head, "for_reading": reading})
