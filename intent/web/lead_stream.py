"""Follows the inbox of leads for as long as somebody listens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from starlette.responses import StreamingResponse

from intent.store.lead_shelf import ShelfFilter
from intent.web.lead_tail import Told
from intent.web.visit import Visit

LONGEST_STREAM = 600.0
"""Seconds after which a listener asks anew, and is let in or not."""

RETRY = 1000
"""Milliseconds after which a browser that lost the stream comes back."""

Own = Callable[[str], str]


def lead_stream(
    visit: Visit, asked: ShelfFilter, after: str, told: Told, own: Own = str
) -> StreamingResponse:
    """Return an answer that goes on: server-sent events of what changes among the leads.

    Args:
        after: the cursor to go on behind; the header ``Last-Event-ID`` of a listener that comes
            back goes before it.
        told: turns news into events, the same for all who ask for the same.
        own: puts into these what is this listener's alone.
    """
    seen = visit.request.headers.get("last-event-id") or after
    headers = {"x-accel-buffering": "no"}
    events = _events(visit, asked, seen, told, own)
    return StreamingResponse(events, media_type="text/event-stream", headers=headers)


def event(name: str, data: str, number: str = "") -> str:
    """Return one event on the wire."""
    lines = "".join(f"data: {line}\n" for line in data.splitlines()) or "data: -\n"
    return f"event: {name}\n{f'id: {number}{chr(10)}' if number else ''}{lines}\n"


async def _events(
    visit: Visit, asked: ShelfFilter, cursor: str, told: Told, own: Own
) -> AsyncIterator[str]:
    tail, clock = visit.service.tail, asyncio.get_running_loop().time
    until = clock() + LONGEST_STREAM
    yield f"retry: {RETRY}\n\n"
    listener = tail.listen(asked, told, cursor)
    try:
        while (events := await listener.next(until - clock())) is not None:
            yield own(events)
    finally:
        tail.leave(listener)
