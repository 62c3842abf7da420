"""The inbox of leads, its live stream, one lead, and the rooms that have some."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import urlencode

from pydantic import BaseModel, Field
from starlette.responses import Response

from intent.model.principal import Scope
from intent.operations.lead_inbox import (
    InboxNews,
    look_at_inbox,
    look_at_lead,
)
from intent.store.lead_shelf import ShelfCounts, ShelfFilter
from intent.web.endpoint import page
from intent.web.lead_stream import event, lead_stream
from intent.web.pages.lead_card import age, anchor_of, card_of
from intent.web.problem import Problem
from intent.web.render import rendered
from intent.web.visit import Visit

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
    return lead_stream(visit, query.asked, query.after, partial(_told, visit))


def _told(visit: Visit, news: InboxNews, counts: ShelfCounts) -> list[str]:
    now, taxonomy = _now(), visit.app.taxonomy
    told = [event("gone", one, "") for one in map(anchor_of, news.gone)]
    for lead in news.leads:
        card = card_of(lead, taxonomy, now)
        told.append(event("lead", rendered("lead_card.html", card=card)))
    if news.erased:
        told.append(event("reload", ""))
    # The cursor comes last: a page that lost the rest gets all of it again, and doubles nothing.
    told.append(
        event("counters", rendered("counters.html", counts=_counts(counts, now)), news.cursor)
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
