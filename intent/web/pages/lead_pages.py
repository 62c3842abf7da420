"""The inbox of leads, its live stream, one lead, and the rooms that have some."""

from __future__ import annotations

import re
import secrets
import uuid
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import urlencode

from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from intent.bootstrap.application import Application
from intent.bootstrap.inbox_shards import inbox_over
from intent.model.errors import LeadConflict
from intent.model.lead import Handling, LeadAction, read_lead_id
from intent.model.principal import Scope
from intent.operations.lead_inbox import look_at_history, look_at_lead
from intent.store.contact_accesses import Through
from intent.store.followed_leads import InboxNews
from intent.store.lead_actions import DoneWithLead
from intent.store.lead_shelf import COUNTED_MOST, ShelfCounts, ShelfFilter, ShelvedLead
from intent.web.api.lead_contacts import ShownContact, contacts_of
from intent.web.api.leads import CURSOR_MOST, export_leads
from intent.web.endpoint import page
from intent.web.figures_shown import age
from intent.web.lead_stream import event, lead_stream
from intent.web.pages.lead_card import DID, anchor_of, card_of
from intent.web.problem import Problem
from intent.web.render import rendered
from intent.web.visit import Visit

STATES = (
    ("", "all"),
    ("unanswered", "unanswered"),
    ("taken", "taken"),
    ("done", "done"),
    ("not_a_lead", "no leads"),
)
CARDS = 30
"""Leads of one page: with what can be done with them it stays below 100 KB."""

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

    after: str = Field("", max_length=CURSOR_MOST)


def inbox(visit: Visit, query: InboxQuery) -> Response:
    """Show the leads that wait, the hot and unanswered first."""
    shards, now = visit.service.shards, _now()
    view = inbox_over(shards, query.asked, behind=query.behind, limit=CARDS)
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
    own = partial(_ANYBODY.own, visit.token, visit.sees_contacts)
    return lead_stream(visit, query.asked, query.after, _told, own)


class _Anybody:
    """Stands for whoever looks at cards that are rendered once for all of them.

    Attributes:
        token: stands where the token of each goes; nobody who writes knows it.
        sees_contacts: what opens contact details is there for all, and taken out for most.
    """

    def __init__(self) -> None:
        self.token = secrets.token_urlsafe(24)
        self.sees_contacts = True

    def own(self, token: str, sees_contacts: bool, events: str) -> str:
        """Put somebody's token where it goes, and take out what they may not open."""
        if not sees_contacts:
            events = _REVEALS.sub("", events)
        return events.replace(self.token, token)


# What people write is escaped: none of them can open a tag.
_REVEALS = re.compile(r'<form class="reveal".*?</form>')


_ANYBODY = _Anybody()


def _told(app: Application, news: InboxNews, counts: ShelfCounts) -> list[str]:
    now, taxonomy = _now(), app.taxonomy
    told = [event("gone", one, "") for one in map(anchor_of, news.gone)]
    for lead in news.leads:
        card = card_of(lead, taxonomy, now)
        told.append(event("lead", rendered("lead_card.html", card=card, visit=_ANYBODY)))
    if news.erased:
        told.append(event("reload", ""))
    # The cursor comes last: a page that lost the rest gets all of it again, and doubles nothing.
    told.append(
        event("counters", rendered("counters.html", counts=_counts(counts, now)), news.cursor)
    )
    return told


class ActForm(BaseModel):
    """What a button of a card sends."""

    action: LeadAction
    expected: int | None = None
    note: str = ""


def lead(visit: Visit, lead: str) -> Response:
    """Show one lead with all of its text, and what was done with it."""
    return _lead_page(visit, lead)


def act(visit: Visit, lead: str, form: ActForm) -> Response:
    """Do something with a lead, and go back to it; who is second sees who was first."""
    platform, message_id = read_lead_id(lead)
    try:
        request = Handling(
            platform,
            message_id,
            form.action,
            action_id=uuid.uuid4().hex,
            acted_by=visit.asks.name,
            note=form.note.strip() or None,
            # A note stands beside whatever others did meanwhile.
            expected=None if form.action is LeadAction.NOTE else form.expected,
        )
        visit.service.handle(request)
    except LeadConflict as conflict:
        return _lead_page(visit, lead, 409, told=str(conflict))
    return RedirectResponse(f"/leads/{lead}", 303)


def reveal(visit: Visit, lead: str) -> Response:
    """Show the contact details of one lead to who may see them; the look is written down first."""
    found = visit.service.shards.find(lambda app: look_at_lead(app.database, lead))
    details = contacts_of(visit, [found], Through.PAGE) if found is not None else {}
    return _lead_page(visit, lead, contacts=details.get(lead, ()))


def _lead_page(
    visit: Visit,
    lead: str,
    status: int = 200,
    told: str = "",
    contacts: tuple[ShownContact, ...] | None = None,
) -> Response:
    seen = visit.service.shards.find(lambda app: _with_history(app, lead))
    if seen is None:
        raise Problem(
            404, told or "this is no lead any more: it was taken back, erased or decided otherwise"
        )
    found, history = seen
    card = card_of(found, visit.app.taxonomy, _now(), whole=True)
    shown = {"card": card, "told": told, "history": history, "words": DID}
    return visit.page("lead.html", status, **shown, contacts=contacts)


def _with_history(app: Application, lead: str) -> tuple[ShelvedLead, list[DoneWithLead]] | None:
    found = look_at_lead(app.database, lead)
    return None if found is None else (found, look_at_history(app.database, found))


def rooms(visit: Visit) -> Response:
    """Show the rooms that have leads."""
    view = inbox_over(visit.service.shards, ShelfFilter(), limit=1)
    now = _now()
    shown = [(one, age((now - one.newest).total_seconds())) for one in view.rooms]
    return visit.page("rooms.html", here="/rooms", rooms=shown, away=view.counts.away)


def _counts(counts: ShelfCounts, now: datetime) -> dict[str, Any]:
    middle = counts.middle
    wait = "–" if middle is None else age((now - middle).total_seconds())
    shown = {"waiting": str(counts.waiting), "hot": str(counts.hot), "median": wait}
    shown["away"] = ", ".join(map(str, counts.away))
    if counts.more:
        shown["waiting"] = f"{counts.waiting:,}+"
    if counts.hot >= COUNTED_MOST:
        shown["hot"] = f"{counts.hot:,}+"
    return shown


def _now() -> datetime:
    return datetime.now(UTC)


ROUTES = (
    page("GET", "/", inbox, Scope.LEADS),
    page("GET", "/inbox/stream", stream, Scope.LEADS, gives="text/event-stream"),
    # The same as for programs: a session opens pages alone.
    page("GET", "/inbox/export", export_leads, Scope.LEADS, gives="text/csv"),
    page("GET", "/leads/{lead}", lead, Scope.LEADS),
    page("POST", "/leads/{lead}", act, Scope.LEADS),
    page("POST", "/leads/{lead}/contacts", reveal, Scope.LEADS),
    page("GET", "/rooms", rooms, Scope.LEADS, or_scope=Scope.READ),
)
