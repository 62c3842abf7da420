"""The inbox of leads, its live stream, one lead, and the rooms that have some."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from pydantic import BaseModel, Field
from starlette.responses import Response, StreamingResponse

from intent.model.errors import StartAgain, StoreUnavailable
from intent.model.principal import Scope
from intent.operations.lead_inbox import (
    InboxNews,
    count_waiting,
    look_at_inbox,
    look_at_lead,
    read_news,
)
from intent.store.lead_shelf import ShelfCounts, ShelfFilter
from intent.web.endpoint import page
from intent.web.pages.lead_card import age, anchor_of, card_of
from intent.web.problem import Problem
from intent.web.render import rendered
from intent.web.visit import Visit

POLL_SECONDS = 0.3
BEAT_SECONDS = 10.0
"""So often the stream says something when nothing happens: a silent one hangs."""

RETRY = 1000
"""Milliseconds after which a page whose stream was cut comes back."""

LONGEST_STREAM = 600.0
"""Seconds after which a page asks anew, and is let in or not."""

STATES = (
    ("", "all"),
    ("unanswered", "unanswered"),
    ("taken", "taken"),
    ("done", "done"),
)
SECTIONS = (
    (2, "Hot and unanswered"),
    (1, "Unanswered"),
    (0, "Answered, or in somebody's hands"),
)


class InboxQuery(BaseModel):
    """What of the inbox is shown."""

    q: str = Field("", max_length=200)
    room: str = Field("", max_length=200)
    intent: str = Field("", max_length=100)
    state: str = Field("", pattern="^(unanswered|open|taken|done|not_a_lead)?$")
    hot: bool = False
    behind: str = Field("", max_length=1000)

    @property
    def asked(self) -> ShelfFilter:
        """The same for who reads the inbox."""
        return ShelfFilter(self.room, self.intent, self.state, self.q.strip(), self.hot)

    @property
    def words(self) -> str:
        """The same for an address."""
        values = {"q": self.q, "room": self.room, "intent": self.intent, "state": self.state}
        given = {name: value for name, value in values.items() if value}
        return urlencode(given | ({"hot": "1"} if self.hot else {}))


class StreamQuery(InboxQuery):
    """What of the inbox is followed, and from where on."""

    after: str = Field("", max_length=200)


def inbox(visit: Visit, query: InboxQuery) -> Response:
    """Show the leads that wait, the hot and unanswered first."""
    view, now = look_at_inbox(visit.app.database, query.asked, behind=query.behind), _now()
    taxonomy = visit.app.taxonomy
    cards = [card_of(lead, taxonomy, now) for lead in view.leads]
    older = f"/?{query.words}&{urlencode({'behind': view.older})}" if view.older else ""
    return visit.page(
        "inbox.html",
        here="/",
        query=query,
        cards=cards,
        sections=SECTIONS,
        counts=_counts(view.counts, now),
        rooms=view.rooms,
        intents=[
            (name, taxonomy.titles[name]) for name in taxonomy.names if name in taxonomy.leads
        ],
        states=STATES,
        older=older,
        stream=f"/inbox/stream?{query.words}",
        cursor=view.cursor,
        now=f"{now:%Y-%m-%dT%H:%M:%S.%fZ}",
    )


async def stream(visit: Visit, query: StreamQuery) -> Response:
    """Send what changes in the inbox; a page that comes back says what it saw last."""
    seen = visit.request.headers.get("last-event-id") or query.after
    headers = {"x-accel-buffering": "no"}
    return StreamingResponse(
        _events(visit, query.asked, seen), media_type="text/event-stream", headers=headers
    )


async def _events(visit: Visit, asked: ShelfFilter, cursor: str) -> AsyncIterator[str]:
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
                for one in _told(visit, news, counts):
                    yield one
                cursor, said = news.cursor, clock()
        except StartAgain:
            yield _event("reload", "", "")
            return
        except (StoreUnavailable, Problem):
            # The page sees that nothing comes, and comes back.
            return
        try:
            await asyncio.wait_for(service.stopping.wait(), POLL_SECONDS)
        except TimeoutError:
            continue


def _told(visit: Visit, news: InboxNews, counts: ShelfCounts) -> list[str]:
    now, taxonomy = _now(), visit.app.taxonomy
    told = [_event("gone", one, "") for one in map(anchor_of, news.gone)]
    for lead in news.leads:
        card = card_of(lead, taxonomy, now)
        told.append(_event("lead", rendered("lead_card.html", card=card), ""))
    if news.erased:
        told.append(_event("reload", "", ""))
    # The cursor comes last: a page that lost the rest gets all of it again, and doubles nothing.
    told.append(
        _event("counters", rendered("counters.html", counts=_counts(counts, now)), news.cursor)
    )
    return told


def lead(visit: Visit, lead: str) -> Response:
    """Show one lead with all of its text."""
    found = look_at_lead(visit.app.database, lead)
    if found is None:
        raise Problem(
            404, "this is no lead any more: it was taken back, erased or decided otherwise"
        )
    card = card_of(found, visit.app.taxonomy, _now(), whole=True)
    return visit.page("lead.html", card=card)


def rooms(visit: Visit) -> Response:
    """Show the rooms that have leads."""
    view = look_at_inbox(visit.app.database, ShelfFilter(), limit=1)
    now = _now()
    shown = [(one, age((now - one.newest).total_seconds())) for one in view.rooms]
    return visit.page("rooms.html", here="/rooms", rooms=shown)


def _event(name: str, data: str, number: str) -> str:
    lines = "".join(f"data: {line}\n" for line in data.splitlines()) or "data: -\n"
    return f"event: {name}\n{f'id: {number}{chr(10)}' if number else ''}{lines}\n"


def _counts(counts: ShelfCounts, now: datetime) -> dict[str, Any]:
    middle = counts.middle
    wait = "–" if middle is None else age((now - middle).total_seconds())
    return {"waiting": counts.waiting, "hot": counts.hot, "median": wait}


def _now() -> datetime:
    return datetime.now(UTC)


ROUTES = (
    page("GET", "/", inbox, Scope.LEADS),
    page("GET", "/inbox/stream", stream, Scope.LEADS, gives="text/event-stream"),
    page("GET", "/leads/{lead}", lead, Scope.LEADS),
    page("GET", "/rooms", rooms, Scope.LEADS),
)
