"""Follows the inbox of leads for as long as somebody listens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

from starlette.responses import StreamingResponse

from intent.model.errors import StartAgain, StoreUnavailable
from intent.operations.lead_inbox import InboxNews, count_waiting, read_news
from intent.store.lead_shelf import ShelfCounts, ShelfFilter
from intent.web.problem import Problem
from intent.web.visit import Visit

POLL_SECONDS = 0.3
BEAT_SECONDS = 10.0
"""So often the stream says something when nothing happens: a silent one hangs."""

LONGEST_STREAM = 600.0
"""Seconds after which a listener asks anew, and is let in or not."""

RETRY = 1000
"""Milliseconds after which a browser that lost the stream comes back."""

Told = Callable[[InboxNews, ShelfCounts], Sequence[str]]


def lead_stream(visit: Visit, asked: ShelfFilter, after: str, told: Told) -> StreamingResponse:
    """Return an answer that goes on: server-sent events of what changes among the leads.

    Args:
        after: the cursor to go on behind; the header ``Last-Event-ID`` of a listener that comes
            back goes before it.
        told: turns news into events; the last one carries the cursor of the news as its id, so that
            whoever lost the others gets all of them again.
    """
    seen = visit.request.headers.get("last-event-id") or after
    headers = {"x-accel-buffering": "no"}
    events = _events(visit, asked, seen, told)
    return StreamingResponse(events, media_type="text/event-stream", headers=headers)


def event(name: str, data: str, number: str = "") -> str:
    """Return one event on the wire."""
    lines = "".join(f"data: {line}\n" for line in data.splitlines()) or "data: -\n"
    return f"event: {name}\n{f'id: {number}{chr(10)}' if number else ''}{lines}\n"


async def _events(visit: Visit, asked: ShelfFilter, cursor: str, told: Told) -> AsyncIterator[str]:
    service, database = visit.service, visit.app.database
    clock = asyncio.get_running_loop().time
    until = clock() + LONGEST_STREAM
    said = 0.0
    yield f"retry: {RETRY}\n\n"
    while clock() < until and not service.stopping.is_set():
        try:
            news = await service.threads.run(read_news, database, cursor, asked)
            if news.cursor != cursor or clock() - said > BEAT_SECONDS:
                counts = await service.threads.run(count_waiting, database, asked.room)
                for one in told(news, counts):
                    yield one
                cursor, said = news.cursor, clock()
        except StartAgain:
            yield event("reload", "")
            return
        except (StoreUnavailable, Problem):
            # The listener sees that nothing comes, and comes back.
            return
        try:
            await asyncio.wait_for(service.stopping.wait(), POLL_SECONDS)
        except TimeoutError:
            continue
